"""Group commit of one process on a real Postgres: each command once, each failure alone."""

import asyncio
import datetime as dt
import uuid
from typing import Any

import pytest

from application import ports
from application.booking.expire_booking import ExpireBooking
from application.commands import stream_kinds
from application.commands.command import Command, IdempotencyConflict, Reply
from application.commands.context import DecisionContext
from application.commands.state_cache import StateCache, StreamState
from domain.booking.events import BookingExpired
from domain.inventory.rejections import SeatsUnavailable
from tests.integration.commands import rig
from tests.support.scripted_command import Scripted
from tests.support.servers import TestDatabase

RESERVED = "booking.reserved.1"


class Crash(Command, frozen=True):
    """A command whose decision has a bug; `phase` says where it shows."""

    flight_id: str
    phase: str

    def decide(self, context: DecisionContext) -> Reply:
        context.load(stream_kinds.FLIGHT, self.flight_id)
        if self.phase == "decide":
            raise DecisionBug
        if self.phase == "answer":
            return Reply("booking-NEVERREAD")
        if self.phase == "write unread":
            context.record("booking-NOTREAD", [BookingExpired("bug")])
        context.store_keys((ports.WrappedKey("sub_nul\0", b"k"),))
        return rig.booking(self.flight_id).decide(context)


class DecisionBug(Exception):
    """What the buggy decision raises."""


class Undecided(Command, frozen=True):
    """A command that forgot its decision."""


async def test_the_last_seat_is_sold_once_to_200_at_the_same_time(database: TestDatabase) -> None:
    async with rig.running_bus(database.app_dsn) as bus:
        flight = await rig.put_on_sale(bus, seats=1)
        found = await rig.outcomes([bus.submit(rig.booking(flight)) for _ in range(200)])
    assert len(rig.accepted(found)) == 1
    assert [type(error) for error in rig.errors_of(found)] == [SeatsUnavailable] * 199
    assert rig.count(database.owner_dsn, RESERVED) == 1
    assert rig.seats(database.owner_dsn, flight) == (1, 1, 0)


async def test_one_command_sent_100_times_at_once_is_carried_out_once(
    database: TestDatabase,
) -> None:
    async with rig.running_bus(database.app_dsn) as bus:
        flight = await rig.put_on_sale(bus, seats=200)
        envelope = rig.envelope(rig.booking(flight))
        found = await rig.outcomes([bus.dispatcher.submit(envelope) for _ in range(100)])
        later = await bus.dispatcher.submit(envelope)
    assert len(rig.accepted(found)) == 1
    assert len(rig.replays(found)) == 99
    assert all(each.answer == rig.accepted(found)[0].answer for each in rig.replays(found))
    assert later.replayed
    assert later.answer == rig.accepted(found)[0].answer
    assert rig.count(database.owner_dsn, RESERVED) == 1


async def test_one_id_with_two_bodies_is_a_conflict_for_the_second(database: TestDatabase) -> None:
    async with rig.running_bus(database.app_dsn) as bus:
        flight = await rig.put_on_sale(bus, seats=5)
        command, number = rig.booking(flight), uuid.uuid4()
        found = await rig.outcomes(
            [bus.submit(command, id=number, fingerprint=body) for body in (b"a", b"b", b"a")]
        )
        with pytest.raises(IdempotencyConflict):
            await bus.submit(command, id=number, fingerprint=b"c")
    assert [type(each) for each in found][1] is IdempotencyConflict
    assert len(rig.accepted(found)) == 1
    assert len(rig.replays(found)) == 1
    assert rig.count(database.owner_dsn, RESERVED) == 1


async def test_a_refusal_is_not_remembered(database: TestDatabase) -> None:
    async with rig.running_bus(database.app_dsn) as bus:
        flight = await rig.put_on_sale(bus, seats=1)
        first = await bus.submit(rig.booking(flight))
        envelope = rig.envelope(rig.booking(flight))
        with pytest.raises(SeatsUnavailable):
            await bus.dispatcher.submit(envelope)
    later = rig.clock() + dt.timedelta(minutes=16)
    async with rig.running_bus(database.app_dsn, now=lambda: later) as bus:
        await bus.submit(ExpireBooking(booking_id=first.answer.stream, reason="hold_lapsed"))
        assert not (await bus.dispatcher.submit(envelope)).replayed


