#!/bin/sh
# The logins of the roles, as members of the groups that the migrations made. Repeated at each start:
# a password that has changed is set. No argument shows one, and neither does the server's log.
set -eu
export SECRETS="${SECRETS_DIR:-/run/secrets}"
for name in application projector reader; do
    test -s "$SECRETS/${name}_password"
done
export PGPASSWORD="${PGPASSWORD:-$(cat "$SECRETS/postgres_password")}"
psql --quiet --set ON_ERROR_STOP=1 <<'SQL'
SELECT format('CREATE ROLE %I LOGIN IN ROLE %I', login, role)
FROM (VALUES
    ('ais_app', 'ais_application'), ('ais_readmodels', 'ais_projector'), ('ais_reporting', 'ais_reader')
) AS wanted (login, role)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login)
\gexec
\set application `cat "$SECRETS/application_password"`
\set projector `cat "$SECRETS/projector_password"`
\set reader `cat "$SECRETS/reader_password"`
SET password_encryption = 'scram-sha-256';
SET log_statement = none;
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
ALTER ROLE ais_app PASSWORD :'application';
ALTER ROLE ais_readmodels PASSWORD :'projector';
ALTER ROLE ais_reporting PASSWORD :'reader';
SQL
