"""`ais bench append`: the log against the stock recorder of `eventsourcing`, and its delivery.

Both sides write the same payload bytes, one event per save, to one durable server from one
process; in turns, medians of three. Delivery counts the errors that a tailing reader sees.
"""

import asyncio
import datetime as dt
import functools
import json
import os
import statistics
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence

import msgspec
import psycopg
import uvloop
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from rich.console import Console
from rich.table import Table

from application import ports
from application.commands import stream_kinds
from application.commands.command import Command, CommandEnvelope, Reply
from application.commands.context import DecisionContext
from application.commands.dispatcher import Dispatcher
from domain.booking.events import BookingInitiated
from domain.booking.values import Passenger, Segment
from domain.kernel import ids, sealed
from domain.pricing.price import CouponPrice, Price
from infrastructure.event_store import arrays, codec, statement
from infrastructure.event_store.log import PostgresEventLog
from infrastructure.event_store.statement import Row
from infrastructure.postgres import pool as pools
from tests.bench import bench_setup
from tests.bench.result import Case

ROUNDS = 3
SECONDS = 3.0
CALLERS = 32
STOCK_BAR = 5.0
WRITERS = 8
DELIVERED = 100_000
BATCH = 50
READ_LIMIT = 1_000


class Draft(Command, frozen=True):
    """A command of one event on a stream of its own."""

    event: BookingInitiated

    def decide(self, context: DecisionContext) -> Reply:
        """Begin a booking that reads nothing."""
        booking_id = f"booking-{context.random_bytes(10).hex()}"
        assert context.begin(stream_kinds.BOOKING, booking_id)
        context.record(booking_id, [self.event])
        return Reply(booking_id)


def _event() -> BookingInitiated:
    box = sealed.Sealed("sub_" + "a" * 26, os.urandom(60))
    return BookingInitiated(
        owner="user_1",
        segments=(Segment(ids.flight_stream("SV1023", "2026-12-24"), "Y", "Y"),),
        passengers=(Passenger("ADT", box),),
        contact=box,
        price=Price("SAR", (CouponPrice(0, 0, 40_000, 0, 0),)),
    )


def run(*, as_json: bool) -> int:
    """Measure, print, and return 0 when every bar holds."""
    console = Console(stderr=as_json)
    with bench_setup.stage() as stage:
        console.print(f"durability: {stage.durability}")
        assert set(stage.durability.values()) == {"on"}
        cases = [_against_stock(stage, console), _delivery(stage, console)]
    _show(console, cases)
    if as_json:
        print(json.dumps({"bench": "append", "cases": msgspec.to_builtins(cases)}))
    return 0 if all(case.holds for case in cases) else 1


def _against_stock(stage: bench_setup.Stage, console: Console) -> Case:
    event = _event()
    console.print(f"payload: {len(codec.encode(event))} bytes")
    ours: list[float] = []
    stock: list[float] = []
    with _stock_datastore(stage.owner_dsn) as datastore:
        recorder = PostgresApplicationRecorder(datastore)
        recorder.create_table()
        for number in range(ROUNDS):
            ours.append(uvloop.run(_our_rate(stage.environment["AIS_DATABASE_URL"], event)))
            stock.append(_stock_rate(recorder, codec.encode(event)))
            console.print(
                f"stock-32 round {number + 1}: ours {ours[-1]:,.0f}/s, stock {stock[-1]:,.0f}/s"
            )
    ratio = statistics.median(ours) / statistics.median(stock)
    return Case(
        case="stock-32",
        ours=round(statistics.median(ours), 1),
        reference=round(statistics.median(stock), 1),
        ratio=round(ratio, 2),
        bar=STOCK_BAR,
        holds=ratio >= STOCK_BAR,
        unit="1/s",
    )


async def _our_rate(dsn: str, event: BookingInitiated) -> float:
    """Accepted commands per second of 32 callers in one event loop."""
    pool = pools.make_pool(dsn)
    await pool.open()
    log = PostgresEventLog(dsn, pool)
    dispatcher = Dispatcher(
        log=log,
        clock=lambda: dt.datetime.now(dt.UTC),
        random_bytes=os.urandom,
    )
    dispatcher.start()
    loop = asyncio.get_running_loop()
    begin = loop.time()

    async def call() -> int:
        done = 0
        while loop.time() < begin + SECONDS:
            envelope = CommandEnvelope(
                id=uuid.uuid4(),
                command=Draft(event),
                actor="bench",
                correlation_id="bench",
                deadline=loop.time() + 10,
            )
            outcome = await dispatcher.submit(envelope)
            assert not outcome.replayed
            done += 1
        return done

    counts = await asyncio.gather(*(call() for _ in range(CALLERS)))
    rate = sum(counts) / (loop.time() - begin)
    await dispatcher.stop()
    await log.close()
    await pool.close()
    return rate


def _stock_datastore(dsn: str) -> PostgresDatastore:
    """Return what the library's factory makes without settings."""
    words = dict(word.split("=", 1) for word in dsn.split())
    return PostgresDatastore(
        dbname=words["dbname"],
        host=words["host"],
        port=words["port"],
        user=words["user"],
        password="",
        connect_timeout=30,
        idle_in_transaction_session_timeout=5,
        pool_size=5,
        max_overflow=10,
    )


