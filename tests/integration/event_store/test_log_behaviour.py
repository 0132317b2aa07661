"""The contract of `ports.EventLog`, tested on Postgres and on the log in memory."""

import asyncio
import datetime as dt
import os
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack

import pytest

from application import ports
from application.commands.dispatcher import Dispatcher
from domain.booking.events import BookingExpired, BookingReserved
from domain.inventory.rejections import SeatsUnavailable
from domain.kernel.events import DomainEvent
from infrastructure.event_store.log import PostgresEventLog
from infrastructure.postgres import pool as pools
from tests.integration.commands import outcomes
from tests.support.airline import create_booking, schedule_flight
from tests.support.memory_log import MemoryEventLog, MemoryLog
from tests.support.postgres_airline import envelope, utc_now
from tests.support.servers import TestDatabase

ONE, TWO = "booking-AAAAAA", "booking-BBBBBB"
FIRST: DomainEvent = BookingReserved(hold_until=dt.datetime(2026, 12, 24, 10, tzinfo=dt.UTC))
SECOND: DomainEvent = BookingExpired(reason="hold_lapsed")

Logs = Callable[[], ports.EventLog]


@pytest.fixture(params=["memory", "postgres"])
async def logs(request: pytest.FixtureRequest) -> AsyncIterator[Logs]:
    """Yield a function that opens handles on one log, one for each process."""
    if request.param == "memory":
        memory = MemoryLog(utc_now)
        yield lambda: MemoryEventLog(memory)
        return
    database: TestDatabase = request.getfixturevalue("database")
    pool = pools.make_pool(database.app_dsn)
    await pool.open()
    made: list[PostgresEventLog] = []

    def make() -> ports.EventLog:
        made.append(PostgresEventLog(database.app_dsn, pool))
        return made[-1]

    async with AsyncExitStack() as stack:
        stack.push_async_callback(pool.close)
        yield make
        for log in made:
            stack.push_async_callback(log.close)


def command(id: uuid.UUID | None = None, *, stream: str = ONE) -> ports.CommandRecord:
    return ports.CommandRecord(
        id=id or uuid.uuid4(),
        fingerprint=b"\x00f",
        answer=ports.Answer(stream, 1, {"locator": "AAAAAA"}),
        actor="customer:user_1",
        correlation_id="c-1",
        causation_id=uuid.uuid5(uuid.NAMESPACE_URL, "cause"),
    )


def batch(
    *places: tuple[str, int],
    reads: Mapping[str, int] | None = None,
    asked: Sequence[uuid.UUID] = (),
    id: uuid.UUID | None = None,
) -> ports.Batch:
    """Return a batch of one command with events at these places, or an empty batch."""
    return ports.Batch(
        commands=[command(id)] if places else [],
        events=[
            ports.NewEvent(stream, version, FIRST if version == 1 else SECOND, 0)
            for stream, version in places
        ],
        reads=reads or {},
        asked=asked,
    )


async def everything(log: ports.EventLog) -> list[ports.RecordedEvent]:
    return [recorded async for recorded in log.read_log(after=0, limit=1_000)]


def places(recorded: Sequence[ports.RecordedEvent]) -> list[tuple[int, str, int]]:
    return [(each.position, each.stream, each.version) for each in recorded]


async def test_what_is_appended_comes_back_with_its_envelope(logs: Logs) -> None:
    log, written = logs(), command()
    new = [ports.NewEvent(ONE, 1, FIRST, 0), ports.NewEvent(ONE, 2, SECOND, 0)]
    appended = await log.append(ports.Batch(commands=[written], events=new, reads={}))
    assert appended == ports.Appended(last_position=2, written=True)
    for recorded in await log.read_after({ONE: 0}):
        assert recorded.event == new[recorded.version - 1].event
        assert recorded.actor == written.actor
        assert recorded.command_id == written.id
        assert recorded.correlation_id == written.correlation_id
        assert recorded.causation_id == written.causation_id
        assert recorded.recorded_at.tzinfo is not None


