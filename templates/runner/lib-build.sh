# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# Images that are to be started: built here, or pulled. A new build is started, and accepted (lib-images.sh)
# only when it was ready: one that a deploy refuses is not what counts, for one-offs and `make start`.

# to_build [SERVICE...]: the services whose build makes the images of these, where there is none; without a
# name, of all that `up` starts and of manual ones that have containers.
to_build() {
    { printf '%s\n' "$IMAGES" | sed "s/^/I$TAB/"; printf '%s\n' "$CONTAINERS" | sed "s/^/C$TAB/"
      printf '%s\n' "$SERVICES" | sed "s/^/S$TAB/"; } | text_awk -F'\t' -v names=" $* " '
        $1 == "I" { here[$2] = 1 }
        $1 == "C" { there[$2] = 1 }
        $1 != "S" || $3 != $4 { next }
        $6 == "yes" { owner[++n] = $2; makes[n] = $4 }
        names == "  " ? $7 == "auto" || $2 in there : index(names, " " $2 " ") && !($3 in here) { asked[$4] = 1 }
        END { for (i = 1; i <= n; i++) if (makes[i] in asked) print owner[i] }'
}

# get_images [SERVICE...]: build what this project builds, pull what is not there: for these services what they
# lack, else for `up`. IMAGES has all ids afterwards.
get_images() {
    [ $# = 0 ] || all_images
    build=$(to_build "$@")
    if [ -n "$build" ]; then
        [ -f docker-compose.build.yml ] || fail 1 "docker-compose.build.yml is missing: it says how to build $(echo "$build" | tr '\n' ' ')"
        # shellcheck disable=SC2086
        build_images $build || fail 1 "The build failed. What runs was not touched."
    fi
    all_images
    for service in $build; do
        reference=$(column 3 "$service")
        id=$(image_here "$reference")
        [ -n "$id" ] || fail 1 "$service was built, and there is no image $reference. What runs was not touched."
        case $(accepted "$reference") in
            "$id") continue ;;
            ?*) BUILT=$BUILT$reference$NL ;;
        esac
        accept "$reference" "$id"
    done
    pull=''
    { printf '%s\n' "$IMAGES"; printf '\n%s\n' "$SERVICES"; } | text_awk -F'\t' -v names=" $* " '
        $0 == "" { wanted = 1; next }
        !wanted { here[$1] = 1; next }
        (names == "  " ? $6 == "auto" : index(names, " " $1 " ")) && !($2 in here) { print $1 "\t" $2 }' >"$WORK/absent"
    while IFS=$TAB read -r service image <&3; do
        case $image in sha256:*) fail 1 "$service is pinned to $image, which is not on this machine: composegen release unpin $service" ;; esac
        pull="$pull $service"
    done 3<"$WORK/absent"
    if [ -n "$pull" ]; then
        # shellcheck disable=SC2086
        compose pull $pull </dev/null || fail 1 "An image could not be pulled. What runs was not touched."
        all_images
    fi
    references >"$WORK/follow"
    while IFS=$TAB read -r reference build services <&3; do
        now=$(image_here "$reference")
        [ -n "$(accepted "$reference")" ] || [ -z "$now" ] || accept "$reference" "$now"
    done 3<"$WORK/follow"
    save_accepted
}

build_images() {
    BUILDX_NO_DEFAULT_ATTESTATIONS=1 compose -f docker-compose.yml -f docker-compose.build.yml build "$@" </dev/null
}

# accept_built: what was built here is ready. What composegen deploys it accepts itself, when it is.
accept_built() {
    BUILT=$(references | text_awk -F'\t' -v rolled="${ROLLED-} " '
        { n = split($3, who, " "); for (i = 1; i <= n; i++) if (index(rolled, " " who[i] " ")) { print $1; next } }' |
        grep -Fx -e "$BUILT" || :)
    save_accepted
}
