#!/bin/sh
# The logins of the roles, as members of the groups that the migrations made. Repeated at each start:
# a password that has changed is set.
set -eu
secrets="${SECRETS_DIR:-/run/secrets}"
export PGPASSWORD="${PGPASSWORD:-$(cat "$secrets/postgres_password")}"
psql --quiet --set ON_ERROR_STOP=1 \
    --set application="$(cat "$secrets/application_password")" \
    --set projector="$(cat "$secrets/projector_password")" \
    --set reader="$(cat "$secrets/reader_password")" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN IN ROLE %I', login, role)
FROM (VALUES
    ('ais_app', 'ais_application'), ('ais_readmodels', 'ais_projector'), ('ais_reporting', 'ais_reader')
) AS wanted (login, role)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login)
\gexec
SET password_encryption = 'scram-sha-256';
ALTER ROLE ais_app PASSWORD :'application';
ALTER ROLE ais_readmodels PASSWORD :'projector';
ALTER ROLE ais_reporting PASSWORD :'reader';
SQL
