#!/bin/sh
# make start SERVICE=name: make and start one service and what it depends on, also a manual one.
# Nothing that runs is replaced. What starts is the image that was accepted last; one that this project
# builds is built only where there is none. Variables that this service does not use may be missing; then
# what it depends on is not started.
# Exit codes: as make up.
# shellcheck source=/dev/null
. "$(dirname -- "$0")/lib.sh"
for part in lock facts check secrets folders mounts state images build anew start wait one; do
    # shellcheck source=/dev/null
    . "$RUN/lib-$part.sh"
done

need_engine
need_compose
read_static
probe
one_service "${1:-$SERVICE_GIVEN}" start
lock "start $SERVICE"
fill_missing
check_shape
read_facts
[ -n "$(column 1 "$SERVICE")" ] || fail 2 "There is no service '$SERVICE': $(column 1 | tr '\n' ' ')"
ONLY=$SERVICE
[ -n "$MISSING" ] || ONLY=$(with_needed "$SERVICE" | tr '\n' ' ')
check_secrets
check_configs
check_mounts
check_intent
check_paused
stop_on_problems
make_folders
make_volumes
# shellcheck disable=SC2086  # names hold no blanks
settle_images $ONLY
# shellcheck disable=SC2086
get_images $ONLY
look
remember
remake_one || fail 1 "$SERVICE could not be made anew."
record_first
set -- --no-recreate
[ -z "$MISSING" ] || set -- "$@" --no-deps
compose_up "$@" "$SERVICE" || { explain_start "$(expected "$SERVICE")"; fail 1 "$SERVICE could not be started."; }
own_volumes
wait_ready "$(expected "$SERVICE")" "$TIMEOUT_GIVEN" || fail 1 "$SERVICE is not ready. It was left running."
accept_built
say "$SERVICE is ready."