def _stock_rate(recorder: PostgresApplicationRecorder, payload: bytes) -> float:
    """Saves per second of 32 threads."""
    counts = [0] * CALLERS
    begin = time.perf_counter()

    def save(number: int) -> None:
        while time.perf_counter() < begin + SECONDS:
            stored = StoredEvent(uuid.uuid4(), 1, BookingInitiated.tag, payload)
            assert recorder.insert_events([stored])
            counts[number] += 1

    _in_threads([functools.partial(save, number) for number in range(CALLERS)])
    return sum(counts) / (time.perf_counter() - begin)


def _in_threads(works: Sequence[Callable[[], None]]) -> None:
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as failure:  # noqa: BLE001 - raised again by the waiting thread
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _delivery(stage: bench_setup.Stage, console: Console) -> Case:
    """Run 8 writers, with some appends rolled back, and a reader that only reads forward."""
    dsn = stage.environment["AIS_DATABASE_URL"]
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT coalesce(max(position), 0) FROM ledger.event").fetchone()
    assert row is not None
    start = int(row[0])
    written = [0] * WRITERS
    finished = threading.Event()
    faults: list[str] = []
    begin = time.perf_counter()

    def write(number: int) -> None:
        written[number] = _write(dsn, number)

    def write_all() -> None:
        try:
            _in_threads([functools.partial(write, number) for number in range(WRITERS)])
        finally:
            finished.set()

    _in_threads([write_all, lambda: faults.extend(_tail(dsn, start, finished, written))])
    seconds = time.perf_counter() - begin
    console.print(f"delivery: {sum(written):,} events in {seconds:.1f} s, {faults[:5]}")
    return Case(
        case="delivery",
        ours=len(faults),
        reference=0,
        ratio=0,
        bar=0,
        holds=not faults and sum(written) >= DELIVERED,
        unit="faults",
    )


def _write(dsn: str, writer: int) -> int:
    """Write one writer's share, in appends of different sizes, a few of which are rolled back."""
    payload = codec.encode(_event())
    run_of = uuid.uuid4().hex
    done, number = 0, 0
    with psycopg.connect(dsn, autocommit=True) as connection:
        arrays.register(connection.adapters)
        while done < DELIVERED // WRITERS:
            number += 1
            size = (1, BATCH, 2 * BATCH - 1)[number % 3]
            rows = _numbered(run_of, writer, done, size, payload)
            with connection.transaction(force_rollback=number % 7 == 0):
                connection.execute(
                    statement.APPEND,
                    statement.row_parameters([_command(rows)], rows, reads={}),
                    prepare=True,
                    binary=True,
                )
            if number % 7:
                done += size
    return done


def _numbered(run_of: str, writer: int, done: int, size: int, payload: bytes) -> list[Row]:
    """Return the writer's events after the first `done`, distributed over its own three streams."""
    return [
        Row(f"booking-{run_of}-{writer}-{k % 3}", k // 3 + 1, BookingInitiated.tag, payload, 0)
        for k in range(done, done + size)
    ]


def _command(rows: Sequence[Row]) -> ports.CommandRecord:
    return ports.CommandRecord(
        id=uuid.uuid4(),
        fingerprint=b"",
        answer=ports.Answer(rows[-1].stream, rows[-1].version),
        actor="bench",
        correlation_id="bench",
        causation_id=None,
    )


def _tail(dsn: str, start: int, finished: threading.Event, written: Sequence[int]) -> list[str]:
    """Read `position > n` again and again; return gaps, repeats and missing events."""
    faults: list[str] = []
    versions: dict[str, int] = {}
    last = start
    with psycopg.connect(dsn, autocommit=True) as connection:
        while True:
            over = finished.is_set()
            rows = connection.execute(
                "SELECT position, stream, version FROM ledger.event WHERE position > %s "
                "ORDER BY position LIMIT %s",
                (last, READ_LIMIT),
                prepare=True,
            ).fetchall()
            for position, stream, version in rows:
                if position != last + 1:
                    faults.append(f"position {position} after {last}")
                if version != versions.get(stream, 0) + 1:
                    faults.append(f"{stream} version {version} after {versions.get(stream, 0)}")
                last, versions[stream] = position, version
            if not rows and over:
                break
    if sum(versions.values()) != sum(written):
        faults.append(f"{sum(versions.values())} delivered of {sum(written)}")
    return faults


def _show(console: Console, cases: Sequence[Case]) -> None:
    table = Table(title="append: the log against the library's recorder, durable")
    for name in ("case", "ours", "reference", "ratio", "bar", "holds"):
        table.add_column(name)
    for case in cases:
        table.add_row(
            case.case,
            f"{case.ours:,.0f} {case.unit}",
            f"{case.reference:,.0f} {case.unit}",
            f"{case.ratio:.2f}",
            f"{case.bar:.1f}",
            "yes" if case.holds else "NO",
        )
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(run(as_json="--json" in sys.argv))
