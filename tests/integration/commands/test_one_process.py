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
from tests.integration.commands import outcomes
from tests.support import stored_log
from tests.support.airline import create_booking
from tests.support.postgres_airline import envelope, postgres_airline, utc_now
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
        return create_booking(self.flight_id).decide(context)


class DecisionBug(Exception):
    """What the buggy decision raises."""


class Undecided(Command, frozen=True):
    """A command that forgot its decision."""


async def test_the_last_seat_is_sold_once_to_200_at_the_same_time(database: TestDatabase) -> None:
    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=1)
        found = await outcomes.outcomes(
            [airline.submit(create_booking(flight)) for _ in range(200)]
        )
    assert len(outcomes.accepted(found)) == 1
    assert [type(error) for error in outcomes.errors_of(found)] == [SeatsUnavailable] * 199
    assert stored_log.count(database.owner_dsn, RESERVED) == 1
    assert stored_log.seats(database.owner_dsn, flight) == (1, 1, 0)


async def test_one_command_sent_100_times_at_once_is_carried_out_once(
    database: TestDatabase,
) -> None:
    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=200)
        sent = envelope(create_booking(flight))
        found = await outcomes.outcomes([airline.dispatcher.submit(sent) for _ in range(100)])
        later = await airline.dispatcher.submit(sent)
    assert len(outcomes.accepted(found)) == 1
    assert len(outcomes.replays(found)) == 99
    assert all(
        each.answer == outcomes.accepted(found)[0].answer for each in outcomes.replays(found)
    )
    assert later.replayed
    assert later.answer == outcomes.accepted(found)[0].answer
    assert stored_log.count(database.owner_dsn, RESERVED) == 1


async def test_one_id_with_two_bodies_is_a_conflict_for_the_second(database: TestDatabase) -> None:
    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=5)
        command, number = create_booking(flight), uuid.uuid4()
        found = await outcomes.outcomes(
            [airline.submit(command, id=number, fingerprint=body) for body in (b"a", b"b", b"a")]
        )
        with pytest.raises(IdempotencyConflict):
            await airline.submit(command, id=number, fingerprint=b"c")
    assert [type(each) for each in found][1] is IdempotencyConflict
    assert len(outcomes.accepted(found)) == 1
    assert len(outcomes.replays(found)) == 1
    assert stored_log.count(database.owner_dsn, RESERVED) == 1


async def test_a_refusal_is_not_remembered(database: TestDatabase) -> None:
    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=1)
        first = await airline.submit(create_booking(flight))
        sent = envelope(create_booking(flight))
        with pytest.raises(SeatsUnavailable):
            await airline.dispatcher.submit(sent)
    later = utc_now() + dt.timedelta(minutes=16)
    async with postgres_airline(database.app_dsn, clock=lambda: later) as airline:
        await airline.submit(ExpireBooking(booking_id=first.answer.stream, reason="hold_lapsed"))
        assert not (await airline.dispatcher.submit(sent)).replayed


@pytest.mark.parametrize("phase", ["decide", "answer", "write unread", "append"])
async def test_a_bug_fails_its_own_command_alone(database: TestDatabase, phase: str) -> None:
    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=100)
        commands: list[Any] = [create_booking(flight) for _ in range(20)]
        commands.insert(7, Crash(flight, phase))
        commands.insert(3, Undecided())
        found = await outcomes.outcomes([airline.submit(command) for command in commands])
        after = await airline.submit(create_booking(flight))
    assert len(outcomes.accepted(found)) == 20
    assert isinstance(found[3], NotImplementedError)
    assert isinstance(found[8], Exception)
    assert not isinstance(found[8], ports.Unavailable)
    assert not after.replayed
    assert stored_log.count(database.owner_dsn, RESERVED) == 21


async def test_commands_that_arrive_while_a_bug_is_isolated_are_neither_delayed_nor_blamed(
    database: TestDatabase,
) -> None:
    late: list[asyncio.Task[Any]] = []

    def crash(context: DecisionContext) -> Reply:
        if not late:
            newcomers = (create_booking(flight), Scripted(flight, crash), create_booking(flight))
            late.extend(asyncio.create_task(airline.submit(each)) for each in newcomers)
        return Crash(flight, "append").decide(context)

    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=9)
        airline.dispatcher._contended_until = asyncio.get_running_loop().time() + 60
        async with asyncio.timeout(30):
            first = [create_booking(flight), Scripted(flight, crash)]
            found = await outcomes.outcomes([airline.submit(command) for command in first])
            found += await outcomes.outcomes(late)
    assert [isinstance(each, Exception) for each in found] == [False, True, False, True, False]
    assert not any(isinstance(each, ports.Unavailable) for each in found)
    assert stored_log.count(database.owner_dsn, RESERVED) == 3


