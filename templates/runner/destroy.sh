#!/bin/sh
# shellcheck disable=SC2034,SC2016
# make destroy: delete the containers, networks and volumes of this project, the bind folders inside of
# its folder, and .composegen. Asks for the project's name; scripts write YES=project-name. Volumes with
# certificates stay unless ALL=1. Never touched: folders elsewhere or behind a link, or with files in
# git; .env; secrets. An incomplete .env does not matter.
# Exit codes: 0 done; 1 not confirmed, or failed; 2 nobody to ask; 3 no engine; 5 locked.
# shellcheck source=/dev/null
. "$(dirname -- "$0")/lib.sh"
for part in lock facts folders one; do
    # shellcheck source=/dev/null
    . "$RUN/lib-$part.sh"
done
need_project
lock destroy

volumes() { docker volume ls -q --filter "label=com.docker.compose.project=$PROJECT" "$@"; }
volumes >"$WORK/volumes"
: >"$WORK/keep"
if [ "$ALL_GIVEN" != 1 ]; then
    for key in acme letsencrypt local-ca; do volumes --filter "label=com.docker.compose.volume=$key"; done >"$WORK/keep"
    grep -Fxv -f "$WORK/keep" "$WORK/volumes" >"$WORK/delete" || :
    mv "$WORK/delete" "$WORK/volumes"
fi

# in_git PATH: why it is kept, or nothing. Where git cannot say it, because it fails or is not installed, a .git
# at or above the project's folder is enough. Run by sudo, git would refuse a folder of somebody else.
in_git() {
    if tracked=$(git -c safe.directory='*' ls-files -- "$1" 2>"$WORK/stderr"); then
        [ -z "$tracked" ] || echo "git has files in it"
        return
    fi
    above=$PROJECT_DIR
    until [ -e "$above/.git" ]; do
        [ -n "$above" ] || return 0
        above=${above%/*}
    done
    echo "git cannot say whether it has files in it ($(tail -n 1 "$WORK/stderr"))"
}

# The folders as the file has them, with the variables that there are.
FACTS=$(section | document | compose -f - config --format json 2>/dev/null | flatten 1) || FACTS=$STATIC
: >"$WORK/inside"
items folders path >"$WORK/folders"
while IFS= read -r path <&3; do
    path=$(unescape "$path"); path=${path%.}
    case $path in *"$NL"* | *'${'* | [~]*) continue ;; /*) ;; *) path=$PROJECT_DIR/${path#./} ;; esac
    path=${path%/}
    [ -d "$path" ] || continue
    [ "$(readlink -f -- "$path")" = "$path" ] || continue     # a link, or ..
    case $path/ in
        "$PROJECT_DIR"/composegen.d/* | "$PROJECT_DIR"/.git/* | "$PROJECT_DIR"/secrets/*) continue ;;
        "$PROJECT_DIR"/?*) ;;
        *) continue ;;
    esac
    kept=$(in_git "$path")
    if [ -n "$kept" ]; then say "Kept: ${path#"$PROJECT_DIR/"}, as $kept."; continue; fi
    printf '%s\n' "$path" >>"$WORK/inside"
done 3<"$WORK/folders"

say "This deletes of the project $PROJECT:"
say "  all containers and networks, and the folder $STATE"
sed 's/^/  volume /' "$WORK/volumes"
sed "s|^|  folder |" "$WORK/inside"
[ ! -s "$WORK/keep" ] || say "Kept (ALL=1 deletes them too): $(tr '\n' ' ' <"$WORK/keep")"
answer=$YES_GIVEN
if [ -z "$answer" ]; then
    [ -t 0 ] || fail 2 "There is no terminal to ask on: YES=$PROJECT make destroy"
    printf 'Type the name of the project to go on: '
    read -r answer || answer=''
fi
[ "$answer" = "$PROJECT" ] || fail 1 "That is not $PROJECT. Nothing was deleted."

image=$(docker ps -a --filter "label=com.docker.compose.project=$PROJECT" --filter label=com.docker.compose.service=toolbox --format '{{.Image}}' | head -n 1)
tools_image() { echo "${image:-busybox:musl}"; }
unpause
by_name down --remove-orphans
left=$(docker ps -aq --filter "label=com.docker.compose.project=$PROJECT")
for id in $left; do docker rm -f "$id" >/dev/null; done
code=0
while IFS= read -r volume <&3; do docker volume rm "$volume" >/dev/null || code=1; done 3<"$WORK/volumes"
while IFS= read -r folder <&3; do
    rm -rf -- "$folder" 2>/dev/null && continue
    # Files in it may belong to the user of a container.
    mount="type=bind,$(quoted "source=$folder"),target=/folder"
    in_container "$mount" chmod 0700 && in_container "$mount" chown "$(id -u):$(id -g)" || :
    docker run --rm --network none --user 0:0 --cap-drop ALL --cap-add DAC_OVERRIDE --cap-add FOWNER \
        --label com.centurylinklabs.watchtower.enable=false --mount "$mount" --entrypoint find "$(tools_image)" \
        /folder -mindepth 1 -maxdepth 1 -exec rm -rf {} + >/dev/null 2>&1 || :
    rm -rf -- "$folder" || { warn "error: $folder could not be deleted."; code=1; }
done 3<"$WORK/inside"
AT_EXIT=:
rm -rf "$STATE"
[ "$code" = 0 ] || fail 1 "Not everything could be deleted: see above, and run this again."
say "The project $PROJECT is gone. Its files, .env and secrets are still here."
