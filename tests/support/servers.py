"""Real servers for tests: one Postgres and one Valkey per test process, a database per test."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg

from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import migrate, roles

TEMPLATE = "ais_template"
_numbers = itertools.count(1)


class TestDatabase(msgspec.Struct, frozen=True):
    """A migrated database of its own: `owner_dsn` may do everything, `app_dsn` what the app may."""

    __test__ = False

    owner_dsn: str
    app_dsn: str


@contextmanager
def private_folder() -> Iterator[Path]:
    """A short folder that the servers' account can pass through; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="ais-t-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_template(server: EmbeddedPostgres) -> None:
    """Migrate a template once, so that each test's database is a copy of files."""
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}".encode())
    migrate.migrate(server.dsn(TEMPLATE))
    roles.create_logins(server.dsn(TEMPLATE))


@contextmanager
def fresh_database(server: EmbeddedPostgres) -> Iterator[TestDatabase]:
    """A copy of the template, dropped at the end."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}".encode())
    try:
        yield TestDatabase(
            owner_dsn=server.dsn(name), app_dsn=server.dsn(name, roles.APPLICATION_LOGIN)
        )
    finally:
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
