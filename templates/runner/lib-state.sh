# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# What runs, and what differs from docker-compose.yml.

# containers: one line each, tab-separated; "-" stands for nothing:
#  1 service 2 number 3 id 4 state 5 health 6 exit code 7 restarts 8 started 9 image id
# 10 config-hash 11 image id that Compose knows of 12 restart policy 13 seconds until ready 14 name 15 created (UTC)
# 16 reference that it was made from 17 how many of its service there were to be then
containers() {
    ids=$(docker ps -aq --no-trunc --filter "label=com.docker.compose.project=$PROJECT" \
        --filter label=com.docker.compose.oneoff=False)
    [ -n "$ids" ] || return 0
    l='index .Config.Labels "com.docker.compose'
    # shellcheck disable=SC2016  # $v is the template's
    s='{{range .Config.Env}}{{$v := split . "="}}{{if eq (index $v 0) "COMPOSEGEN_SCALE"}}{{index $v 1}}{{end}}{{end}}'
    h='{{with index .Config "Healthcheck"}}{{index . "StartPeriod"}}/{{index . "Interval"}}/{{index . "Timeout"}}/{{index . "Retries"}}{{end}}'
    # `index` works on the engine's own JSON, where what is empty is not there.
    # shellcheck disable=SC2086  # ids are hexadecimal
    docker container inspect --format "{{$l.service\"}}${TAB}{{$l.container-number\"}}${TAB}{{.Id}}${TAB}{{.State.Status}}${TAB}{{with index .State \"Health\"}}{{.Status}}{{else}}-{{end}}${TAB}{{.State.ExitCode}}${TAB}{{.RestartCount}}${TAB}{{.State.StartedAt}}${TAB}{{.Image}}${TAB}{{with $l.config-hash\"}}{{.}}{{else}}-{{end}}${TAB}{{with $l.image\"}}{{.}}{{else}}-{{end}}${TAB}{{.HostConfig.RestartPolicy.Name}}${TAB}$h${TAB}{{.Name}}${TAB}{{.Created}}${TAB}{{.Config.Image}}${TAB}$s" \
        $ids 2>/dev/null | text_awk -F'\t' 'BEGIN { OFS = "\t" }
            { split($13, t, "/"); $13 = int((t[1] + (t[2] + t[3]) * t[4]) / 1e9); sub("^/", "", $14); print }' | LC_ALL=C sort
}

# local_ids REFERENCE...: REFERENCE<TAB>IMAGE ID, only of those that are on this machine.
local_ids() {
    [ $# != 0 ] || return 0
    all=$(docker image inspect --format '{{.Id}}' "$@" 2>"$WORK/stderr" || :)
    # The ids come in the order that was asked for; who is missing is named on stderr.
    sed -n 's/^.*[Nn]o such image: //p' "$WORK/stderr" >"$WORK/missing"
    for one; do printf '%s\n' "$one"; done | grep -Fxv -f "$WORK/missing" >"$WORK/references" || :
    if [ "$(printf '%s\n' "$all" | grep -c .)" = "$(grep -c . "$WORK/references")" ]; then
        [ -z "$all" ] || printf '%s\n' "$all" | paste "$WORK/references" -
        return
    fi
    for one; do
        id=$(docker image inspect --format '{{.Id}}' "$one" 2>/dev/null) || continue
        printf '%s\t%s\n' "$one" "$id"
    done
}

# compare: one line per service with containers: SERVICE<TAB>STATE<TAB>WHY[<TAB>ids], where STATE is
#   same; stale (a container that watchtower made: nothing to do, but Compose would replace it);
#   config, image, file (has to be replaced); odd (these containers run an image that was not
#   accepted, and Compose does not see it)
compare() {
    { printf '%s\n' "$SERVICES" | sed "s/^/S$TAB/"
      printf '%s\n' "$HASHES" | sed "s/ /$TAB/; s/^/H$TAB/"
      printf '%s\n' "$IMAGES" | sed "s/^/I$TAB/"
      printf '%s\n' "$MOUNTS" | sed "s/^/M$TAB/"
      read_state mounts | sed "s/^/O$TAB/"
      printf '%s\n' "$CONTAINERS" | sed "s/^/C$TAB/"; } | text_awk -F'\t' -v here="$PROJECT_DIR/" '
        $1 == "S" && $2 != "" { name[++total] = $2; image[$2] = $3 }
        $1 == "H" { hash[$2] = $3 }
        $1 == "I" { id[$2] = $3 }
        $1 == "O" && NF == 4 { old[$2, $3] = $4; recorded[$2] = 1 }
        $1 == "M" && $2 != "" { now[$2, $3] = $4; file[$2] = file[$2] "\t" $3 }
        $1 == "C" && $2 != "" {
            s = $2; there[s]++; want = id[image[s]]
            if ($11 != hash[s]) config[s] = 1
            else if ($10 != want) { if ($12 == want) odd[s] = odd[s] " " $4; else moved[s] = 1 }
            else if ($12 != want) stale[s] = 1
        }
        END { for (i = 1; i <= total; i++) {
            s = name[i]; if (!there[s]) continue
            n = split(substr(file[s], 2), f, "\t"); edited = ""
            for (k = 1; recorded[s] && k <= n; k++) if (old[s, f[k]] != now[s, f[k]]) {
                shown = f[k]; if (index(shown, here) == 1) shown = substr(shown, length(here) + 1)
                edited = edited ", " shown }
            if (config[s]) print s "\tconfig\tits configuration changed"
            else if (edited != "") print s "\tfile\t" substr(edited, 3) " changed"
            else if (odd[s] != "") print s "\todd\tits image was not accepted\t" substr(odd[s], 2)
            else if (moved[s]) print s "\timage\tits image changed"
            else if (stale[s]) print s "\tstale\t-"
            else print s "\tsame\t-"
        } }'
}

# look: all of the above, for compare; the images are known (lib-images.sh).
look() {
    HASHES=$(quietly compose --profile '*' config --hash '*')
    MOUNTS=$(mounts_now)
    CONTAINERS=$(containers)
}

# of_state STATE...: the services that compare found in one of them.
of_state() { printf '%s\n' "$COMPARED" | text_awk -F'\t' -v states=" $* " 'index(states, " " $2 " ") { print $1 }'; }
