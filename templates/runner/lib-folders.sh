# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# Bind folders and named volumes, with the owner and mode that the annotations ask for. Never asks
# for sudo: what the caller may not do, the engine does, in a container that sees this folder only.

# items NAME KEY...: the list x-composegen.NAME, one item a line, its keys tab-separated. Of what other services
# than ONLY mount, nothing.
items() {
    list=$1; shift
    facts "x-composegen.$list" | text_awk -F'\t' -v keys="$*" -v only=" $ONLY " '
        BEGIN { n = split(keys, key, " ") }
        { split($1, part, "."); value[part[1], part[2]] = substr($0, length($1) + 2); if (part[1] + 1 > total) total = part[1] + 1 }
        part[2] == "services" && !index(only, " " $2 " ") { others[part[1]] = 1 }
        part[2] == "services" && index(only, " " $2 " ") { mine[part[1]] = 1 }
        END { for (i = 0; i < total; i++) { if (only != "  " && i in others && !(i in mine)) continue; line = ""; for (k = 1; k <= n; k++) line = line (k > 1 ? "\t" : "") ((i, key[k]) in value && value[i, key[k]] != "" ? value[i, key[k]] : "-"); print line } }'
}

# quoted TEXT: one field of --mount's comma-separated list.
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/"/""/g')"; }

# The image that has chown and chmod: that of the service toolbox.
tools_image() { column 2 toolbox | grep . || echo busybox:musl; }

# in_container MOUNT COMMAND...: with that mount at /folder, and no right but over owners and modes.
in_container() {
    mount=$1; shift
    docker run --rm --network none --read-only --user 0:0 --cap-drop ALL --cap-add CHOWN --cap-add FOWNER \
        --cap-add DAC_OVERRIDE --security-opt no-new-privileges --label composegen.helper=folders \
        --label com.centurylinklabs.watchtower.enable=false --entrypoint "$1" --mount "$mount" \
        "$(tools_image)" "$2" /folder 2>"$WORK/stderr" >/dev/null
}

make_folders() {
    items folders path owner mode >"$WORK/folders"
    while IFS=$TAB read -r path owner mode <&3; do
        path=$(unescape "$path"); path=${path%.}
        # shellcheck disable=SC2088  # the file says ~ and means the owner's home
        case $path in '~') path=$HOME ;; '~/'*) path=$HOME/${path#'~/'} ;; esac
        case $path in /*) ;; *) path=$PROJECT_DIR/${path#./} ;; esac
        make_folder "${path%/}" "$owner" "$mode"
    done 3<"$WORK/folders"
}

make_folder() {
    [ ! -e "$1" ] || [ -d "$1" ] || return 0      # a single file
    new=''
    if [ ! -d "$1" ]; then
        new=yes
        find_highest "$1"
        if ! mkdir -p "$1" 2>/dev/null; then
            case $1 in *:*) fail 1 "The folder $1 cannot be created by $(user_name): create it, then try again." ;; esac
            docker run --rm --network none -v "$1:/folder" --entrypoint true \
                "$(tools_image)" 2>"$WORK/stderr" ||
                { cat "$WORK/stderr" >&2; fail 1 "The folder $1 cannot be created."; }
        fi
        own_parents "$1"
        [ "$2" != - ] || set -- "$1" "$OWNER_UID:$OWNER_GID" "$3"
    fi
    mount="type=bind,$(quoted "source=$1"),target=/folder"
    did=''
    if [ "$2" != - ] && [ "$(stat -L -c %u:%g "$1")" != "$2" ]; then
        apply "$mount" "$1" chown "$2"; did=", owner $2"
    fi
    if [ "$3" != - ] && [ $((0$(stat -L -c %a "$1"))) != $((0$3)) ]; then
        apply "$mount" "$1" chmod "$3"; did="$did, mode $3"
    fi
    if [ -n "$new" ]; then say "Created the folder ${1#"$PROJECT_DIR/"}$did."
    elif [ -n "$did" ]; then say "Changed the folder ${1#"$PROJECT_DIR/"} (not what is in it):${did#,}."; fi
}

# find_highest PATH: of its parents that are missing, inside of the project's folder, the highest; or nothing.
find_highest() {
    highest='' parent=${1%/*}
    case $1/ in */../*) return 0 ;; esac
    while [ ! -d "$parent" ]; do
        case $parent in "$PROJECT_DIR"/?*) highest=$parent ;; *) break ;; esac
        parent=${parent%/*}
    done
}

# own_parents PATH: those that were missing belong to the owner of the project's folder now, who could otherwise
# never delete what lies in them.
own_parents() {
    [ -n "$highest" ] || return 0
    parent=$1
    while [ "$parent" != "$highest" ]; do
        parent=${parent%/*}
        [ "$(stat -c %u:%g "$parent")" = "$OWNER_UID:$OWNER_GID" ] ||
            apply "type=bind,$(quoted "source=$parent"),target=/folder" "$parent" chown "$OWNER_UID:$OWNER_GID"
    done
}

# apply MOUNT PATH chown|chmod VALUE
apply() {
    [ "$2" = - ] || ! "$3" "$4" "$2" 2>/dev/null || return 0
    in_container "$1" "$3" "$4" || { cat "$WORK/stderr" >&2; fail 1 "$3 $4 $2 failed."; }
}

# make_volumes: those that want an owner or a mode and are not there yet. NEW_VOLUMES has them, and
# those of a start that failed (.composegen/volumes): whenever a container is created the engine
# gives an empty volume what the image has at its place, so own_volumes comes again after that.
make_volumes() {
    NEW_VOLUMES=''
    items volumes name owner mode >"$WORK/volumes"
    while IFS=$TAB read -r key owner mode <&3; do
        volume=$(fact "volumes.$(printf '%s' "$key" | sed 's/[.]/\\./g').name")
        [ -n "$volume" ] || continue
        if docker volume inspect "$volume" >/dev/null 2>&1; then
            read_state volumes | grep -Fxq -e "$volume" || continue
            NEW_VOLUMES="$NEW_VOLUMES$volume$TAB$owner$TAB$mode$NL"
            continue
        fi
        docker volume create --label "com.docker.compose.project=$PROJECT" --label "com.docker.compose.volume=$key" \
            "$volume" >/dev/null
        NEW_VOLUMES="$NEW_VOLUMES$volume$TAB$owner$TAB$mode$NL"
        say "Created the volume $volume$([ "$owner" = - ] || echo ", owner $owner")$([ "$mode" = - ] || echo ", mode $mode")."
    done 3<"$WORK/volumes"
    [ -z "$NEW_VOLUMES" ] || { printf '%s' "$NEW_VOLUMES" | cut -f 1; read_state volumes; } | LC_ALL=C sort -u | write_state volumes
    own_volumes
}

own_volumes() {
    [ -n "$NEW_VOLUMES" ] || return 0
    printf '%s' "$NEW_VOLUMES" >"$WORK/new_volumes"
    while IFS=$TAB read -r volume owner mode <&3; do
        [ "$owner" = - ] || apply "type=volume,source=$volume,target=/folder,volume-nocopy" - chown "$owner"
        [ "$mode" = - ] || apply "type=volume,source=$volume,target=/folder,volume-nocopy" - chmod "$mode"
    done 3<"$WORK/new_volumes"
}
