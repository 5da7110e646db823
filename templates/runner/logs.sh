#!/bin/sh
# make logs [SERVICE=name]: the last 200 lines of each container; on a terminal it goes on until Ctrl-C.
# An incomplete .env does not matter.
# Exit codes: 0 done; 2 no such service; 3 no engine.
# shellcheck source=/dev/null
. "$(dirname -- "$0")/lib.sh"
for part in facts one; do
    # shellcheck source=/dev/null
    . "$RUN/lib-$part.sh"
done
need_project
SERVICE_GIVEN=${1:-$SERVICE_GIVEN}
[ -z "$SERVICE_GIVEN" ] || one_service "$SERVICE_GIVEN" logs
set -- logs --tail 200
[ ! -t 1 ] || set -- "$@" --follow
[ -z "$SERVICE_GIVEN" ] || set -- "$@" "$SERVICE_GIVEN"
by_name "$@"
