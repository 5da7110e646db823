#!/bin/sh
# make deploy [SERVICE=name], make rollback [SERVICE=name [RELEASE=number]]: `composegen deploy` and
# `composegen rollback`, by the command where it is installed, else by composegen's own image.
# TIMEOUT=seconds: how long the new containers may take to get ready. YES=1: no question.
# Exit codes: 0 done; 1 refused, or no composegen; 2 usage; 3 no engine; 4 it failed, and the old
# release was kept; 5 locked.
# shellcheck source=/dev/null
. "$(dirname -- "$0")/lib.sh"
for part in lock facts check folders mounts state one composegen; do
    # shellcheck source=/dev/null
    . "$RUN/lib-$part.sh"
done
target=${1:-deploy}
given RELEASE
# shellcheck disable=SC2154  # given sets it
release=$value
case $release in *[!0-9]*) fail 2 "RELEASE='$release': the number of a release is needed." ;; esac
need_engine
need_local
read_static
probe
[ -z "$SERVICE_GIVEN" ] && [ -z "$release" ] || one_service "$SERVICE_GIVEN" "$target"
need_compose
everything_known
find_composegen || fail 1 "make $target is the work of composegen: $WHY. Nothing was changed."
if [ "$target" = deploy ]; then
    lock deploy
    make_folders
    make_volumes
    unlock
fi
set -- "$target"
[ -z "$TIMEOUT_GIVEN" ] || set -- "$@" --timeout "${TIMEOUT_GIVEN}s"
[ -t 0 ] && [ -z "$YES_GIVEN" ] || set -- "$@" --yes
run_composegen "$@" ${SERVICE_GIVEN:+"$SERVICE_GIVEN"} ${release:+"$release"}
