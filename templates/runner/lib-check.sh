# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# What must be right before anything starts: secrets (lib-secrets.sh), configs (lib-mounts.sh), hosts, no deploy interrupted, nothing paused.
# Each check notes its problems; the caller ends with stop_on_problems. Watchtower is unpaused: with
# the lock held and no intent, no deploy can be waiting for it. check_paused leaves what there is in CONTAINERS.

check_settings() {
    printf '%s\n' "$PROBE" | below x-value | text_awk -f "$RUN/settings.awk" >"$WORK/settings"
    while IFS= read -r line <&3; do problem "$line"; done 3<"$WORK/settings"
    stop_on_problems
}

check_hosts() {
    found=$(facts x-composegen.urls | text_awk -f "$RUN/hosts.awk")
    [ -n "$found" ] || return 0
    while read -r line; do problem "$line"; done <<EOF
$found
EOF
}

# COMPOSEGEN_TLS=files: a certificate and a key for every https host, in secrets/certificates.
check_certificates() {
    [ "$(fact x-composegen.shape.COMPOSEGEN_TLS)" = files ] || return 0
    facts x-composegen.urls | text_awk -F'\t' '
        $1 ~ /\.url$/ && tolower($2) ~ /^https:/ { h = tolower($2); sub(/^[^:]*:\/\//, "", h); sub(/[\/:].*/, "", h); sub(/^\*/, "_", h); print h }' |
        LC_ALL=C sort -u >"$WORK/certified"
    while IFS= read -r host <&3; do
        for end in crt key; do
            file=secrets/certificates/$host.$end
            if [ ! -f "$file" ]; then
                problem "there is no $file (COMPOSEGEN_TLS=files)"
            elif [ "$(fact x-composegen.shape.COMPOSEGEN_FRONTEND)" = nginx ] && check_secrets_folder; then
                readable_by_all "$file" "$file"
            fi
        done
    done 3<"$WORK/certified"
}

# A folder whose path comes from a variable must not lead to the whole machine or the engine's socket.
check_mounts() {
    { printf '%s\n' "$STATIC" | below x-composegen.folders; echo; facts x-composegen.folders; } | text_awk -F'\t' '
        $0 == "" { resolved = 1; next }
        !resolved { if ($1 ~ /\.path$/ && $2 ~ /\$/) open[$1] = $2; next }
        $1 in open { p = "/" $2; gsub(/\/+(\.\/+)*/, "/", p); sub(/\/\.?$/, "", p)
            if ($2 ~ /^\// && (p == "" || p == "/etc" || p ~ /docker\.sock$/)) print open[$1] "\t" $2 }' >"$WORK/mounted"
    while IFS=$TAB read -r path value <&3; do
        problem "$path would mount $value of this machine: correct the variable in .env"
    done 3<"$WORK/mounted"
}

# COMPOSEGEN_FRONTEND=shared: the other project's frontend must be one that serves several projects.
check_shared() {
    [ "$(fact x-composegen.shape.COMPOSEGEN_FRONTEND)" = shared ] || return 0
    other=$(probed x-value.COMPOSEGEN_FRONTEND_PROJECT)
    [ -n "$(docker ps -q --filter "label=com.docker.compose.project=$other" --filter label=com.docker.compose.service=nginx)" ] ||
        return 0
    problem "the project $other has nginx as its frontend, which serves its own project only: give it COMPOSEGEN_FRONTEND=traefik"
}

check_intent() {
    for intent in "$STATE"/intent*; do
        [ -e "$intent" ] || continue
        problem "a deploy was interrupted ($intent): finish it with composegen deploy"
        return
    done
}

check_paused() {
    CONTAINERS=$(containers)
    printf '%s\n' "$CONTAINERS" | text_awk -F'\t' '$4 == "paused" { print $14 "\t" $1 }' >"$WORK/paused"
    while IFS=$TAB read -r name service <&3; do
        if [ "$service" = watchtower ]; then
            # A `make up` that was killed leaves the updater paused; an interrupted deploy has an intent.
            docker unpause "$name" >/dev/null
            say "watchtower was paused; it goes on."
            CONTAINERS=$(containers)
        else
            problem "$name is paused, by a person or by a deploy that was interrupted: docker unpause $name"
        fi
    done 3<"$WORK/paused"
}

# everything_known: variables, shape, forms; then the facts. What every starting command begins with.
everything_known() {
    read_static
    probe
    check_variables
    check_shape
    check_settings
    read_facts
}

# check_all: all of them, all mistakes at once.
check_all() {
    check_secrets
    check_configs
    check_certificates
    check_hosts
    check_mounts
    check_shared
    check_intent
    check_paused
    stop_on_problems
}
