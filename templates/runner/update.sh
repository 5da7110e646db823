#!/bin/sh
# make update: let watchtower look for new images once, now; it does what the services' labels say.
# Then old images of this project are removed, all but the last COMPOSEGEN_KEEP_RELEASES (5) per name.
# Exit codes: 0 done; 1 failed, or there is no updater; 3 no engine; 5 locked.
# shellcheck source=/dev/null
. "$(dirname -- "$0")/lib.sh"
for part in lock facts check folders state images updater one; do
    # shellcheck source=/dev/null
    . "$RUN/lib-$part.sh"
done
need_engine
lock update
everything_known
check_intent
stop_on_problems
[ -n "$(column 1 watchtower)" ] || fail 1 "This project has no updater: no service has update = auto or notify."
check_paused
stop_on_problems
# The one that is always there must not take a container at the same time.
hold_updater
compose run --rm --no-deps -T --label com.centurylinklabs.watchtower.enable=false \
    -e WATCHTOWER_RUN_ONCE=true -e WATCHTOWER_HTTP_API_ENDPOINTS= watchtower </dev/null ||
    fail 1 "watchtower failed: see the lines above."
release_updater
# A one-off watchtower may end the one that is always there.
CONTAINERS=$(containers)
if printf '%s\n' "$CONTAINERS" | text_awk -F'\t' '$1 == "watchtower" && $4 != "running" { down = 1 } END { exit !down }'; then
    quietly by_name start watchtower >/dev/null
    CONTAINERS=$(containers)
fi
settle_images

keep=$(probed x-value.COMPOSEGEN_KEEP_RELEASES)
case $keep in '' | *[!0-9]*) keep=5 ;; esac
used=$(containers | cut -f 9; printf '%s\n' "$ACCEPTED" | cut -f 2)
for repository in $(references | cut -f 1 | sed 's/:[^:/]*$//' | LC_ALL=C sort -u); do
    docker images --no-trunc --filter dangling=true --format "{{.Repository}}$TAB{{.ID}}" |
        text_awk -F'\t' -v r="$repository" -v keep="$keep" '$1 == r && !seen[$2]++ && ++n > keep { print $2 }' |
        grep -Fxv -e "$used" | while IFS= read -r id; do
            ! docker image rm "$id" >/dev/null 2>&1 || say "Removed an old image of $repository."
        done || :
done
