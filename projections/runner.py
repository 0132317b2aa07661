"""Keeps read models current with the log: one leader per read model, batches, NOTIFY to wake.

A lost connection is opened again; an error of one read model leaves the others running.
"""

import functools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg

from application import metrics, telemetry
from application.coordination import Channel, Lock
from application.search_cache import CachedAnswers
from projections import generations
from projections.generation_writer import GenerationWriter
from projections.projection import Connection, Projection
from projections.registry import ALL

POLL_SECONDS = 0.5
LEADER_POLL_SECONDS = 0.1
LEADER_TRIES = 50
# A batch of more events is a rebuild, or of a busy log, and is in no trace.
TRACED_EVENTS = 50
BACKOFF_FIRST_SECONDS = 0.1
BACKOFF_LAST_SECONDS = 5.0

# A standby server reports the last of these.
LOST = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)

# Returns the address of the server to write to, and what raises psycopg.OperationalError once it
# is to be left for another one.
Choose = Callable[[], tuple[str, Callable[[], None]]]

_log = logging.getLogger(__name__)


# The part of an error's text that is recorded.
CAUSE_LENGTH = 500


class RunnerElsewhere(Exception):
    """Another process runs this read model already."""


def prepare_all(dsn: str) -> None:
    """Create an empty generation of each read model that has none, so that its views exist."""
    with generations.connect(dsn) as connection:
        for projection in ALL.values():
            generations.prepare(connection, projection)


def run_projection(
    dsn: str,
    projection: Projection,
    stop: threading.Event,
    answers: CachedAnswers | None = None,
    choose: Choose | None = None,
) -> None:
    """Follow the log until `stop` is set; raises ProjectionStopped when it must not go on.

    Cached `answers` that depend on the read model are dropped before it changes.

    With `choose` it is written where that says, and no longer than that says.
    A second runner of the same read model waits and takes over when the first ends. A lost
    connection or a read-only server is tried again; any other psycopg.Error is raised.
    """
    backoff = BACKOFF_FIRST_SECONDS
    while not stop.is_set():
        began = time.monotonic()
        try:
            address, require_newest = (choose or _chosen(dsn))()
            with generations.connect(address) as connection:
                while not stop.is_set():
                    require_newest()
                    if _try_to_lead(connection, projection):
                        _follow(connection, projection, stop, answers, require_newest)
                    stop.wait(LEADER_POLL_SECONDS)
        except LOST as error:
            if time.monotonic() - began > BACKOFF_LAST_SECONDS:
                backoff = BACKOFF_FIRST_SECONDS
            _log.warning("%s lost the database: %s", projection.name, type(error).__name__)
            stop.wait(backoff)
            backoff = min(2 * backoff, BACKOFF_LAST_SECONDS)


def _chosen(dsn: str) -> Choose:
    return lambda: (dsn, lambda: None)


def run_all(
    dsn: str,
    stop: threading.Event,
    answers: CachedAnswers | None = None,
    choose: Choose | None = None,
) -> dict[str, BaseException]:
    """Run every read model in a thread of its own until `stop`.

    Returns those that stopped by themselves, with the cause. Each is logged and recorded in its
    checkpoint at once, for readers and the health page; the others continue.
    """

    def report(name: str, run: Future[None]) -> None:
        if error := run.exception():
            _log.error("%s stopped: %s: %s", name, type(error).__name__, error, exc_info=error)
            record_stop(dsn, name, error, choose)

    with ThreadPoolExecutor(len(ALL), thread_name_prefix="projection") as threads:
        runs = {
            each.name: threads.submit(
                run_projection,
                dsn,
                each,
                stop,
                answers if each.cached_by is not None else None,
                choose,
            )
            for each in ALL.values()
        }
        for name, run in runs.items():
            run.add_done_callback(functools.partial(report, name))
    return {name: error for name, run in runs.items() if (error := run.exception())}


def record_stop(dsn: str, name: str, error: BaseException, choose: Choose | None = None) -> None:
    """Record in the current generation's checkpoint that it stopped, and why.

    There is no record where another runner leads by now: the read model runs. If the database
    cannot be reached there is none either; the growing lag then shows the stop.
    """
    cause = f"{type(error).__name__}: {error}"[:CAUSE_LENGTH].replace("\0", "")
    try:
        address, _ = (choose or _chosen(dsn))()
        with generations.connect(address) as connection:
            if not _await_lead(connection, ALL[name]):
                return
            connection.execute(
                "UPDATE projections.checkpoint AS c "
                "SET stopped_at = clock_timestamp(), stopped_cause = %s "
                "FROM projections.current_generation AS g "
                "WHERE g.projection = %s AND c.projection = g.projection "
                "AND c.generation = g.generation",
                (cause, name),
            )
    except psycopg.Error as failure:
        _log.warning("the stop of %s is not recorded: %s", name, type(failure).__name__)


