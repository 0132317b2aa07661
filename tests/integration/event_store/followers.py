"""A login outside the product: it may read the log and owns a schema of its own."""

import psycopg
from psycopg import conninfo

from tests.support.servers import TestDatabase

NAME = "test_follower"


def login(database: TestDatabase) -> str:
    """Return the connection string of the login; it is made once per server."""
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        found = owner.execute("SELECT FROM pg_roles WHERE rolname = %s", (NAME,)).fetchone()
        if found is None:
            owner.execute(f"CREATE ROLE {NAME} LOGIN IN ROLE ais_follower".encode())
        owner.execute(f"CREATE SCHEMA IF NOT EXISTS {NAME} AUTHORIZATION {NAME}".encode())
    return conninfo.make_conninfo(database.owner_dsn, user=NAME)
