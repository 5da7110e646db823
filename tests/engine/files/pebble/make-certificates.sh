#!/bin/sh
# Make pebble's own HTTPS certificate, and the CA that its clients are to trust.
set -eu
mkdir -p "$1" && cd "$1"
key="ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req -x509 -newkey $key -keyout pebble.minica.key -out pebble.minica.pem -days 3650 \
    -subj "/CN=pebble test CA" -addext "keyUsage=critical,keyCertSign,cRLSign"
openssl req -newkey $key -keyout pebble.key -out pebble.csr -subj "/CN=pebble"
cat > extensions <<'EXT'
subjectAltName = DNS:pebble, DNS:acme, DNS:localhost, DNS:host.docker.internal, IP:127.0.0.1
extendedKeyUsage = serverAuth
EXT
openssl x509 -req -in pebble.csr -CA pebble.minica.pem -CAkey pebble.minica.key -days 3650 \
    -extfile extensions -out pebble.pem
chmod 644 ./*
rm pebble.csr extensions
