# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# One changing command at a time: flock on .composegen/lock, the same lock as composegen's.
# The kernel frees it when the holder and what it started have ended, also when killed.
# Who waits, waits 10 s on a terminal and 10 minutes elsewhere (COMPOSEGEN_LOCK_WAIT=seconds).

# need_local: folders, flags and the lock are on this machine; the containers have to be, too.
need_local() {
    case ${DOCKER_HOST:-} in unix://*) return 0 ;; esac
    host=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || :)
    case $host in
        ssh://* | tcp://* | http://* | https://*)
            fail 2 "The Docker engine is not on this machine ($host), and this changes the project: run it on the server, in the project's folder." ;;
    esac
}

# lock COMMAND: take it, or exit 5 naming who has it.
lock() {
    need_local
    open_lock
    wait=600
    [ ! -t 0 ] || wait=10
    wait=${COMPOSEGEN_LOCK_WAIT:-$wait}
    waited=0
    until take_lock; do
        [ "$waited" -lt "$wait" ] || fail 5 "Locked: $(holder). Waited ${wait} s; nothing was changed."
        [ "$waited" != 0 ] || warn "Waiting for $(holder)."
        sleep 1
        waited=$((waited + 1))
    done
    AT_EXIT=unlock
    printf '%s\t%s\t%s\t%s\n' "$(user_name)" "$$" "make $1" "$(date -u '+%Y-%m-%d %H:%M:%S UTC')" |
        write_state lock.holder
}

open_lock() {
    state_folder
    [ -e "$STATE/lock" ] || { : >>"$STATE/lock"; own "$STATE/lock"; }
    exec 9<"$STATE/lock"
}

# take_lock: 1 while somebody else has it. `make destroy` deletes the file that it has locked: who waited for that
# one has to take the one that is there now, as everybody else does.
take_lock() {
    while :; do
        code=0
        flock -n 9 2>"$WORK/stderr" || code=$?
        case $code in
            0) ;;
            1) return 1 ;;
            *) fail 3 "$STATE/lock cannot be locked (flock, of util-linux, ended with code $code): $(cat "$WORK/stderr")" ;;
        esac
        locked=$(stat -L -c %d:%i /proc/self/fd/9) || return 0
        [ "$locked" != "$(stat -L -c %d:%i "$STATE/lock" 2>/dev/null)" ] || return 0
        open_lock
    done
}

unlock() { AT_EXIT=:; rm -f "$STATE/lock.holder"; exec 9<&-; }

holder() {
    text_awk -F'\t' '
        NF >= 4 { printf "%s (user %s, process %s, since %s)", $3, $1, $2, $4; found = 1; exit }
        END { if (!found) printf "another command of this project" }' "$STATE/lock.holder" 2>/dev/null ||
        printf 'another command of this project'
}
