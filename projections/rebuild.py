"""Rebuilds a read model beside the live one and switches readers over in one transaction.

It may be interrupted anywhere and started again: unfinished work starts again. Readers see a full
generation at every instant, first the old one and then the new.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import msgspec
import psycopg

from application.coordination import Lock
from projections import checking, generations, reading
from projections.generation_writer import GenerationWriter
from projections.projection import Connection, Cursor, Projection
from projections.reading import LogTables
from projections.registry import ALL

Progress = Callable[[int, int], None]
"""Called with the position reached and the end of the log."""

# Below deadlock_timeout: the switch is cancelled in favour of a reader, never the reverse.
SWITCH_LOCK_TIMEOUT_MS = 200
SWITCH_TRIES = 100
LOCK_TRIES = 20
SWITCH_PAUSE_SECONDS = 0.05


class RebuildUnderWay(Exception):
    """Another process is rebuilding the same read model."""


class RebuildRefused(Exception):
    """The new generation differs from the log, or could not be shown; the old one remains."""


class Rebuilt(msgspec.Struct, frozen=True):
    """The generation that readers see now, and its position."""

    projection: str
    generation: int
    position: int


def rebuild(dsn: str, name: str, progress: Progress) -> Rebuilt:
    """Build, catch up, check, switch, drop the old generation.

    Raises RebuildUnderWay, RebuildRefused, ProjectionStopped, psycopg.Error; after any of them
    readers see what they saw before.
    """
    with generations.connect(dsn) as connection:
        return rebuild_in(connection, name, progress, reading.LIVE)


def rebuild_in(connection: Connection, name: str, progress: Progress, tables: LogTables) -> Rebuilt:
    """Rebuild as `rebuild` does, from the log as this session reads it."""
    projection = ALL[name]
    old = generations.prepare(connection, projection)
    with _locked(connection, projection):
        with connection.transaction(), connection.cursor() as cursor:
            old = generations.current(cursor, name) or old
            generations.create(cursor, projection, old + 1)
        _build(GenerationWriter(connection, projection, old + 1, tables=tables), progress)
        found = checking.check_generation(connection, projection, old + 1, tables)
        if found:
            raise RebuildRefused(f"{name}: {len(found)} differences, first: {found[0]}")
        position = _switch(connection, projection, old, tables)
        _drop_others(connection, name, old + 1)
        progress(position, position)
        return Rebuilt(name, old + 1, position)


@contextmanager
def _locked(connection: Connection, projection: Projection) -> Iterator[None]:
    """Hold the lock; retries to take it, as an ended holder is noticed late."""
    key = generations.lock_key(Lock.PROJECTION_REBUILD, projection)
    for _ in range(LOCK_TRIES):
        row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", key).fetchone()
        assert row is not None
        if row[0]:
            break
        time.sleep(SWITCH_PAUSE_SECONDS)
    else:
        raise RebuildUnderWay(projection.name)
    try:
        yield
    finally:
        # A lost connection has no lock any more, and its own error is the one to show.
        with suppress(psycopg.Error):
            connection.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def _build(writer: GenerationWriter, progress: Progress) -> None:
    """Apply the log until less than a batch of it is left."""
    remaining = reading.BATCH_LIMIT
    while remaining >= reading.BATCH_LIMIT:
        with writer.connection.transaction(), writer.connection.cursor() as cursor:
            step = writer.step(cursor)
        writer.commit(step)
        remaining = step.head - step.upto
        progress(step.upto, step.head)


def _switch(connection: Connection, projection: Projection, old: int, tables: LogTables) -> int:
    for _ in range(SWITCH_TRIES):
        try:
            with connection.transaction(), connection.cursor() as cursor:
                return _switch_in(cursor, projection, old, tables)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            time.sleep(SWITCH_PAUSE_SECONDS)
    raise RebuildRefused(f"{projection.name}: long-running readers left no moment to switch")


def _switch_in(cursor: Cursor, projection: Projection, old: int, tables: LogTables) -> int:
    """Block the live runner, apply the rest of the log, show the new generation."""
    cursor.execute(
        "SELECT set_config('lock_timeout', %s, true), set_config('synchronous_commit', 'on', true)",
        (f"{SWITCH_LOCK_TIMEOUT_MS}ms",),
    )
    row = cursor.execute(
        "SELECT generation FROM projections.current_generation WHERE projection = %s FOR UPDATE",
        (projection.name,),
    ).fetchone()
    assert row == (old,), "only a rebuild changes the current generation, and it holds the lock"
    writer = GenerationWriter(cursor.connection, projection, old + 1, tables=tables)
    caught_up = False
    while not caught_up:
        step = writer.step(cursor)
        writer.commit(step)
        caught_up = step.upto == step.head
    _carry_stop(cursor, projection.name, old)
    generations.show(cursor, projection.name, old + 1)
    return writer.position


def _carry_stop(cursor: Cursor, name: str, old: int) -> None:
    """Carry a recorded stop over: nobody follows the log yet; a runner clears it at its start."""
    cursor.execute(
        "UPDATE projections.checkpoint AS new "
        "SET stopped_at = old.stopped_at, stopped_cause = old.stopped_cause "
        "FROM projections.checkpoint AS old "
        "WHERE old.projection = %s AND old.generation = %s AND old.stopped_at IS NOT NULL "
        "AND new.projection = old.projection AND new.generation = old.generation + 1",
        (name, old),
    )


def _drop_others(connection: Connection, name: str, kept: int) -> None:
    """Drop generations that no reader sees; one still being read stays until the next rebuild."""
    rows = connection.execute(
        "SELECT generation FROM projections.checkpoint "
        "WHERE projection = %s AND generation <> %s ORDER BY generation",
        (name, kept),
    ).fetchall()
    for (generation,) in rows:
        try:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('lock_timeout', %s, true)", (f"{SWITCH_LOCK_TIMEOUT_MS}ms",)
                )
                generations.drop(cursor, name, generation)
        except psycopg.errors.LockNotAvailable:
            continue
