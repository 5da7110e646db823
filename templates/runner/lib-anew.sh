# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# Making anew what Compose would keep, or start once more as it was. lib-start.sh calls these.

# remove_odd: containers of an image that was not accepted, which Compose takes for up to date
# (a gated update that stopped at a bad image). They are made anew from the accepted one.
remove_odd() {
    for id in $(printf '%s\n' "$COMPARED" | text_awk -F'\t' '$2 == "odd" { print $4 }'); do
        docker stop "$id" >/dev/null 2>&1 || :
        docker rm -f "$id" >/dev/null
    done
}

# remake_idle: services that were changed and of which nothing is ready: one-shots that have ended, and what an
# up that failed has left. Compose would start them once more as they were, with mounts that a build may have
# removed, and what waits for them would run on that or never start. MADE_ANEW has the services.
remake_idle() {
    MADE_ANEW=' '
    for service in $(of_state config image file | without_rolled 1 | grep -Fxv watchtower); do
        [ "$(column 6 "$service")" = auto ] || continue
        ready=$(printf '%s\n' "$CONTAINERS" | text_awk -F'\t' -v s="$service" '$1 == s && $4 == "running" && $5 ~ /^(healthy|-)$/')
        [ -z "$ready" ] || continue
        record_doubtful "$service" || return 1
        remake "$service" || return 1
        MADE_ANEW="$MADE_ANEW$service "
    done
}

# remake_one: the same for SERVICE, of which nothing runs, and which the files describe otherwise by now.
remake_one() {
    COMPARED=$(compare)
    of_state config image file odd | grep -Fxq -e "$SERVICE" || return 0
    case $(printf '%s\n' "$CONTAINERS" | text_awk -F'\t' -v s="$SERVICE" '$1 == s { print $4 }') in *running* | *restarting*) return 0 ;; esac
    remake "$SERVICE" || return 1
    CONTAINERS=$(printf '%s\n' "$CONTAINERS" | text_awk -F'\t' -v s="$SERVICE" '$1 != s')
}

# remake SERVICE: its containers anew, and not started yet; volumes without a name are handed on.
remake() { compose_up --no-start --no-deps --force-recreate "$1"; }