async def test_events_of_many_streams_come_in_the_order_of_the_log(logs: Logs) -> None:
    log = logs()
    await log.append(batch((TWO, 1)))
    await log.append(batch((ONE, 1), (TWO, 2), (ONE, 2)))
    assert places(await log.read_after({ONE: 0, TWO: 1})) == [(2, ONE, 1), (3, TWO, 2), (4, ONE, 2)]
    assert await log.read_after({ONE: 2, "booking-NOBODY": 0}) == []
    assert await log.read_after({}) == []


async def test_the_log_is_read_page_by_page(logs: Logs) -> None:
    log = logs()
    await log.append(batch(*((ONE, version) for version in range(1, 6))))
    pages = [
        [recorded.position async for recorded in log.read_log(after=after, limit=2)]
        for after in (0, 2, 4, 5)
    ]
    assert pages == [[1, 2], [3, 4], [5], []]


async def test_a_stream_that_was_read_and_has_newer_events_is_a_conflict(logs: Logs) -> None:
    log = logs()
    await log.append(batch((ONE, 1), (ONE, 2)))
    appended = await log.append(batch((TWO, 1), reads={ONE: 1, "booking-NOBODY": 3}))
    assert not appended.written
    assert appended.conflicts == {ONE: 2, "booking-NOBODY": 0}
    assert len(await everything(log)) == 2
    assert (await log.append(batch((TWO, 1), reads={ONE: 2, "booking-NOBODY": 0}))).written


async def test_a_stream_that_is_read_and_written_must_have_no_newer_events(logs: Logs) -> None:
    log = logs()
    await log.append(batch((ONE, 1)))
    assert (await log.append(batch((ONE, 2), reads={ONE: 1}))).written
    late = await log.append(batch((ONE, 2), reads={ONE: 1}))
    assert (late.written, late.conflicts) == (False, {ONE: 2})


async def test_a_new_stream_that_exists_makes_all_streams_of_the_batch_conflicts(
    logs: Logs,
) -> None:
    log = logs()
    await log.append(batch((ONE, 1)))
    appended = await log.append(batch((TWO, 1), (ONE, 1)))
    assert not appended.written
    assert appended.conflicts == {ONE: -1, TWO: -1}
    assert len(await everything(log)) == 1


async def test_a_gap_in_a_stream_is_a_bug_and_writes_nothing(logs: Logs) -> None:
    log = logs()
    with pytest.raises(Exception, match="gap"):
        await log.append(batch((TWO, 1), (ONE, 2)))
    assert await everything(log) == []
    assert (await log.append(batch((ONE, 1)))).last_position == 1


async def test_a_known_command_is_reported_and_its_batch_is_not_written(
    logs: Logs,
) -> None:
    log, id = logs(), uuid.uuid4()
    await log.append(batch((ONE, 1), id=id))
    appended = await log.append(batch((TWO, 1), id=id, reads={ONE: 1}))
    expected = ports.KnownCommand(b"\x00f", ports.Answer(ONE, 1, {"locator": "AAAAAA"}))
    assert appended == ports.Appended(last_position=1, known={id: expected})
    assert await log.find_commands([id, uuid.uuid4()]) == {id: expected}
    assert await log.find_commands([]) == {}
    assert len(await everything(log)) == 1


async def test_a_known_command_that_is_only_queried_is_reported_and_the_batch_written(
    logs: Logs,
) -> None:
    log, id = logs(), uuid.uuid4()
    await log.append(batch((ONE, 1), id=id))
    appended = await log.append(batch((TWO, 1), asked=[id, uuid.uuid4()]))
    assert appended.written
    assert set(appended.known) == {id}


async def test_a_batch_without_events_reports_whether_it_was_decided_on_current_state(
    logs: Logs,
) -> None:
    log, id = logs(), uuid.uuid4()
    await log.append(batch((ONE, 1), id=id))
    stale = await log.append(batch(reads={ONE: 0}, asked=[id]))
    assert (stale.written, stale.conflicts, set(stale.known)) == (False, {ONE: 1}, {id})
    current = await log.append(batch(reads={ONE: 1}, asked=[uuid.uuid4()]))
    assert (current.written, current.conflicts, current.known) == (False, {}, {})


