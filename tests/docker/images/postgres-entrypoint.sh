#!/bin/sh
# What the real image does of its entry point as far as docker-compose.yml asks for it: the first start makes the database
# with a password from a file, and runs the scripts on a server that answers on its socket alone.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # The arguments are words, as in the real image.
    # shellcheck disable=SC2086
    initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" $POSTGRES_INITDB_ARGS
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
    pg_ctl --wait --options="-c listen_addresses=''" start
    PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
    export PGPASSWORD
    for script in /docker-entrypoint-initdb.d/*.sh; do "$script"; done
    unset PGPASSWORD
    pg_ctl --wait --mode=fast stop
fi
exec "$@"
