#!/bin/sh
# make pull [SERVICE=name]: pull what the tags mean now, and accept it: the next make up starts it.
# Nothing is restarted. Pinned images and those built here are left out.
# Exit codes: 0 done; 1 something could not be pulled, the rest was accepted; 2 no such service; 3 no engine; 5 locked.
# shellcheck source=/dev/null
. "$(dirname -- "$0")/lib.sh"
for part in lock facts check folders state images one; do
    # shellcheck source=/dev/null
    . "$RUN/lib-$part.sh"
done
need_engine
read_static
probe
SERVICE_GIVEN=${1:-$SERVICE_GIVEN}
[ -z "$SERVICE_GIVEN" ] || one_service "$SERVICE_GIVEN" pull
lock "pull${SERVICE_GIVEN:+ $SERVICE_GIVEN}"
everything_known
# shellcheck disable=SC2034
ACCEPTED=$(read_state images)
tell_pins
references | text_awk -F'\t' -v only="$SERVICE_GIVEN" '$2 == "no" && (only == "" || index(" " $3 " ", " " only " "))' >"$WORK/pull"
[ -s "$WORK/pull" ] || fail 1 "There is nothing to pull: ${SERVICE_GIVEN:-every image} is pinned, fixed or built here."
# Of services that share a reference one is enough, and manual ones are pulled by name. What a tag of theirs means
# on this machine was not asked of the registry, and is not accepted.
services=''
while IFS=$TAB read -r reference build who <&3; do
    for service in $who; do
        if [ -n "$SERVICE_GIVEN" ] || [ "$(column 6 "$service")" = auto ]; then
            services="$services $service"
            printf '%s\t%s\t%s\n' "$reference" "$build" "$who"
            break
        fi
    done
done 3<"$WORK/pull" >"$WORK/pulled"
# Without a name Compose would pull them all.
if [ -z "$services" ]; then say "Nothing was pulled, as all services are manual: make pull SERVICE=name."; exit 0; fi
# All at once; when that fails, one by one, to take what can be had.
failed=''
# shellcheck disable=SC2086
compose pull $services </dev/null || for service in $services; do
    quietly compose pull --quiet "$service" </dev/null || failed="$failed $service"
done
new=''
while IFS=$TAB read -r reference _ who <&3; do
    for service in $who; do case "$failed " in *" $service "*) continue 2 ;; esac; done
    id=$(docker image inspect --format '{{.Id}}' "$reference" 2>/dev/null) || continue
    [ "$(accepted "$reference")" = "$id" ] || { new=yes; say "$who: $reference is new."; }
    accept "$reference" "$id"
done 3<"$WORK/pulled"
save_accepted
if [ -n "$new" ]; then say "make up starts what is new."; else say "Nothing is new."; fi
[ -z "$failed" ] || fail 1 "Not pulled:$failed. make up starts the images that these had before."
