# shellcheck shell=sh disable=SC2034
# What every script of this folder begins with: the project folder, messages, docker and compose.
# Sourced, never run. Exit codes of all scripts: 0 done; 1 refused or failed; 2 usage;
# 3 the engine cannot be reached, or a program is missing; 5 another command holds the lock.
set -eu
umask 022
RUN=$(CDPATH='' cd -P -- "$(dirname -- "$0")" && pwd -P)
CDPATH='' cd -P -- "$RUN/../.."
PROJECT_DIR=$(pwd -P)
STATE=.composegen
TAB=$(printf '\t.') && TAB=${TAB%.}
NL='
'
# cron gives a bare PATH and perhaps no HOME. `~` and ${UID}, ${GID} in docker-compose.yml mean the
# owner of the project folder, whoever runs this, so that sudo and cron change no container.
PATH=${PATH:-}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
OWNER_UID=$(stat -c %u .) OWNER_GID=$(stat -c %g .)
[ -n "${DOCKER_CONFIG:-}" ] || [ -z "${HOME:-}" ] || { DOCKER_CONFIG=$HOME/.docker; export DOCKER_CONFIG; }
# getent also knows who is not in the file (LDAP, systemd-homed).
OWNER_HOME=$(getent passwd "$OWNER_UID" 2>/dev/null | cut -d : -f 6)
[ -n "$OWNER_HOME" ] ||
    OWNER_HOME=$(awk -F: -v uid="$OWNER_UID" '$3 == uid { print $6; exit }' /etc/passwd 2>/dev/null || :)
HOME=${OWNER_HOME:-${HOME:-/}}
export PATH HOME
UID_GIVEN=yes GID_GIVEN=yes     # until lib-facts.sh has asked whether .env says so
WORK=''

# Who reads may go away (make up | head): the work goes on unseen. Killed by SIGPIPE, a shell would not
# even do what it does at its end.
trap : PIPE
say() { printf '%s\n' "$*" 2>/dev/null || :; }
warn() { printf '%s\n' "$*" >&2 || :; }
fail() { code=$1; shift; warn "$@"; exit "$code"; }

# user_name: the name of who runs this; a number without one is printed by id -un too, and then again.
user_name() { me=$(id -un 2>/dev/null) || me=$(id -u); printf '%s' "$me"; }

# problem TEXT: note a mistake; stop_on_problems ends the script when there was one.
PROBLEMS=0
problem() { PROBLEMS=$((PROBLEMS + 1)); warn "error: $*"; }
stop_on_problems() { [ "$PROBLEMS" = 0 ] || fail 1 "Nothing was started or changed."; }

# A private folder for what commands say on stderr; removed at the end, as is DRAFT, which would have replaced a
# file. AT_EXIT names what else has to be undone. It is done to its end: Ctrl-C is often pressed twice, and docker
# inherits that the signals are ignored.
AT_EXIT=: DRAFT=''
finish() {
    code=$?
    trap '' HUP INT TERM
    trap - EXIT
    $AT_EXIT
    [ -z "$DRAFT" ] || rm -f "$DRAFT"
    [ -z "$WORK" ] || rm -rf "$WORK"
    exit "$code"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
WORK=$(umask 077 && mktemp -d "${TMPDIR:-/tmp}/composegen.XXXXXX")

# text_awk: bytes are bytes, whatever the locale.
text_awk() { LC_ALL=C awk "$@"; }
flatten() { text_awk -v dollars="$1" -f "$RUN/flatten.awk"; }
# unescape TEXT: what flatten.awk wrote, as it was; may end with newlines, so a dot is appended.
unescape() { printf '%b.' "$1"; }

# compose ARGS: Compose's own reading of the files and of .env, with UID and GID of the owner.
compose() {
    set -- docker compose "$@"
    [ -n "$GID_GIVEN" ] || set -- "GID=$OWNER_GID" "$@"
    [ -n "$UID_GIVEN" ] || set -- "UID=$OWNER_UID" "$@"
    env -u UID -u GID "$@"
}

# quietly COMMAND: its stdout only; what it says on stderr is shown when it fails.
quietly() {
    if "$@" 2>"$WORK/stderr"; then return 0; else code=$?; fi
    cat "$WORK/stderr" >&2
    return "$code"
}

need_engine() {
    command -v docker >/dev/null 2>&1 || fail 3 "docker is not installed, or not on PATH ($PATH)."
    docker version --format '{{.Server.Version}}' >/dev/null 2>"$WORK/stderr" || {
        cat "$WORK/stderr" >&2
        fail 3 "The Docker engine cannot be reached. Is it running, and may you use it?"
    }
}

need_compose() {
    version=$(docker compose version --short 2>/dev/null) || fail 3 "The Compose plugin of docker is missing (2.24 or newer)."
    printf '%s\n' "${version#v}" | awk -F'[.+-]' '{ exit !($1 > 2 || ($1 == 2 && $2 >= 24)) }' ||
        fail 3 "Compose $version is too old: 2.24 or newer is needed."
}

# own PATH: what root makes here belongs to the owner of the project folder.
own() { [ "$(id -u)" != 0 ] || chown "$OWNER_UID:$OWNER_GID" "$@"; }

state_folder() {
    [ -d "$STATE" ] || { mkdir -p "$STATE"; own "$STATE"; }
    [ -w "$STATE" ] || fail 1 "$PROJECT_DIR/$STATE cannot be written by $(user_name): run this as the owner of the folder, or as root."
}

# write_state NAME: stdin becomes .composegen/NAME, all at once, if that changes it. `mounts` has digests of
# secrets, by which a weak one could be guessed: it is for the owner alone. 1 when it could not be written, as on
# a full disk; then what was there is there still.
write_state() {
    case $1 in mounts) (umask 077 && : >"$STATE/$1.$$.new") ;; esac
    # Where a caller has `||`, nothing but this `||` sees a failure.
    cat >"$STATE/$1.$$.new" || { rm -f "$STATE/$1.$$.new"; return 1; }
    if cmp -s "$STATE/$1.$$.new" "$STATE/$1"; then rm -f "$STATE/$1.$$.new"; return; fi
    { own "$STATE/$1.$$.new" && mv -f "$STATE/$1.$$.new" "$STATE/$1"; } || { rm -f "$STATE/$1.$$.new"; return 1; }
}

read_state() { [ ! -r "$STATE/$1" ] || cat "$STATE/$1"; }

# Arguments: variables of make's command line (make stop SERVICE=web) or, without make, of the
# environment. They are taken out of the environment: a container may want one of the same name.
given() {
    eval "value=\${$1-}"
    case " ${MAKEFLAGS-}" in
        *" $1="*) unset "$1" ;;
        *) if [ -n "${MAKELEVEL-}" ]; then value=''; else unset "$1"; fi ;;
    esac
}
given SERVICE; SERVICE_GIVEN=$value
given TIMEOUT; TIMEOUT_GIVEN=$value
ALL_GIVEN=${ALL-}
given ALL
YES_GIVEN=${YES-}
given YES
case $TIMEOUT_GIVEN in *[!0-9]*) fail 2 "TIMEOUT='$TIMEOUT_GIVEN': a number of seconds is needed." ;; esac
