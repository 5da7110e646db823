#!/bin/sh
# What the official image's entrypoint does, as far as compose files rely on it.
set -eu

# from_file NAME: take the value from the file ${NAME}_FILE when that is set.
from_file() {
    eval "value=\${$1:-} file=\${$1_FILE:-}"
    if [ -n "$value" ] && [ -n "$file" ]; then
        echo >&2 "error: both $1 and $1_FILE are set (but are exclusive)"
        exit 1
    fi
    if [ -n "$file" ]; then value=$(cat "$file"); fi
    eval "$1=\$value; unset $1_FILE"
}

make_cluster() {
    if [ -z "$POSTGRES_PASSWORD" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
        echo >&2 "Error: Database is uninitialized and superuser password is not specified."
        echo >&2 "       You must specify POSTGRES_PASSWORD to a non-empty value."
        exit 1
    fi
    printf '%s\n' "$POSTGRES_PASSWORD" > /tmp/pw
    password=--pwfile=/tmp/pw
    [ -n "$POSTGRES_PASSWORD" ] || password=
    # shellcheck disable=SC2086
    initdb --username="$POSTGRES_USER" --auth-host=scram-sha-256 --auth-local=trust \
        --no-sync $password ${POSTGRES_INITDB_ARGS:-}
    rm /tmp/pw
    printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" \
        >> "$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -w start -o "-c listen_addresses='' -p ${PGPORT:-5432}"
    if [ "$POSTGRES_DB" != postgres ]; then
        createdb --username="$POSTGRES_USER" --maintenance-db=postgres -- "$POSTGRES_DB"
    fi
    for script in /docker-entrypoint-initdb.d/*; do
        case $script in
            *.sh) . "$script" ;;
            *.sql) psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$POSTGRES_USER" -d "$POSTGRES_DB" \
                -f "$script" ;;
        esac
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
    echo "PostgreSQL init process complete; ready for start up."
}

if [ "${1#-}" != "$1" ]; then set -- postgres "$@"; fi
if [ "$1" = postgres ]; then
    if [ "$(id -u)" = 0 ]; then
        mkdir -p "$PGDATA" /run/postgresql
        chmod 700 "$PGDATA"
        chown -R postgres "$PGDATA"
        exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
    fi
    from_file POSTGRES_PASSWORD
    from_file POSTGRES_USER
    from_file POSTGRES_DB
    POSTGRES_USER=${POSTGRES_USER:-postgres}
    POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
    export POSTGRES_USER POSTGRES_DB
    [ -s "$PGDATA/PG_VERSION" ] || make_cluster
fi
exec "$@"