async def test_under_the_lock_new_events_are_read_and_events_appended(logs: Logs) -> None:
    log, other = logs(), logs()
    await other.append(batch((ONE, 1), (TWO, 1), (ONE, 2)))
    async with log.locked({ONE: 1}) as locked:
        assert places(locked.news) == [(3, ONE, 2)]
        assert places(await locked.read_after({TWO: 0})) == [(2, TWO, 1)]
        assert (await locked.append(batch((ONE, 3), reads={ONE: 2}))).written
    assert places(await other.read_after({ONE: 2})) == [(4, ONE, 3)]


@pytest.mark.parametrize("streams", [{ONE: 1}, {}])
async def test_no_other_process_appends_while_one_holds_the_lock(
    logs: Logs, streams: dict[str, int]
) -> None:
    log, other = logs(), logs()
    await log.append(batch((ONE, 1)))
    async with log.locked(streams) as locked:
        waiting = asyncio.create_task(other.append(batch((ONE, 2), reads={ONE: 1})))
        done, _ = await asyncio.wait({waiting}, timeout=0.1)
        assert not done
        # A batch that writes nothing does not wait.
        assert (await logs().append(batch(reads={ONE: 1}))).conflicts == {}
        assert (await locked.append(batch((ONE, 2), reads={ONE: 1}))).written
    assert (await waiting).conflicts == {ONE: 2}


async def test_a_conflict_under_the_lock_writes_nothing(logs: Logs) -> None:
    log = logs()
    await log.append(batch((ONE, 1)))
    async with log.locked({}) as locked:
        assert (await locked.append(batch((TWO, 1), reads={ONE: 0}))).conflicts == {ONE: 1}
    async with log.locked({}) as locked:
        assert (await locked.append(batch((TWO, 1), (ONE, 1)))).conflicts == {ONE: -1, TWO: -1}
    assert len(await everything(log)) == 1
    assert (await log.append(batch((TWO, 1)))).written


async def test_a_lock_released_without_an_append_leaves_nothing_behind(logs: Logs) -> None:
    log, other = logs(), logs()
    async with log.locked({ONE: 0}) as locked:
        assert list(locked.news) == []
    with pytest.raises(ZeroDivisionError):
        async with log.locked({ONE: 0}):
            raise ZeroDivisionError
    with pytest.raises(Exception, match="gap"):
        async with log.locked({}) as locked:
            await locked.append(batch((ONE, 2)))
    async with asyncio.timeout(5):
        assert (await other.append(batch((ONE, 1)))).last_position == 1
        assert (await log.append(batch((TWO, 1)))).last_position == 2


async def test_appends_of_several_processes_leave_no_gap(logs: Logs) -> None:
    async def write(number: int) -> None:
        log = logs()
        for version in range(1, 11):
            stream = f"booking-{number}"
            appended = await log.append(batch((stream, version), (f"{stream}-other", version)))
            assert appended.written

    await asyncio.gather(*(write(number) for number in range(5)))
    recorded = await everything(logs())
    assert [each.position for each in recorded] == list(range(1, 101))
    for stream in {each.stream for each in recorded}:
        versions = [each.version for each in recorded if each.stream == stream]
        assert versions == list(range(1, 11))
    moments = [each.recorded_at for each in recorded]
    assert moments == sorted(moments)


async def test_two_dispatchers_sell_the_last_seats_once(logs: Logs) -> None:
    buses = [Dispatcher(log=logs(), clock=utc_now, random_bytes=os.urandom) for _ in range(2)]
    for bus in buses:
        bus.start()
    scheduled = schedule_flight(
        "SV1", seats=30, departs_at=utc_now().replace(microsecond=0) + dt.timedelta(days=30)
    )
    await buses[0].submit(envelope(scheduled))
    envelopes = [envelope(create_booking(scheduled.flight_id)) for _ in range(40)]
    found = await outcomes.outcomes(
        [bus.submit(envelope) for envelope in envelopes for bus in buses]
    )
    for bus in buses:
        await bus.stop()
    assert (len(outcomes.accepted(found)), len(outcomes.replays(found))) == (30, 30)
    assert [type(error) for error in outcomes.errors_of(found)] == [SeatsUnavailable] * 20
    recorded = await everything(logs())
    assert len([each for each in recorded if each.stream == scheduled.flight_id]) == 31
