#!/bin/sh
# As the official image does: before nginx, and only before nginx, the scripts of
# /docker-entrypoint.d are run in the order of their names. What NAME.envsh exports reaches the
# scripts after it, not nginx: the loop behind the pipe is a process of its own, there too.
set -e

tell() {
    [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || echo "$0: $*"
}

if [ "$1" = nginx ] || [ "$1" = nginx-debug ]; then
    find /docker-entrypoint.d/ -follow -type f -print | sort -V | while read -r script; do
        if [ ! -x "$script" ]; then
            tell "Ignoring $script, not executable"
            continue
        fi
        case $script in
            *.envsh)
                tell "Sourcing $script"
                # shellcheck disable=SC1090  # whatever the user has put there
                . "$script"
                ;;
            *.sh)
                tell "Launching $script"
                "$script"
                ;;
            *) tell "Ignoring $script" ;;
        esac
    done
    tell "Configuration complete; ready for start up"
fi
exec "$@"
