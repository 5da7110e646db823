#!/bin/sh
# make ps: the containers of this project, also those that have ended. An incomplete .env does not matter.
# Exit codes: 0 done; 3 no engine.
# shellcheck source=/dev/null
. "$(dirname -- "$0")/lib.sh"
for part in facts one; do
    # shellcheck source=/dev/null
    . "$RUN/lib-$part.sh"
done
need_project
by_name ps -a --format 'table {{.Service}}\t{{.Name}}\t{{.Status}}\t{{.Ports}}'
