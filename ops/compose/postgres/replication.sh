#!/bin/sh
# Runs once, when the cluster is made: the account of the standby, its slot, and its way in. From the
# next start on every commit waits for the standby. No argument shows the password, and neither does
# the server's log.
set -eu
export PASSWORD_FILE="${REPLICATION_PASSWORD_FILE:-/run/secrets/replication_password}"
test -s "$PASSWORD_FILE"
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\set password `cat "$PASSWORD_FILE"`
SET password_encryption = 'scram-sha-256';
SET log_statement = none;
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
CREATE ROLE ais_standby LOGIN REPLICATION PASSWORD :'password';
SELECT pg_create_physical_replication_slot('ais_standby', true);
ALTER SYSTEM SET synchronous_standby_names = 'ais_standby';
SQL
echo "host replication ais_standby all scram-sha-256" >> "$PGDATA/pg_hba.conf"