@pytest.mark.parametrize("locked", [False, True])
async def test_a_locator_that_another_process_took_is_drawn_again(
    database: TestDatabase, locked: bool
) -> None:
    drawn = iter([b"\0\0\0\1", b"\0\0\0\1", b"\0\0\0\2"])
    async with postgres_airline(database.app_dsn) as one, postgres_airline(database.app_dsn) as two:
        for airline in (one, two):
            airline.dispatcher._random_bytes = lambda _: next(drawn)
        flight = await one.schedule(seats=9)
        await two.schedule(seats=9, number="SV2")
        first = await one.submit(create_booking(flight))
        if locked:
            two.dispatcher._contended_until = asyncio.get_running_loop().time() + 60
        second = await two.submit(create_booking(flight))
    assert first.answer.stream != second.answer.stream
    assert stored_log.seats(database.owner_dsn, flight) == (9, 2, 0)


async def test_a_full_queue_is_unavailable(database: TestDatabase) -> None:
    async with postgres_airline(database.app_dsn, queue_limit=5) as airline:
        flight = await airline.schedule(seats=100)
        found = await outcomes.outcomes([airline.submit(create_booking(flight)) for _ in range(8)])
    assert len(outcomes.accepted(found)) == 5
    assert [type(error) for error in outcomes.errors_of(found)] == [ports.Unavailable] * 3


async def test_a_command_past_its_deadline_writes_nothing(database: TestDatabase) -> None:
    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=100)
        with pytest.raises(ports.Unavailable):
            await airline.submit(create_booking(flight), seconds=-0.001)
    assert stored_log.count(database.owner_dsn, RESERVED) == 0


async def test_a_caller_that_goes_away_harms_nobody(database: TestDatabase) -> None:
    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=100)
        tasks = [asyncio.create_task(airline.submit(create_booking(flight))) for _ in range(10)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        found = await outcomes.outcomes(tasks)
        assert len(outcomes.accepted(found)) == 5
        await airline.submit(create_booking(flight))
    assert stored_log.seats(database.owner_dsn, flight)[1] == stored_log.count(
        database.owner_dsn, RESERVED
    )


async def test_a_repeat_is_answered_although_the_first_caller_went_away(
    database: TestDatabase,
) -> None:
    waiting: list[asyncio.Task[Any]] = []

    def decide(context: DecisionContext) -> Reply:
        for task in waiting[:1]:
            task.cancel()
        return create_booking(flight).decide(context)

    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=1)
        airline.dispatcher._cache.clear()
        sent = envelope(Scripted(flight, decide))
        waiting += [asyncio.create_task(airline.dispatcher.submit(sent)) for _ in range(3)]
        found = await outcomes.outcomes(waiting)
    assert isinstance(found[0], asyncio.CancelledError)
    assert len(outcomes.replays(found)) == 2
    assert stored_log.count(database.owner_dsn, RESERVED) == 1


async def test_stopping_finishes_what_waits_and_takes_nothing_more(database: TestDatabase) -> None:
    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=1000)
        tasks = [asyncio.create_task(airline.submit(create_booking(flight))) for _ in range(600)]
        await asyncio.sleep(0)
        await airline.dispatcher.stop()
        with pytest.raises(ports.Unavailable):
            await airline.submit(create_booking(flight))
        found = await outcomes.outcomes(tasks)
    assert len(outcomes.accepted(found)) == 600
    assert airline.dispatcher.statistics.largest_batch == 256
    assert stored_log.count(database.owner_dsn, RESERVED) == 600


async def test_memory_stays_bounded_whatever_is_asked_for(database: TestDatabase) -> None:
    async with postgres_airline(database.app_dsn, cache_limit=10) as airline:
        flights = [await airline.schedule(seats=9, number=f"SV{n}") for n in range(15)]
        unknown = [f"flight-XX{number}-2026-12-24" for number in range(60)]
        found = await outcomes.outcomes(
            [airline.submit(create_booking(each)) for each in flights + unknown]
        )
        assert len(airline.dispatcher._cache._states) <= 10
    assert len(outcomes.accepted(found)) == 15
    assert {getattr(error, "code", None) for error in outcomes.errors_of(found)} == {"NOT_FOUND"}


async def test_a_decision_that_never_stops_asking_for_streams_fails_alone(
    database: TestDatabase,
) -> None:
    def wander(context: DecisionContext) -> Reply:
        while True:
            context.load(stream_kinds.FLIGHT, f"flight-{context.random_bytes(8).hex()}")

    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=9)
        found = await outcomes.outcomes(
            [
                airline.submit(command)
                for command in (Scripted(flight, wander), create_booking(flight))
            ]
        )
    assert isinstance(found[0], RuntimeError)
    assert len(outcomes.accepted(found)) == 1


def test_only_the_oldest_streams_are_forgotten() -> None:
    cache = StateCache(limit=2)
    for name in ("flight-1", "flight-2"):
        cache.put(name, StreamState(1, name))
    assert cache.get("flight-1") is not None
    cache.put("flight-3", StreamState(1, "3"))
    cache.trim()
    assert cache.get("flight-2") is None
    assert cache.get("flight-1") is not None