def _clear_stop(connection: Connection, writer: GenerationWriter) -> None:
    """Clear the stop that an earlier run recorded: the read model runs again."""
    connection.execute(
        "UPDATE projections.checkpoint SET stopped_at = NULL, stopped_cause = NULL "
        "WHERE projection = %s AND generation = %s AND stopped_at IS NOT NULL",
        (writer.projection.name, writer.generation),
    )


def catch_up(dsn: str, projection: Projection) -> int:
    """Apply all events up to now, without following; returns the position reached.

    Raises RunnerElsewhere when another runner leads and does not end, ProjectionStopped, and
    psycopg.Error.
    """
    with generations.connect(dsn) as connection:
        if not _await_lead(connection, projection):
            raise RunnerElsewhere(projection.name)
        writer = _writer(connection, projection)
        while not _step(connection, writer):
            pass
        _clear_stop(connection, writer)
        return writer.position


def _await_lead(connection: Connection, projection: Projection) -> bool:
    """Take the leader's lock; False where another runner leads and does not end."""
    for _ in range(LEADER_TRIES):
        if _try_to_lead(connection, projection):
            return True
        time.sleep(LEADER_POLL_SECONDS)
    return False


def _try_to_lead(connection: Connection, projection: Projection) -> bool:
    """Take the leader's lock, if it is free; the connection holds it until it ends."""
    key = generations.lock_key(Lock.PROJECTION_LEADER, projection)
    row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", key).fetchone()
    assert row is not None
    return bool(row[0])


def _follow(
    connection: Connection,
    projection: Projection,
    stop: threading.Event,
    answers: CachedAnswers | None,
    require_newest: Callable[[], None],
) -> None:
    connection.execute(f"LISTEN {Channel.LOG}".encode())
    writer = _writer(connection, projection, answers)
    recorded_stop = True
    while not stop.is_set():
        require_newest()
        caught_up = _step(connection, writer)
        if recorded_stop:
            _clear_stop(connection, writer)
            recorded_stop = False
        if not caught_up:
            continue
        stop.wait(projection.pause_seconds)
        for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
            pass
        if writer.generation != _current(connection, projection):
            writer = _writer(connection, projection, answers)


def _writer(
    connection: Connection, projection: Projection, answers: CachedAnswers | None = None
) -> GenerationWriter:
    if answers is not None:
        answers.begin()
    generation = generations.prepare(connection, projection)
    return GenerationWriter(connection, projection, generation, answers=answers)


def _current(connection: Connection, projection: Projection) -> int | None:
    with connection.cursor() as cursor:
        return generations.current(cursor, projection.name)


def _step(connection: Connection, writer: GenerationWriter) -> bool:
    """Apply one batch in one transaction; return True when there is nothing more for now.

    The row of the current generation is locked, so that a switch to another one falls between
    two batches.
    """
    began, began_ns, before = time.perf_counter(), time.time_ns(), writer.position
    with connection.transaction(), connection.cursor() as cursor:
        row = cursor.execute(
            "SELECT generation FROM projections.current_generation WHERE projection = %s FOR SHARE",
            (writer.projection.name,),
        ).fetchone()
        if row is None or row[0] != writer.generation:
            return True
        step = writer.step(cursor)
    writer.commit(step)
    if step.upto > before:
        name = writer.projection.name
        metrics.BATCH_SECONDS.record(time.perf_counter() - began, name)
        metrics.BATCH_EVENTS.add(name, amount=step.upto - before)
        _trace(connection, name, after=before, upto=step.upto, began_ns=began_ns)
    return step.upto == step.head


def _trace(connection: Connection, name: str, *, after: int, upto: int, began_ns: int) -> None:
    """Add the batch to the traces of the requests whose events it holds, if they are few."""
    if upto - after > TRACED_EVENTS or not telemetry.admits("projection"):
        return
    rows = connection.execute(
        "SELECT DISTINCT correlation_id FROM ledger.event WHERE position > %s AND position <= %s",
        (after, upto),
    ).fetchall()
    ids = [correlation_id for (correlation_id,) in rows]
    telemetry.past_step("project", ids, began_ns=began_ns, read_model=name)
