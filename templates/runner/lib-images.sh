# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# What runs is what was accepted. .composegen/images: REFERENCE<TAB>IMAGE ID<TAB>WHEN (UTC), sorted; the
# image last accepted for each reference, by a first start, `make pull`, a build of `make up`, a deploy, or an
# update by watchtower that all containers took. Images fixed by a digest or a pin are not in it.
BUILT=''        # references whose new build has not proved itself (lib-build.sh), a line each

# references: REFERENCE<TAB>build<TAB>SERVICES of those that are followed (not pinned, no digest).
references() {
    printf '%s\n' "$SERVICES" | text_awk -F'\t' '
        $3 == "-" || $2 != $3 { next }
        !($3 in who) { order[++n] = $3 }
        { who[$3] = who[$3] (who[$3] == "" ? "" : " ") $1; if ($5 == "yes") build[$3] = 1 }
        END { for (i = 1; i <= n; i++) print order[i] "\t" (build[order[i]] ? "yes" : "no") "\t" who[order[i]] }'
}

accepted() { printf '%s\n' "$ACCEPTED" | text_awk -F'\t' -v r="$1" '$1 == r { print $2; exit }'; }
accept() {
    ACCEPTED=$({ printf '%s\n' "$ACCEPTED" | text_awk -F'\t' -v r="$1" 'NF >= 2 && $1 != r'
        printf '%s\t%s\t%s\n' "$1" "$2" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"; } | LC_ALL=C sort)
}
# save_accepted: what has not proved itself stays what it was.
save_accepted() {
    { printf '%s\n' "$BUILT" | sed "s/^/B$TAB/"; printf '%s\n' "$ACCEPTED" | sed "s/^/A$TAB/"
      read_state images | sed "s/^/O$TAB/"; } | text_awk -F'\t' '
        $1 == "B" { built[$2] = 1; next }
        NF > 2 && ($1 == "O") == ($2 in built) { print substr($0, 3) }' | LC_ALL=C sort | write_state images
}

# running_image SERVICES WHEN REFERENCE: the one image that all their containers run, ready and complete in
# number (the one that they were told: the files may ask for another by now), none of them older than WHEN
# (what ran already when an image was accepted is no update), all of them made from REFERENCE (when the files
# ask for another one, it was never tried).
running_image() {
    { printf '%s\n' "$SERVICES"; printf '\n%s\n' "$CONTAINERS"; } | text_awk -F'\t' -v wanted=" $1 " -v since="$2" -v from="$3" '
        $0 == "" { running = 1; next }
        !running { if (index(wanted, " " $1 " ")) { scale[$1] = $8; auto[$1] = $6 == "auto"; oneshot[$1] = $7 == "oneshot" } next }
        !($1 in scale) { next }
        $15 "" < since "" || $16 != from { mixed = 1 }
        $17 != "" && !told[$1]++ { scale[$1] = $17 > 1 ? $17 : 1 }
        { count[$1]++; if (image == "") image = $9; else if (image != $9) mixed = 1
          if (oneshot[$1] ? $4 != "exited" || $6 != 0 : $4 != "running" || ($5 != "healthy" && $5 != "-")) mixed = 1 }
        END { for (s in scale) if ((auto[s] || count[s]) && count[s] < scale[s]) mixed = 1
              if (!mixed) print image }'
}

# one_of NAMES WORDS: whether one of WORDS is in NAMES, which has a blank at both ends.
one_of() { for word in $2; do case $1 in *" $word "*) return 0 ;; esac; done; return 1; }

# settle_images [SERVICE...]: accept what watchtower brought (CONTAINERS shows it), and point every tag back that
# was moved: of what is built here only where these services, which are started as they are, want it.
settle_images() {
    asis=" $* "
    ACCEPTED=$(read_state images)
    references >"$WORK/follow"
    # shellcheck disable=SC2046  # ids hold no blanks
    all_images $(printf '%s\n' "$ACCEPTED" | cut -f2)
    while IFS=$TAB read -r reference build services <&3; do
        now=$(image_here "$reference") was=$(accepted "$reference") ran=''
        if [ "$build" = yes ]; then one_of "$asis" "$services" || continue
        else ran=$(running_image "$services" "$(printf '%s\n' "$ACCEPTED" | text_awk -F'\t' -v r="$reference" '$1 == r { print $3; exit }')" "$reference"); fi
        if [ -n "$ran" ] && [ "$ran" != "$was" ]; then
            [ -z "$was" ] || say "$services: the update by watchtower is accepted."
            was=$ran
            accept "$reference" "$was"
        fi
        if [ -n "$was" ] && { [ -n "$(image_here "$was")" ] || docker image inspect "$was" >/dev/null 2>&1; }; then
            [ "$was" != "$now" ] || continue
            docker tag "$was" "$reference"
            case $build:$now in
                *:) ;;
                yes:*) say "$services: what was built since is not started; \`make up\` or \`make build deploy\` takes it." ;;
                *) say "$services: a newer image is on this machine; \`make pull up\` takes it." ;;
            esac
        elif [ -n "$now" ]; then accept "$reference" "$now"; fi
    done 3<"$WORK/follow"
    save_accepted
    tell_pins
}

# all_images [ID...]: IMAGES are those of all services, and these.
# shellcheck disable=SC2046  # references hold no blanks
all_images() { IMAGES=$(local_ids $(column 2 | LC_ALL=C sort -u) "$@"); }
image_here() { printf '%s\n' "$IMAGES" | text_awk -F'\t' -v r="$1" '$1 == r { print $2; exit }'; }

# Pins stand in .env, each with a comment that tells what it replaced: "# VARIABLE replaces REFERENCE".
tell_pins() {
    [ -r .env ] || return 0
    printf '%s\n' "$SERVICES" | text_awk -F'\t' '$3 != "-" && $2 != $3 && $4 != "-" { print $1 "\t" $3 "\t" $4 "\t" $2 }' >"$WORK/pins"
    while IFS=$TAB read -r service reference variable image <&3; do
        was=$(text_awk -v p="# $variable replaces " 'index($0, p) == 1 { print substr($0, length(p) + 1) }' .env | tr -d '\r')
        if [ -z "$was" ] || [ "$was" = "$reference" ]; then
            say "$service is pinned to $(printf %.19s "${image##*@}"): $reference is not followed, until composegen release unpin $service."
        else
            warn "$service: a pin is in the way: $variable in .env replaced $was, and now it would be $reference. composegen release unpin $service removes it."
        fi
    done 3<"$WORK/pins"
}
