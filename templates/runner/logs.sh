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
name=${1:-$SERVICE_GIVEN}
[ -z "$name" ] || one_service "$name" logs
set -- logs --tail 200
[ ! -t 1 ] || set -- "$@" --follow
[ -z "$name" ] || set -- "$@" "$name"
by_name "$@"
