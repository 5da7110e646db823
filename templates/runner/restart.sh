#!/bin/sh
# make restart [SERVICE=name]: restart what runs, as it is; nothing is made anew. Costs a moment of
# downtime. Without a name watchtower is left alone (stopped in the middle of an update it would leave
# a container missing). An incomplete .env does not matter.
# Exit codes: 0 all ready again; 1 not ready; 2 no such service; 3 no engine; 5 locked.
# shellcheck source=/dev/null
. "$(dirname -- "$0")/lib.sh"
for part in lock facts state wait one; do
    # shellcheck source=/dev/null
    . "$RUN/lib-$part.sh"
done
need_project
SERVICE_GIVEN=${1:-$SERVICE_GIVEN}
[ -z "$SERVICE_GIVEN" ] || one_service "$SERVICE_GIVEN" restart
lock "restart${SERVICE_GIVEN:+ $SERVICE_GIVEN}"
CONTAINERS=$(containers)
wanted=$(printf '%s\n' "$CONTAINERS" | text_awk -F'\t' -v only="$SERVICE_GIVEN" '
    $4 != "running" || (only == "" && $1 == "watchtower") || (only != "" && $1 != only) { next }
    { count[$1]++ } END { for (s in count) print "E\t" s "\t" count[s] "\tlong" }')
[ -n "$wanted" ] || fail 1 "${SERVICE_GIVEN:-Nothing} does not run: make up starts everything, make start SERVICE=name one service."
# shellcheck disable=SC2034
SEEN=''
# shellcheck disable=SC2046
by_name restart $(printf '%s\n' "$wanted" | cut -f 2)
wait_ready "$wanted" "$TIMEOUT_GIVEN" || fail 1 "Not everything is ready again. Nothing was stopped."
say "Restarted, and ready."
