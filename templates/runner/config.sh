#!/bin/sh
# make config: docker-compose.yml with all values filled in, manual services included. Values of .env
# are shown, secret ones too. Exit codes: 0 done; 1 a variable is missing.
# shellcheck source=/dev/null
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=/dev/null
. "$RUN/lib-facts.sh"
read_static
probe
check_variables
compose --profile '*' config
