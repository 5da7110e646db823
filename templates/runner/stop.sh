#!/bin/sh
# make stop SERVICE=name: stop a service and remove its containers, so that watchtower, which revives
# stopped ones when a new image comes, does not start them. An incomplete .env does not matter.
# Exit codes: 0 done; 1 failed; 2 no such service; 3 no engine; 5 locked.
# shellcheck source=/dev/null
. "$(dirname -- "$0")/lib.sh"
for part in lock facts one; do
    # shellcheck source=/dev/null
    . "$RUN/lib-$part.sh"
done
need_project
one_service "${1:-$SERVICE_GIVEN}" stop
lock "stop $SERVICE"
unpause --filter "label=com.docker.compose.service=$SERVICE"
by_name rm --stop --force "$SERVICE"
also=' or make up'
[ "$(static x-composegen.services | value "$(printf '%s' "$SERVICE" | sed 's/[.]/\\./g').manual")" != true ] || also=''
say "$SERVICE is stopped; make start SERVICE=$SERVICE$also starts it again."
