"""Real servers for tests: one Postgres and one Valkey per test process, a database per test."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec
import psycopg

from infrastructure.embedded import account
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import migrate, roles
from projections import runner

TEMPLATE = "ais_template"
READ_MODELS = "ais_template_read_models"
DISK = Path("/tmp")
MEMORY = Path("/dev/shm")
ROOM_BYTES = 3 * 2**30
_numbers = itertools.count(1)


class TestDatabase(msgspec.Struct, frozen=True):
    """A migrated database of its own: `owner_dsn` may do everything, `app_dsn` what the app may."""

    __test__ = False

    owner_dsn: str
    app_dsn: str


@contextmanager
def private_folder(base: Path = DISK) -> Iterator[Path]:
    """A short folder that the servers' account can pass through; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="ais-t-", dir=base))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def quick_folder() -> AbstractContextManager[Path]:
    """A private folder in memory where the system has room there, else on disk.

    To copy a database on a disk takes ten times the processor time.
    """
    return private_folder(MEMORY if _memory_will_do() else DISK)


def _memory_will_do() -> bool:
    """Whether there is such a folder, the servers' account may enter it, and programs may run."""
    if not MEMORY.is_dir() or not account.unprivileged().passes(MEMORY):
        return False
    found = os.statvfs(MEMORY)
    has_room = found.f_bavail * found.f_frsize >= ROOM_BYTES
    return has_room and not found.f_flag & os.ST_NOEXEC


def careless_postgres(folder: Path) -> EmbeddedPostgres:
    """A server that keeps little on disk and flushes nothing."""
    return EmbeddedPostgres(folder, durable=False, settings={"max_wal_size": "512MB"})


def make_template(server: EmbeddedPostgres) -> None:
    """Migrate a template once, so that each test's database is a copy of files."""
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}".encode())
    migrate.migrate(server.dsn(TEMPLATE))
    roles.create_logins(server.dsn(TEMPLATE))


def make_template_of_read_models(server: EmbeddedPostgres) -> None:
    """Prepare another template, in which every read model has its tables; once for a server."""
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        known = "SELECT FROM pg_database WHERE datname = %s"
        if connection.execute(known, (READ_MODELS,)).fetchone() is not None:
            return
        connection.execute(f"CREATE DATABASE {READ_MODELS} TEMPLATE {TEMPLATE}".encode())
    runner.prepare_all(server.dsn(READ_MODELS, roles.PROJECTOR_LOGIN))


@contextmanager
def fresh_database(server: EmbeddedPostgres, template: str = TEMPLATE) -> Iterator[TestDatabase]:
    """A copy of a template, dropped at the end."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        # A copy of files: to write the template through the log costs twice as much.
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy".encode()
        )
    try:
        yield TestDatabase(
            owner_dsn=server.dsn(name), app_dsn=server.dsn(name, roles.APPLICATION_LOGIN)
        )
    finally:
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
