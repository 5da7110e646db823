# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# Watchtower, held while something else makes containers.

# hold_updater: while containers are made, no pull of watchtower's may move a tag under Compose's eyes.
# It is never held in the middle of an update: then a container is missing, and would stay so.
hold_updater() {
    HELD=''
    updater=$(printf '%s\n' "$CONTAINERS" | text_awk -F'\t' '$1 == "watchtower" && $4 == "running" { print $3 }')
    [ -n "$updater" ] || return 0
    AT_EXIT=let_go
    for try in 1 2 3 4 5 6 7 8 9 10; do
        # Known before it is done, and also when docker failed: a signal may come while the engine does it.
        HELD=$updater
        docker pause "$updater" >/dev/null 2>&1 || return 0
        CONTAINERS=$(containers)
        [ "$try" != 10 ] && [ -n "$(lacking)" ] || return 0
        release_updater
        sleep 1
    done
}

let_go() { release_updater; unlock; }
# release_updater: docker may catch a signal that the script ignores, so a try that failed is made once more.
release_updater() {
    [ -n "${HELD:-}" ] || return 0
    docker unpause "$HELD" >/dev/null 2>&1 || docker unpause "$HELD" >/dev/null 2>&1 || :
    HELD=''
}

# lacking: watched services that have containers, and fewer than they should.
lacking() {
    { printf '%s\n' "$SERVICES"; printf '\n%s\n' "$CONTAINERS"; } | text_awk -F'\t' '
        $0 == "" { running = 1; next }
        !running { if ($10 == "auto") scale[$1] = $8; next }
        { count[$1]++ }
        END { for (s in scale) if (count[s] && count[s] < scale[s]) print s }'
}
