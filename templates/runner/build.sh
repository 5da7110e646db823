#!/bin/sh
# make build, make push (argument: build or push): build the images of this project, push them to the
# registry. On a development machine or in CI. What runs here is not touched, nor what make up takes
# (for images that come from a registry: make pull). Exit codes: 0 done; 1 failed; 3 no engine.
# shellcheck source=/dev/null
. "$(dirname -- "$0")/lib.sh"
for part in facts one; do
    # shellcheck source=/dev/null
    . "$RUN/lib-$part.sh"
done
need_engine
read_static
probe
check_variables
[ -f docker-compose.build.yml ] || fail 1 "There is no docker-compose.build.yml: nothing is built here."
SERVICE_GIVEN=${2:-$SERVICE_GIVEN}
[ -z "$SERVICE_GIVEN" ] || one_service "$SERVICE_GIVEN" "${1:-build}"
BUILDX_NO_DEFAULT_ATTESTATIONS=1 compose -f docker-compose.yml -f docker-compose.build.yml --profile '*' \
    "${1:-build}" ${SERVICE_GIVEN:+"$SERVICE_GIVEN"} </dev/null
