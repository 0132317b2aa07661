"""Keeps read models up with the log: one leader per read model, batches, wake-up by NOTIFY.

A lost connection is taken up again; a ProjectionStopped ends that read model only.
"""

import logging
import threading
import time

import psycopg

from projections import generations
from projections.catalogue import ALL
from projections.generation_writer import GenerationWriter
from projections.projection import Connection, Projection, ProjectionStopped

CHANNEL = "ais_log"
POLL_SECONDS = 0.5
LEADER_POLL_SECONDS = 0.1
LEADER_TRIES = 50
# After a batch that reached the head: lets the next one collect what a busy log appends meanwhile.
PAUSE_SECONDS = 0.03
BACKOFF_FIRST_SECONDS = 0.1
BACKOFF_LAST_SECONDS = 5.0

_log = logging.getLogger(__name__)


class RunnerElsewhere(Exception):
    """Another process runs this read model already."""


def prepare_all(dsn: str) -> None:
    """Make every read model that has no generation yet, empty, so that readers find its views."""
    with generations.connect(dsn) as connection:
        for projection in ALL.values():
            generations.prepare(connection, projection)


def run_projection(dsn: str, projection: Projection, stop: threading.Event) -> None:
    """Follow the log until `stop` is set; raises ProjectionStopped when it must not go on.

    A second runner of the same read model waits and takes over when the first is gone. A lost
    connection is taken up again; any other psycopg.Error is raised.
    """
    backoff = BACKOFF_FIRST_SECONDS
    while not stop.is_set():
        try:
            with generations.connect(dsn) as connection:
                backoff = BACKOFF_FIRST_SECONDS
                while not stop.is_set():
                    if _try_to_lead(connection, projection):
                        _follow(connection, projection, stop)
                    stop.wait(LEADER_POLL_SECONDS)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            _log.warning("%s lost the database: %s", projection.name, type(error).__name__)
            stop.wait(backoff)
            backoff = min(2 * backoff, BACKOFF_LAST_SECONDS)


def run_all(dsn: str, stop: threading.Event) -> dict[str, Exception]:
    """Run every read model in a thread of its own until `stop`.

    Returns those that stopped by themselves, with the ProjectionStopped or psycopg.Error.
    """
    stopped: dict[str, Exception] = {}

    def run(projection: Projection) -> None:
        try:
            run_projection(dsn, projection, stop)
        except (ProjectionStopped, psycopg.Error) as error:
            stopped[projection.name] = error
            _log.error("%s stopped: %s: %s", projection.name, type(error).__name__, error)

    threads = [threading.Thread(target=run, args=(p,), name=p.name) for p in ALL.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return stopped


def catch_up(dsn: str, projection: Projection) -> int:
    """Take in all there is now, without following; returns the position reached.

    Raises RunnerElsewhere when another runner leads and does not end, ProjectionStopped, and
    psycopg.Error.
    """
    with generations.connect(dsn) as connection:
        for _ in range(LEADER_TRIES):
            if _try_to_lead(connection, projection):
                break
            time.sleep(LEADER_POLL_SECONDS)
        else:
            raise RunnerElsewhere(projection.name)
        writer = _writer(connection, projection)
        while not _step(connection, writer):
            pass
        return writer.position


def _try_to_lead(connection: Connection, projection: Projection) -> bool:
    """Take the leader's lock, which lives as long as the connection, if it is free."""
    key = (generations.LEADER_LOCK, generations.lock_key(projection.name))
    row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", key).fetchone()
    assert row is not None
    return bool(row[0])


def _follow(connection: Connection, projection: Projection, stop: threading.Event) -> None:
    connection.execute(f"LISTEN {CHANNEL}")
    writer = _writer(connection, projection)
    while not stop.is_set():
        if not _step(connection, writer):
            continue
        stop.wait(PAUSE_SECONDS)
        for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
            pass
        if writer.generation != _current(connection, projection):
            writer = _writer(connection, projection)


def _writer(connection: Connection, projection: Projection) -> GenerationWriter:
    return GenerationWriter(connection, projection, generations.prepare(connection, projection))


def _current(connection: Connection, projection: Projection) -> int | None:
    with connection.cursor() as cursor:
        return generations.current(cursor, projection.name)


def _step(connection: Connection, writer: GenerationWriter) -> bool:
    """One batch in one transaction; True when nothing more is to be done for now.

    The row of the current generation is locked, so that a switch to another one falls between
    two batches.
    """
    with connection.transaction(), connection.cursor() as cursor:
        row = cursor.execute(
            "SELECT generation FROM projections.current_generation WHERE projection = %s FOR SHARE",
            (writer.projection.name,),
        ).fetchone()
        if row is None or row[0] != writer.generation:
            return True
        step = writer.step(cursor)
    writer.commit(step)
    return step.upto == step.head
