# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# Starting: say what restarts, let Compose do it, repair what Compose does not see.
# docs/explanation/runner.md tells why each step is as it is.

# compare_for_up: what compare finds, without manual services that do not run: `up` leaves these as they are.
compare_for_up() {
    { printf '%s\n' "$SERVICES" | sed "s/^/S$TAB/"; printf '%s\n' "$CONTAINERS" | sed "s/^/C$TAB/"
      compare | sed "s/^/R$TAB/"; } | text_awk -F'\t' '
        $1 == "S" && $7 == "manual" { idle[$2] = 1 }
        $1 == "C" && ($5 == "running" || $5 == "restarting") { delete idle[$2] }
        $1 == "R" && !($2 in idle) { print substr($0, 3) }'
}

# announce: which services go or restart, and why. COMPARED has the answer.
announce() {
    { printf '%s\n' "$SERVICES"; printf '\n%s\n' "$CONTAINERS"; } | text_awk -F'\t' '
        $0 == "" { there = 1; next }
        !there { wanted[$1] = 1; next }
        $4 == "running" && !($1 in wanted) && !said[$1]++ { print $1 }' >"$WORK/gone"
    while read -r service <&3; do
        say "$service is stopped and removed: it is not in docker-compose.yml any more."
    done 3<"$WORK/gone"
    printf '%s\n' "$COMPARED" | text_awk -F'\t' '$2 ~ /^(config|file|image|odd)$/' >"$WORK/restarts"
    while IFS=$TAB read -r service _ why _ <&3; do
        [ "$(column 7 "$service")" = long ] || continue
        case $(column 9 "$service"):$(column 11 "$service"):"$ROLLED " in
            *:*" $service "*) say "$service is deployed by composegen: $why." ;;
            roll:no:*) say "$service restarts: $why. All its containers at once, as there is no composegen: $WHY." ;;
            roll:yes:*) say "$service restarts: $why. All its containers at once, and without its pre-deploy command, as there is no composegen: $WHY." ;;
            *:yes:*) say "$service restarts: $why. Without its pre-deploy command, as there is no composegen: $WHY." ;;
            *) say "$service restarts: $why." ;;
        esac
    done 3<"$WORK/restarts"
    [ -s "$WORK/restarts" ]
}

# tell_manual: that no service of the project's own starts by itself, where that is so.
tell_manual() {
    printf '%s\n' "$SERVICES" | text_awk -F'\t' '
        $4 == "-" { next }
        $6 == "auto" { auto = 1 }
        { names = names ", " $1 }
        END { if (names != "" && !auto) print "Nothing starts by itself: make start SERVICE=name starts one (" substr(names, 3) ")." }'
}

# compose_up ARGS: on a terminal Compose shows its progress; elsewhere its lines are kept and shown
# when it fails.
compose_up() {
    if [ -t 2 ]; then compose up -d --quiet-pull "$@" </dev/null; return; fi
    compose --progress plain up -d --quiet-pull "$@" </dev/null >"$WORK/up.log" 2>&1 || {
        code=$?
        cat "$WORK/up.log" >&2
        return "$code"
    }
    grep -iE 'warn|error' "$WORK/up.log" >&2 || :
}

# point_back: every reference at its accepted image, once more just before Compose looks.
point_back() {
    printf '%s\n' "$ACCEPTED" >"$WORK/accepted"
    # shellcheck disable=SC2046  # references hold no blanks
    IMAGES=$(local_ids $(cut -f 1 "$WORK/accepted"))
    while IFS=$TAB read -r reference id _ <&3; do
        [ -z "$id" ] || [ "$(image_here "$reference")" = "$id" ] || docker tag "$id" "$reference" 2>/dev/null || :
    done 3<"$WORK/accepted"
}

# remove_orphans: containers of services that the file does not have any more.
remove_orphans() {
    ids=$({ printf '%s\n' "$SERVICES"; printf '\n%s\n' "$CONTAINERS"; } | text_awk -F'\t' '
        $0 == "" { there = 1; next }
        !there { wanted[$1] = 1; next }
        !($1 in wanted) { print $3 }')
    # shellcheck disable=SC2086  # ids are hexadecimal
    [ -z "$ids" ] || { docker stop $ids && docker rm -f $ids; } >/dev/null
}

# make_missing [OPTION]: what `up` starts itself, where it is missing. Nothing is replaced; and what is deployed
# later does not get its new number of containers here, as it would if Compose were given no name.
make_missing() {
    names=$(printf '%s\n' "$SERVICES" | without_rolled 1 | text_awk -F'\t' '$6 == "auto" && $1 != "watchtower" { print $1 }')
    [ -n "$names" ] || return 0
    [ -z "$ROLLED" ] || set -- "$@" --no-deps
    # shellcheck disable=SC2086  # names hold no blanks
    compose_up --no-recreate "$@" $names
}

# apply_all: everything that `up` starts. Compose alone would make every updated container anew, all at
# once; so it first makes what is missing and replaces nothing, and then gets the changed ones by name.
apply_all() {
    remove_odd
    point_back
    remake_idle || return 1
    make_missing || return 1
    again=$(of_state config image file | without_rolled 1 | grep -Fxv watchtower || :)
    files=" $(of_state file | tr '\n' ' ')"
    for service in $again; do
        case $MADE_ANEW in *" $service "*) continue ;; esac
        point_back
        record_doubtful "$service" || return 1
        case $files in
            *" $service "*) compose_up --no-deps --force-recreate "$service" || return 1 ;;
            *) compose_up --no-deps "$service" || return 1 ;;
        esac
    done
    release_updater
    [ -z "$(column 1 watchtower)" ] || compose_up --no-deps watchtower
}

# reload_frontend: a frontend that reads files takes a changed one without a restart, and keeps what it
# has when the new one is bad. It does nothing when nothing has changed.
reload_frontend() {
    frontend=$(fact x-composegen.frontend.reload)
    [ -z "$frontend" ] || compose exec -T "$frontend" sh "/$frontend/reload" </dev/null
}