@pytest.mark.parametrize("phase", ["decide", "answer", "write unread", "append"])
async def test_a_bug_fails_its_own_command_alone(database: TestDatabase, phase: str) -> None:
    async with rig.running_bus(database.app_dsn) as bus:
        flight = await rig.put_on_sale(bus, seats=100)
        commands: list[Any] = [rig.booking(flight) for _ in range(20)]
        commands.insert(7, Crash(flight, phase))
        commands.insert(3, Undecided())
        found = await rig.outcomes([bus.submit(command) for command in commands])
        after = await bus.submit(rig.booking(flight))
    assert len(rig.accepted(found)) == 20
    assert isinstance(found[3], NotImplementedError)
    assert isinstance(found[8], Exception)
    assert not isinstance(found[8], ports.Unavailable)
    assert not after.replayed
    assert rig.count(database.owner_dsn, RESERVED) == 21


async def test_commands_that_arrive_while_a_bug_is_isolated_are_neither_delayed_nor_blamed(
    database: TestDatabase,
) -> None:
    late: list[asyncio.Task[Any]] = []

    def crash(context: DecisionContext) -> Reply:
        if not late:
            newcomers = (rig.booking(flight), Scripted(flight, crash), rig.booking(flight))
            late.extend(asyncio.create_task(bus.submit(each)) for each in newcomers)
        return Crash(flight, "append").decide(context)

    async with rig.running_bus(database.app_dsn) as bus:
        flight = await rig.put_on_sale(bus, seats=9)
        bus.dispatcher._contended_until = asyncio.get_running_loop().time() + 60
        async with asyncio.timeout(30):
            first = [rig.booking(flight), Scripted(flight, crash)]
            found = await rig.outcomes([bus.submit(command) for command in first])
            found += await rig.outcomes(late)
    assert [isinstance(each, Exception) for each in found] == [False, True, False, True, False]
    assert not any(isinstance(each, ports.Unavailable) for each in found)
    assert rig.count(database.owner_dsn, RESERVED) == 3


@pytest.mark.parametrize("locked", [False, True])
async def test_a_locator_that_another_process_took_is_drawn_again(
    database: TestDatabase, locked: bool
) -> None:
    drawn = iter([b"\0\0\0\1", b"\0\0\0\1", b"\0\0\0\2"])
    async with rig.running_bus(database.app_dsn) as one, rig.running_bus(database.app_dsn) as two:
        for bus in (one, two):
            bus.dispatcher._random_bytes = lambda _: next(drawn)
        flight = await rig.put_on_sale(one, seats=9)
        await rig.put_on_sale(two, seats=9, number="SV2")
        first = await one.submit(rig.booking(flight))
        if locked:
            two.dispatcher._contended_until = asyncio.get_running_loop().time() + 60
        second = await two.submit(rig.booking(flight))
    assert first.answer.stream != second.answer.stream
    assert rig.seats(database.owner_dsn, flight) == (9, 2, 0)


async def test_a_full_queue_is_unavailable(database: TestDatabase) -> None:
    async with rig.running_bus(database.app_dsn, queue_limit=5) as bus:
        flight = await rig.put_on_sale(bus, seats=100)
        found = await rig.outcomes([bus.submit(rig.booking(flight)) for _ in range(8)])
    assert len(rig.accepted(found)) == 5
    assert [type(error) for error in rig.errors_of(found)] == [ports.Unavailable] * 3


async def test_a_command_past_its_deadline_writes_nothing(database: TestDatabase) -> None:
    async with rig.running_bus(database.app_dsn) as bus:
        flight = await rig.put_on_sale(bus, seats=100)
        with pytest.raises(ports.Unavailable):
            await bus.submit(rig.booking(flight), seconds=-0.001)
    assert rig.count(database.owner_dsn, RESERVED) == 0


