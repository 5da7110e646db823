#!/bin/sh
# make dirs: create the folders and volumes that services mount, with owner and mode. make up does so
# by itself. Exit codes: 0 done; 1 failed; 3 no engine; 5 locked.
# shellcheck source=/dev/null
. "$(dirname -- "$0")/lib.sh"
for part in lock facts check folders; do
    # shellcheck source=/dev/null
    . "$RUN/lib-$part.sh"
done
need_engine
lock dirs
everything_known
make_folders
make_volumes
