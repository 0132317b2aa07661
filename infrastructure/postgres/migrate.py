"""Brings a database to the newest schema: numbered SQL files, each once, each in a transaction.

A file that has changed since it was applied stops the run: stored history is never rewritten.
The files named `pre` only add, so that the release before works with them: they are applied before
its processes are replaced. Those named `post` take away what only that release needed.
"""

import hashlib
import importlib.resources
from collections.abc import Callable, Collection, Sequence
from typing import Literal

import msgspec
import psycopg

from application.coordination import Lock

LOCK_TIMEOUT = "10s"
Phase = Literal["pre", "post"]


class MigrationRefused(Exception):
    """An applied file is missing or differs from what was applied, or an earlier phase is left.

    Phase `pre` lets those be missing that are newer than all files: a later release added them, and
    this one is gone back to.
    """


class Migration(msgspec.Struct, frozen=True):
    """One file: its number, its name and its text."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def phase(self) -> Phase:
        """When it is applied: before the processes of the release before are replaced, or after."""
        return "post" if self.name[5:].startswith("post_") else "pre"


def migrations() -> list[Migration]:
    """Return all files of this release in order of their number."""
    folder = importlib.resources.files("infrastructure.postgres") / "migrations"
    found = [
        Migration(int(entry.name[:4]), entry.name, entry.read_text("utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    ]
    found.sort(key=lambda migration: migration.number)
    assert len({migration.number for migration in found}) == len(found)
    return found


def migrate(
    dsn: str,
    *,
    phase: Phase | None = None,
    wanted: Sequence[Migration] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Apply what is missing as the owner of the schema; returns the names applied.

    With a phase only its files, unless the database is new; `wanted` is all files of another
    release than this one. Raises MigrationRefused when history and files differ or when a file of
    the other phase has to be applied first, psycopg.Error when SQL fails; a file that failed
    changed nothing. Concurrent callers wait for each other.
    """
    wanted = migrations() if wanted is None else wanted
    applied: list[str] = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (Lock.MIGRATION,))
        connection.execute("SELECT set_config('lock_timeout', %s, false)", (LOCK_TIMEOUT,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS public.schema_migration (number integer PRIMARY KEY, "
            "name text NOT NULL, checksum text NOT NULL, "
            "applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
        )
        rows = connection.execute("SELECT number, checksum FROM public.schema_migration")
        done: dict[int, str] = dict(rows.fetchall())
        for number in _of_later_releases(done, wanted) if phase == "pre" else ():
            progress(f"{number:04d} is of a later release, and stays")
            del done[number]
        _require_same_history(done, wanted)
        missing = [migration for migration in wanted if migration.number not in done]
        # On a new database nothing runs yet, so that it gets everything at once.
        for migration in _of_phase(missing, phase) if done else missing:
            progress(f"applying {migration.name}")
            with connection.transaction():
                connection.execute(migration.sql.encode())
                connection.execute(
                    "INSERT INTO public.schema_migration (number, name, checksum) "
                    "VALUES (%s, %s, %s)",
                    (migration.number, migration.name, migration.checksum),
                )
            applied.append(migration.name)
    return applied


def _of_phase(missing: Sequence[Migration], phase: Phase | None) -> Sequence[Migration]:
    """The missing files of the phase, none of which may come after a missing one of the other.

    A release numbers its `post` files last. So a `post` file before a `pre` file is of an earlier
    release, whose upgrade was not finished.
    """
    if phase is None:
        return missing
    chosen = [migration for migration in missing if migration.phase == phase]
    for migration in missing:
        if chosen and migration.phase != phase and migration.number < chosen[-1].number:
            raise MigrationRefused(
                f"{migration.name} has to be applied first: ais migrate --phase {migration.phase}"
            )
    return chosen


def _of_later_releases(done: Collection[int], wanted: Sequence[Migration]) -> list[int]:
    newest = max(migration.number for migration in wanted)
    return sorted(number for number in done if number > newest)


def _require_same_history(done: dict[int, str], wanted: Sequence[Migration]) -> None:
    checksums = {migration.number: migration.checksum for migration in wanted}
    for number, checksum in done.items():
        if number not in checksums:
            raise MigrationRefused(f"migration {number:04d} was applied but has no file")
        if checksums[number] != checksum:
            raise MigrationRefused(f"migration {number:04d} has changed since it was applied")
