# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# Commands about one service, or that go by the project's name alone: they work with an incomplete
# .env, and reach manual services.

# by_name ARGS: Compose finds the containers by their labels; no file and no variable is read.
by_name() { (cd / && unset COMPOSE_FILE COMPOSE_PROFILES && docker compose -p "$PROJECT" "$@"); }

need_project() {
    need_engine
    read_static
    probe
}

# service_names: of the file as it stands, and of the containers.
service_names() {
    { text_awk '/^services:/ { on = 1; next } /^[^ #\t\r]/ { on = 0 }
        on && /^  [^ #]/ { name = $0; sub(/^ +/, "", name); sub(/:.*/, "", name); gsub(/["'\'']/, "", name); print name }' docker-compose.yml
      docker ps -a --filter "label=com.docker.compose.project=$PROJECT" --format '{{.Label "com.docker.compose.service"}}'; } |
        LC_ALL=C sort -u | grep .
}

# one_service NAME TARGET: sets SERVICE, or ends with 2.
one_service() {
    SERVICE=$1
    [ -n "$SERVICE" ] || fail 2 "Which service? make $2 SERVICE=name: $(service_names | tr '\n' ' ')"
    service_names | grep -Fxq -e "$SERVICE" || fail 2 "There is no service '$SERVICE': $(service_names | tr '\n' ' ')"
    case $SERVICE in -* | *[!A-Za-z0-9._-]*) fail 2 "'$SERVICE' is not the name of a service." ;; esac
}

# hash_filled [NAME...]: of SERVICE, with 1 for each variable of MISSING, or 2 where it is one of these. What a
# folder begins with has to be a path.
hash_filled() {
    (for name in $MISSING; do
        n=1
        case " $* " in *" $name "*) n=2 ;; esac
        fill "$name" "$n"
    done
    compose --profile '*' config --hash "$SERVICE" 2>/dev/null) || :
}
fill() { case $OPENS in *" $1 "*) export "$1=/$2" ;; *) export "$1=$2" ;; esac; }

# fill_missing: something for each variable that is missing (MISSING) and that SERVICE does not need: two
# fillings give it one hash, and no owner or folder of it has the name.
fill_missing() {
    MISSING=$(missing_variables | cut -f 1)
    [ -n "$MISSING" ] || return 0
    OPENS=" $(static x-composegen.folders | text_awk -F'\t' '
        $1 ~ /\.path$/ && match($2, /^[$][{][A-Za-z_][A-Za-z0-9_]*/) { print substr($2, 3, RLENGTH - 2) }' | tr '\n' ' ')"
    one=$(hash_filled)
    [ -n "$one" ] || check_variables
    # shellcheck disable=SC2086  # names hold no blanks
    two=$(hash_filled $MISSING)
    places=$(own_places) needed=''
    for name in $MISSING; do
        case $places in *"\${$name"[!A-Za-z0-9_]*) needed="$needed $name"; continue ;; esac
        [ "$one" = "$two" ] || [ "$one" = "$(hash_filled "$name")" ] || needed="$needed $name"
    done
    # shellcheck disable=SC2086
    [ -z "$needed" ] || check_variables $needed
    for name in $MISSING; do fill "$name" 1; done
}

# own_places: paths and owners of the folders and volumes of SERVICE, as they are written.
own_places() {
    for list in folders volumes; do
        static "x-composegen.$list" | text_awk -F'\t' -v s="$SERVICE" '
            { split($1, part, ".") }
            part[2] == "services" { if ($2 == s) mine[part[1]] = 1; next }
            { text[part[1]] = text[part[1]] " " $2 }
            END { for (i in mine) print text[i] }'
    done
}

# with_needed SERVICE: it and all that it depends on.
with_needed() {
    facts services | text_awk -F'\t' -v first="$1" '
        { text = $1; gsub(/\\\./, "\001", text); n = split(text, part, "."); for (i = 1; i <= n; i++) gsub(/\001/, ".", part[i]) }
        part[2] == "depends_on" && part[4] == "condition" { needs[part[1]] = needs[part[1]] " " part[3] }
        END { todo = first
            while (todo != "") {
                split(todo, next_, " "); s = next_[1]; sub(/^ *[^ ]+ */, "", todo)
                if (!(s in seen)) { seen[s] = 1; print s; todo = todo needs[s] }
            } }'
}

# unpause: Compose cannot stop what is paused.
unpause() {
    paused=$(docker ps -q --filter "label=com.docker.compose.project=$PROJECT" --filter status=paused "$@")
    for id in $paused; do docker unpause "$id" >/dev/null || :; done
}
