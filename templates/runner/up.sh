#!/bin/sh
# make up: start everything that changed, and wait until all of it is ready. A second one in a row
# changes nothing. Everything is checked before anything is touched; what watchtower has updated is
# not restarted; an image that merely lies on this machine is not taken. What rolls is rolled by
# composegen, at the end, where there is one.
# TIMEOUT=seconds waits longer than the health checks ask for. Ctrl-C leaves everything running.
# Exit codes: 0 all ready; 1 refused, or something is not ready (it is left running, and the reason
# printed); 2 usage; 3 no engine; 4 a rolling deploy failed, and the old release was kept; 5 locked.
# shellcheck source=/dev/null
. "$(dirname -- "$0")/lib.sh"
for part in lock facts check secrets folders mounts state images build updater anew start wait urls composegen; do
    # shellcheck source=/dev/null
    . "$RUN/lib-$part.sh"
done

need_engine
need_compose
lock up
everything_known
check_all
raise_routes
[ -z "$raised" ] || read_facts
make_folders
make_volumes
hold_updater
settle_images
get_images
look
# shellcheck disable=SC2034
COMPARED=$(compare_for_up)
choose_rolled
announce || :
tell_manual
before=$CONTAINERS
remember
record_first

failed() {
    explain_start "$(expected)"
    fail 1 "Not everything could be started. What runs was left running: make ps, make logs."
}
remove_orphans
if [ -n "$NEW_VOLUMES" ]; then
    make_missing --no-start || failed
    own_volumes
fi
apply_all || failed
own_volumes
wait_ready "$(expected | without_rolled 2)" "$TIMEOUT_GIVEN" ||
    fail 1 "Not everything is ready. Nothing was stopped: make ps, make logs."
accept_built
# What is rolled may listen on another port than before: then the deploy brings the new routes in.
[ -n "$ROLLED" ] || reload_frontend || fail 1 "The frontend goes on with the routes that it had: see above."

{ printf '%s\n' "$MOUNTS" | without_rolled 1; read_state mounts | only_rolled 1; } | grep . | LC_ALL=C sort | write_state mounts
rm -f "$STATE/volumes"
if [ -n "$ROLLED" ]; then
    unlock
    roll || exit $?
    say "Everything is ready."
elif [ "$(printf '%s\n' "$before" | cut -f 3)" = "$(printf '%s\n' "$CONTAINERS" | cut -f 3)" ]; then
    say "Everything runs as described; nothing was restarted."
else
    say "Everything is ready."
fi
print_urls
warn_certificates
