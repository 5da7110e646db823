# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# What docker-compose.yml and .env say, as Compose reads them. In order of what they need:
# read_static (no variable), probe (no variable either), read_facts (all variables).
#   STATIC  x-composegen as written        PROBE  which variables are set, and settings' values
#   FACTS   the resolved file, flattened   SERVICES  one line per service (services.awk)
ONLY=''         # the services that folders, volumes and secrets are looked after for; '' means all

# The x-composegen section alone: other parts may not survive `config --no-interpolate`.
section() { text_awk '/^x-composegen:/ { on = 1; print; next } on && /^[^ #\t\r]/ { exit } on' docker-compose.yml; }

# A compose file of no services, for Compose to resolve what stdin appends to it.
document() {
    text_awk '/^name:/ { print; exit }' docker-compose.yml
    printf 'services: {x: {image: x}}\n'
    cat
}

read_static() {
    [ -f docker-compose.yml ] || fail 1 "There is no docker-compose.yml in $PROJECT_DIR."
    [ -n "$(section)" ] || fail 1 "docker-compose.yml has no x-composegen section: run composegen build."
    STATIC=$(section | document | quietly compose -f - config --no-interpolate --format json | flatten 0) || {
        ! grep -q 'project name' "$WORK/stderr" ||
            fail 1 "Give the project a name in .env, of a-z, 0-9, - and _: COMPOSE_PROJECT_NAME=…"
        fail 1 "Compose cannot read docker-compose.yml."
    }
}

# below PREFIX, static PREFIX: lines KEY<TAB>VALUE below it, for plain keys.
# Keys go through the environment: awk -v would take the backslashes out.
below() { P=$1. text_awk -F'\t' 'BEGIN { p = ENVIRON["P"] } index($1, p) == 1 { print substr($0, length(p) + 1) }'; }
# value KEY: of the lines on stdin.
value() { K=$1 text_awk -F'\t' 'BEGIN { k = ENVIRON["K"] } $1 == k { print substr($0, length(k) + 2); exit }'; }
static() { printf '%s\n' "$STATIC" | below "$1"; }

# probe: ask Compose about each variable, without needing any.
probe() {
    names=$({ static x-composegen.required; static x-composegen.settings; static x-composegen.shape
        printf '%s\n' UID GID COMPOSE_PROFILES COMPOSEGEN_HTTP_PORT COMPOSEGEN_HTTPS_PORT COMPOSEGEN_KEEP_RELEASES COMPOSEGEN_RUNNER_IMAGE \
            COMPOSEGEN_BIND COMPOSEGEN_HSTS_SECONDS COMPOSEGEN_TRUSTED_PROXIES; } |
        text_awk -F'\t' '$1 ~ /^[A-Za-z_][A-Za-z0-9_]*$/ && !seen[$1]++ { print $1 }')
    PROBE=$(printf '%s\n' "$names" | text_awk '
        { has = has "  " $1 ": \"${" $1 "+y}\"\n"; full = full "  " $1 ": \"${" $1 ":+y}\"\n" }
        /^(UID|GID|COMPOSE_PROFILES|COMPOSEGEN_.*)$/ { value = value "  " $1 ": \"${" $1 "-}\"\n" }
        END { printf "x-has:\n%sx-full:\n%sx-value:\n%s", has, full, value }' |
        document | quietly compose -f - config --format json | flatten 1) ||
        fail 1 "Compose cannot read .env: see the message above."
    PROJECT=$(probed name)
    UID_GIVEN=$(probed x-has.UID) GID_GIVEN=$(probed x-has.GID)
}

probed() { printf '%s\n' "$PROBE" | value "$1"; }

