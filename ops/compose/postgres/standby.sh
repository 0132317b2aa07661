#!/bin/sh
# A copy of the primary at the first start; afterwards it follows. An unfinished copy is made again.
set -eu
export PGPASSFILE="${PGPASSFILE:-/tmp/pgpass}"
umask 077
printf '*:*:*:ais_standby:%s\n' \
    "$(cat "${REPLICATION_PASSWORD_FILE:-/run/secrets/replication_password}")" > "$PGPASSFILE"
source="host=$PRIMARY_HOST port=${PRIMARY_PORT:-5432} user=ais_standby application_name=ais_standby"
if [ ! -e "$PGDATA/PG_VERSION" ]; then
    rm -rf "$PGDATA.unfinished"
    mkdir -p "$(dirname "$PGDATA")"
    pg_basebackup --pgdata "$PGDATA.unfinished" --dbname "$source passfile=$PGPASSFILE" \
        --slot ais_standby --wal-method stream --checkpoint fast --write-recovery-conf
    mv "$PGDATA.unfinished" "$PGDATA"
fi
# Promoted, it must not wait for itself. An argument would do, but outranks what is set after that.
if [ -e "$PGDATA/standby.signal" ]; then
    sed -i '/synchronous_standby_names/d' "$PGDATA/postgresql.auto.conf"
fi
exec postgres -D "$PGDATA" -c "config_file=${POSTGRES_CONFIG:-/ops/postgresql.conf}" "$@"
