"""The login roles of the demo, of tests and of benchmarks; production creates its own.

Web, worker and scheduler log in as `ais_app`: it may execute the append and has no INSERT on the
log. The projector logs in as `ais_readmodels`: it reads the log and owns the read models. The login
of a replica, `ais_reporting`, reads and can write nothing.
"""

import psycopg

from application.coordination import Lock

APPLICATION_LOGIN = "ais_app"
PROJECTOR_LOGIN = "ais_readmodels"
READER_LOGIN = "ais_reporting"

_LOGINS = {
    APPLICATION_LOGIN: "ais_application",
    PROJECTOR_LOGIN: "ais_projector",
    READER_LOGIN: "ais_reader",
}


def create_logins(owner_dsn: str) -> None:
    """Create the logins, once per cluster, as members of their group roles."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (Lock.LOGIN_CREATION,))
        for login, group in _LOGINS.items():
            found = connection.execute(
                "SELECT FROM pg_roles WHERE rolname = %s", (login,)
            ).fetchone()
            if found is None:
                connection.execute(f"CREATE ROLE {login} LOGIN IN ROLE {group}".encode())
