#!/bin/sh
# The whole test run: `sh tests/run.sh test` or `sh tests/run.sh soak`. Needs .venv (make install) and
# the engine (make engine). What counts lost requests (marked `load`) runs alone; everything else two to
# four at a time.
set -eu
cd "$(dirname -- "$0")/.."
bin=${VENV:-.venv}/bin
state=${COMPOSEGEN_TEST_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/composegen-test}
# shellcheck source=/dev/null
. "$state/env"
PATH=$(cd "$bin" && pwd):$PATH
export PATH
# What tests call on this machine beside the engine.
for tool in openssl git flock ssh; do
    command -v "$tool" >/dev/null && continue
    case $tool in flock) tool=util-linux ;; ssh) tool=openssh-client ;; esac
    apt-get install -y --no-install-recommends "$tool" || { echo "install $tool: tests need it" >&2; exit 1; }
done
# Tests run make themselves; what the make that runs this has set is not theirs.
unset MAKEFLAGS MAKELEVEL MFLAGS
failed=''
run() {
    echo "== $*"
    "$bin/pytest" -q "$@" || failed="$failed $1"
}
beside=''
place=$(mktemp -d)
trap '[ -z "$beside" ] || kill "$beside" 2>/dev/null; rm -rf "$place"' EXIT
# start ARGUMENTS...: beside what `run` does next; `finish` waits for it and shows what it said.
# Its folders are its own: pytest closes the common one to other users whenever it starts.
start() {
    name=$1
    chmod 755 "$place"
    PYTEST_DEBUG_TEMPROOT=$place "$bin/pytest" -q "$@" >"$place/said" 2>&1 &
    beside=$!
}
finish() {
    wait "$beside" || failed="$failed $name"
    beside=''
    echo "== $name, beside it"
    cat "$place/said"
}
case $1 in
test)
    # The conformance suite waits half of its time: for slow uploads, limits, certificates.
    start tests/conformance -n 2 --dist loadscope
    run tests/unit tests/property tests/load tests/standin tests/test_golden.py -n 2 --dist worksteal -m 'not soak'
    finish
    # Four at a time: deploys wait for checks and graces more than they compute. What takes long and stays
    # together (`tests/scheduling.py`) comes first.
    run tests/docs/test_command_blocks.py tests/e2e/test_without_python.py tests/e2e tests/contract tests/docs \
        -n 4 --dist loadscope --no-loadscope-reorder -m 'not soak and not load'
    run tests/e2e -m 'load and not soak'
    ;;
soak)
    COMPOSEGEN_SOAK=1
    export COMPOSEGEN_SOAK
    start tests/property -n 2 --dist worksteal
    run tests/e2e tests/standin -n 3 --dist loadscope -m 'soak and not load'
    finish
    run tests/e2e -m 'soak and load'
    run tests/soak
    ;;
*) echo "usage: tests/run.sh test|soak" >&2 && exit 2 ;;
esac
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
