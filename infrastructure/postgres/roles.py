"""The login roles of the demo, of tests and of benchmarks; production makes its own.

`ais_app` is what web, worker and scheduler log in as: it may execute the append and has no
INSERT on the log. `ais_projector` is made by the migrations and owns the read models.
"""

import psycopg

APPLICATION_LOGIN = "ais_app"


def create_logins(owner_dsn: str) -> None:
    """Make the login of the application, once per cluster, as a member of its group role."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(7303)")
        found = connection.execute(
            "SELECT FROM pg_roles WHERE rolname = %s", (APPLICATION_LOGIN,)
        ).fetchone()
        if found is None:
            connection.execute("CREATE ROLE ais_app LOGIN IN ROLE ais_application")