# missing_variables: NAME<TAB>WHY for each required one that is not there.
missing_variables() {
    { printf '%s\n' "$PROBE"; printf '\n'; static x-composegen.required; } | text_awk -F'\t' '
        $0 == "" { wanted = 1; next }
        !wanted { has[$1] = $2; next }
        $2 == "set" && has["x-has." $1] != "y" { print $1 "\tmissing" }
        $2 != "set" && has["x-full." $1] != "y" { print $1 "\t" (has["x-has." $1] == "y" ? "empty" : "missing") }'
}

# check_variables [NAME...]: all that are missing are mistakes, or these alone.
check_variables() {
    missing=$(missing_variables | text_awk -F'\t' -v names=" $* " 'names == "  " || index(names, " " $1 " ")')
    [ -n "$missing" ] || return 0
    while IFS=$TAB read -r name why; do
        if [ "$why" = empty ]; then problem "$name is empty: give it a value in .env"
        else problem "$name is missing: add $name=… to .env"; fi
    done <<EOF
$missing
EOF
    [ -e .env ] || [ ! -e .env.example ] || warn "There is no .env yet: cp .env.example .env, then fill it in."
    stop_on_problems
}

# check_shape: a setting that was compiled in, and that .env or the environment now wants otherwise.
# x-composegen.shape has them all (a setting that is missing there: its default in
# x-composegen.settings); of the registry it only matters whether there is one.
check_shape() {
    found=$({ printf '%s\n' "$STATIC"; printf '%s\n' "$PROBE"; } | text_awk -F'\t' '
        function trim(s) { gsub(/^[ \t]+|[ \t]+$/, "", s); return s }
        { value = substr($0, length($1) + 2); where = 0 }
        index($1, "x-composegen.shape.") == 1 { where = 20 }
        index($1, "x-composegen.settings.") == 1 { where = 23 }
        where { gsub(/\$\$/, "$", value); k = substr($1, where); if (!(k in built)) names[++n] = k; if (where == 20 || !(k in built)) built[k] = value; next }
        index($1, "x-value.") == 1 { asked[substr($1, 9)] = trim(value) }
        END {
            for (i = 1; i <= n; i++) {
                k = names[i]
                if (asked[k] == "" || asked[k] == trim(built[k])) continue
                if (k == "COMPOSEGEN_REGISTRY") { if (built[k] == "") print "no " k "\tone"; continue }
                print (built[k] == "" ? "no " k : k "=" built[k]) "\t" asked[k]
            }
        }')
    [ -n "$found" ] || return 0
    while IFS=$TAB read -r built asked; do
        problem "docker-compose.yml was built with $built, .env asks for $asked: run composegen build"
    done <<EOF
$found
EOF
    stop_on_problems
}

# read_facts: the whole file, resolved. Environments, commands and labels are left out: they hold secrets.
read_facts() {
    keep='^(name|x-composegen[.].*|secrets[.].*|configs[.].*|volumes[.].*|services[.]([^.\\]|\\.)*[.](image|scale|profiles|depends_on|secrets|configs|deploy[.]replicas)([.].*)?)'
    FACTS=$(quietly compose --profile '*' config --format json | flatten 1 | LC_ALL=C grep -E "$keep$TAB") ||
        fail 1 "Compose cannot read docker-compose.yml: see the message above."
    [ -n "$(facts x-composegen)" ] ||
        fail 1 "Compose reads another file than docker-compose.yml here: move compose.yaml or compose.yml away; COMPOSE_FILE, where it is set, has to name docker-compose.yml too."
    PROJECT=$(fact name)
    SERVICES=$(printf '%s\n' "$FACTS" | text_awk -v profiles="$(probed x-value.COMPOSE_PROFILES)" -f "$RUN/services.awk")
}

fact() { printf '%s\n' "$FACTS" | value "$1"; }
facts() { printf '%s\n' "$FACTS" | below "$1"; }

# column N [SERVICE]: of SERVICES.
column() { printf '%s\n' "$SERVICES" | text_awk -F'\t' -v n="$1" -v s="${2:-}" 's == "" || $1 == s { print $n }'; }