async def test_a_caller_that_goes_away_harms_nobody(database: TestDatabase) -> None:
    async with rig.running_bus(database.app_dsn) as bus:
        flight = await rig.put_on_sale(bus, seats=100)
        tasks = [asyncio.create_task(bus.submit(rig.booking(flight))) for _ in range(10)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        found = await rig.outcomes(tasks)
        assert len(rig.accepted(found)) == 5
        await bus.submit(rig.booking(flight))
    assert rig.seats(database.owner_dsn, flight)[1] == rig.count(database.owner_dsn, RESERVED)


async def test_a_repeat_is_answered_although_the_first_caller_went_away(
    database: TestDatabase,
) -> None:
    waiting: list[asyncio.Task[Any]] = []

    def decide(context: DecisionContext) -> Reply:
        for task in waiting[:1]:
            task.cancel()
        return rig.booking(flight).decide(context)

    async with rig.running_bus(database.app_dsn) as bus:
        flight = await rig.put_on_sale(bus, seats=1)
        bus.dispatcher._cache.clear()
        envelope = rig.envelope(Scripted(flight, decide))
        waiting += [asyncio.create_task(bus.dispatcher.submit(envelope)) for _ in range(3)]
        found = await rig.outcomes(waiting)
    assert isinstance(found[0], asyncio.CancelledError)
    assert len(rig.replays(found)) == 2
    assert rig.count(database.owner_dsn, RESERVED) == 1


async def test_stopping_finishes_what_waits_and_takes_nothing_more(database: TestDatabase) -> None:
    async with rig.running_bus(database.app_dsn) as bus:
        flight = await rig.put_on_sale(bus, seats=1000)
        tasks = [asyncio.create_task(bus.submit(rig.booking(flight))) for _ in range(600)]
        await asyncio.sleep(0)
        await bus.dispatcher.stop()
        with pytest.raises(ports.Unavailable):
            await bus.submit(rig.booking(flight))
        found = await rig.outcomes(tasks)
    assert len(rig.accepted(found)) == 600
    assert bus.dispatcher.statistics.largest_batch == 256
    assert rig.count(database.owner_dsn, RESERVED) == 600


async def test_memory_stays_bounded_whatever_is_asked_for(database: TestDatabase) -> None:
    async with rig.running_bus(database.app_dsn, cache_limit=10) as bus:
        flights = [await rig.put_on_sale(bus, seats=9, number=f"SV{n}") for n in range(15)]
        unknown = [f"flight-XX{number}-2026-12-24" for number in range(60)]
        found = await rig.outcomes([bus.submit(rig.booking(each)) for each in flights + unknown])
        assert len(bus.dispatcher._cache._states) <= 10
    assert len(rig.accepted(found)) == 15
    assert {getattr(error, "code", None) for error in rig.errors_of(found)} == {"NOT_FOUND"}


async def test_a_decision_that_never_stops_asking_for_streams_fails_alone(
    database: TestDatabase,
) -> None:
    def wander(context: DecisionContext) -> Reply:
        while True:
            context.load(stream_kinds.FLIGHT, f"flight-{context.random_bytes(8).hex()}")

    async with rig.running_bus(database.app_dsn) as bus:
        flight = await rig.put_on_sale(bus, seats=9)
        found = await rig.outcomes(
            [bus.submit(command) for command in (Scripted(flight, wander), rig.booking(flight))]
        )
    assert isinstance(found[0], RuntimeError)
    assert len(rig.accepted(found)) == 1


def test_only_the_oldest_streams_are_forgotten() -> None:
    cache = StateCache(limit=2)
    for name in ("flight-1", "flight-2"):
        cache.put(name, StreamState(1, name))
    assert cache.get("flight-1") is not None
    cache.put("flight-3", StreamState(1, "3"))
    cache.trim()
    assert cache.get("flight-2") is None
    assert cache.get("flight-1") is not None
