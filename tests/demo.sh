#!/bin/sh
# make demo: compiles examples/hello, starts it and fetches its page over https, as a user would, with a
# certificate of a local authority. `sh tests/demo.sh down` ends it and deletes all of it.
set -eu
cd "$(dirname -- "$0")/.."
unset MAKEFLAGS MAKELEVEL MFLAGS # `make demo` runs this; the project's own make starts afresh
bin=$(cd "${VENV:-.venv}/bin" && pwd)
state=${COMPOSEGEN_TEST_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/composegen-test}
# shellcheck source=/dev/null
. "$state/env"
name=${DEMO_NAME:-composegen-demo}
folder=$state/demo/$name
http=${DEMO_HTTP_PORT:-8080}
https=${DEMO_HTTPS_PORT:-8443}

if [ "${1:-}" = down ]; then
    [ -d "$folder" ] || exit 0
    (cd "$folder" && YES=$name ALL=1 make --no-print-directory destroy)
    rm -rf "$folder"
    exit 0
fi

mkdir -p "$folder"
cp examples/hello/Dockerfile examples/hello/index.html "$folder/"
cat >"$folder/.env" <<ENV
COMPOSEGEN_TLS=local
COMPOSEGEN_BIND=127.0.0.1
COMPOSEGEN_HTTP_PORT=$http
COMPOSEGEN_HTTPS_PORT=$https
COMPOSEGEN_DOCKER_SOCKET=$COMPOSEGEN_DOCKER_SOCKET
SITE_HOST=hello.localhost
ENV
cd "$folder"
echo '$ composegen build'
"$bin/composegen" build
echo '$ make up'
make --no-print-directory up
docker run --rm -v "${name}_certificates:/c:ro" busybox:musl cat /c/ca.pem >ca.pem
"$bin/python" - "$https" <<'PYTHON'
import socket
import ssl
import sys

port = int(sys.argv[1])
context = ssl.create_default_context(cafile="ca.pem")
with socket.create_connection(("127.0.0.1", port), 10) as plain:
    with context.wrap_socket(plain, server_hostname="hello.localhost") as tls:
        tls.sendall(b"GET / HTTP/1.1\r\nHost: hello.localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := tls.recv(65536):
            answer += part
        head, _, body = answer.partition(b"\r\n\r\n")
        print(f"\n$ curl --cacert ca.pem https://hello.localhost:{port}/")
        print(head.decode().splitlines()[0], "over", tls.version())
        print(body.decode())
        sys.exit(0 if b" 200 " in head.splitlines()[0] and b"Hello" in body else 1)
PYTHON
echo "The project is in $folder; \`make demo-down\` ends it."
