#!/bin/sh
# make down: stop and remove all containers and networks, of manual services too. Volumes and folders
# stay. Goes by the project's name, so an incomplete .env does not matter.
# Exit codes: 0 done; 1 failed; 3 no engine; 5 locked.
# shellcheck source=/dev/null
. "$(dirname -- "$0")/lib.sh"
for part in lock facts one; do
    # shellcheck source=/dev/null
    . "$RUN/lib-$part.sh"
done
need_project
lock down
unpause
by_name down --remove-orphans
say "Stopped. Volumes and folders are kept; make up starts everything again."
