#!/bin/sh
# Runs once, when the cluster is made: the account of the standby, its slot, and its way in. From the
# next start on every commit waits for the standby.
set -eu
password=$(cat "${REPLICATION_PASSWORD_FILE:-/run/secrets/replication_password}")
psql --set ON_ERROR_STOP=1 --set password="$password" \
    --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
SET password_encryption = 'scram-sha-256';
CREATE ROLE ais_standby LOGIN REPLICATION PASSWORD :'password';
SELECT pg_create_physical_replication_slot('ais_standby', true);
ALTER SYSTEM SET synchronous_standby_names = 'ais_standby';
SQL
echo "host replication ais_standby all scram-sha-256" >> "$PGDATA/pg_hba.conf"
