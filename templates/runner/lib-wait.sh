# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# Wait until everything is ready, and say why when it is not. `up --wait` of Compose does neither:
# it calls a one-shot that has ended with 0 a failure.
PATIENCE=${COMPOSEGEN_PATIENCE:-20}

# remember: what ran when `look` did need not prove itself again.
remember() { SEEN=$(printf '%s\n' "$CONTAINERS" | text_awk -F'\t' '$1 != "" { print "S\t" $3 "\t" $8 "\t99\t0\t" $7 }'); }

# expected [SERVICE...]: lines for wait_ready; without a name, all that `up` starts or replaces, but what orders
# certificates: a host that has none yet is a warning.
expected() {
    again=''
    [ $# != 0 ] || again=$(of_state config image file odd)
    printf '%s\n' "$SERVICES" | text_awk -F'\t' -v names=" $* " -v again=" $(echo "$again" | tr '\n' ' ')" \
        -v orders="$(fact x-composegen.frontend.certificates)" '
        names == "  " && $1 == orders { next }
        names == "  " ? $6 == "auto" || $7 == "long" && index(again, " " $1 " ") : index(names, " " $1 " ") { print "E\t" $1 "\t" $8 "\t" $7 }'
}

# wait_ready EXPECTED [TIMEOUT]: 0 when all are ready; 1, with the reasons printed, when not.
wait_ready() {
    began=$(date +%s)
    limit=${2:-}
    shown='' width=0
    while :; do
        CONTAINERS=$(containers)
        now=$(date +%s)
        if [ -z "$limit" ]; then
            limit=$(printf '%s\n' "$CONTAINERS" | awk -F'\t' '$13 + 60 > most { most = $13 + 60 } END { print (most > 120 ? most : 120) }')
        fi
        judged=$({ printf '%s\n' "$1"; printf '%s\n' "$SEEN"; printf '%s\n' "$CONTAINERS" | sed "s/^/C$TAB/"; } |
            text_awk -v now="$now" -v patience="$PATIENCE" -f "$RUN/wait.awk")
        SEEN=$(printf '%s\n' "$judged" | grep "^S$TAB" || :)
        waiting=$(printf '%s\n' "$judged" | text_awk -F'\t' '$1 == "V" && $2 != "ready" { printf "%s%s (%s)", sep, $3, $4; sep = ", " }')
        [ -n "$waiting" ] || { clear_line; return 0; }
        case $judged in *"V${TAB}failed"*) clear_line; explain failed; return 1 ;; esac
        if [ $((now - began)) -ge "$limit" ]; then
            clear_line
            warn "Not ready within $limit s (make up TIMEOUT=seconds waits longer):"
            explain wait
            return 1
        fi
        progress "Waiting for $waiting"
        sleep 1
    done
}

progress() {
    if [ -t 2 ]; then
        printf '\r%*s\r%.*s' "$width" '' 100 "$1" >&2
        width=100
    elif [ "$1" != "$shown" ]; then
        warn "$1"
    fi
    shown=$1
}
clear_line() { [ "$width" = 0 ] || printf '\r%*s\r' "$width" '' >&2; width=0; }

# explain failed|wait: per service that is so, the last answer of its health check and its last lines.
explain() {
    printf '%s\n' "$judged" | text_awk -F'\t' -v v="$1" '$1 == "V" && $2 == v' >"$WORK/verdicts"
    while IFS=$TAB read -r _ _ service why id <&3; do
        warn "error: $service: $why"
        [ "$id" = - ] || evidence "$id"
    done 3<"$WORK/verdicts"
}

evidence() {
    error=$(docker inspect --format '{{.State.Error}}' "$1" 2>/dev/null || :)
    [ -z "$error" ] || warn "  the engine says: $error"
    health=$(docker inspect --format '{{with index .State "Health"}}{{range .Log}}{{println .Output}}{{end}}{{end}}' "$1" 2>/dev/null | grep . | tail -n 1 | LC_ALL=C tr -d '\000-\010\013-\037\177' || :)
    [ -z "$health" ] || warn "  its health check says: $health"
    log=$(docker logs --tail 20 "$1" 2>&1 | tail -n 20 | LC_ALL=C tr -d '\000-\010\013-\037\177' | sed 's/^/    /' || :)
    if [ -n "$log" ]; then warn "  its last log lines:"; warn "$log"; else warn "  its log is empty."; fi
}

# explain_start: after a failed `docker compose up`, about whatever is plainly broken.
explain_start() {
    CONTAINERS=$(containers)
    judged=$({ printf '%s\n' "$1"; printf '%s\n' "$CONTAINERS" | sed "s/^/C$TAB/"; } |
        text_awk -v now=0 -v patience=0 -f "$RUN/wait.awk")
    explain failed
}
