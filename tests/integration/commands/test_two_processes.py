"""Two dispatchers with logs and pools of their own, as two processes, on one hot flight."""

import asyncio
import datetime as dt
import uuid
from collections.abc import Mapping

import psycopg
import pytest

from application import ports
from application.booking.expire_booking import ExpireBooking
from application.commands import stream_kinds
from application.commands.command import Command, IdempotencyConflict, Reply
from application.commands.context import DecisionContext
from domain.inventory.rejections import SeatsUnavailable
from tests.integration.commands import outcomes
from tests.support import stored_log
from tests.support.airline import create_booking, schedule_flight
from tests.support.postgres_airline import PostgresAirline, envelope, postgres_airline, utc_now
from tests.support.servers import TestDatabase

RESERVED = "booking.reserved.1"


async def book(airline: PostgresAirline, flight: str, times: int) -> list[object]:
    """So many bookings, ten at a time."""
    found: list[object] = []
    for _ in range(times // 10):
        found += await outcomes.outcomes(
            [airline.submit(create_booking(flight)) for _ in range(10)]
        )
    return found


async def test_two_processes_on_one_flight_both_progress_and_lose_nothing(
    database: TestDatabase,
) -> None:
    async with postgres_airline(database.app_dsn) as one, postgres_airline(database.app_dsn) as two:
        flight = await one.schedule(seats=10_000)
        found = await asyncio.gather(book(one, flight, 300), book(two, flight, 300))
        locked = [airline.dispatcher.statistics.locked_batches for airline in (one, two)]
        current = await one.dispatcher.current(stream_kinds.FLIGHT, flight)
    assert [len(outcomes.accepted(each)) for each in found] == [300, 300]
    assert all(locked)
    assert stored_log.seats(database.owner_dsn, flight) == (10_000, 600, 0)
    assert stored_log.count(database.owner_dsn, RESERVED) == 600
    state = current[0]
    assert state is not None
    assert state.cabins["Y"].held_count == 600


async def test_many_streams_are_read_as_they_are_now_by_one_query(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with postgres_airline(database.app_dsn) as one, postgres_airline(database.app_dsn) as two:
        flight = await one.schedule()
        bookings = [await one.book(flight) for _ in range(3)]
        kind = stream_kinds.BOOKING
        assert (await two.dispatcher.current_all(kind, bookings[:1]))[bookings[0]][1] == 2
        await one.cancel(bookings[0])
        read_after, reads = two.log.read_after, []

        async def counted(versions: Mapping[str, int]) -> list[ports.RecordedEvent]:
            reads.append(versions)
            return await read_after(versions)

        monkeypatch.setattr(two.log, "read_after", counted)
        found = await two.dispatcher.current_all(kind, [*bookings, "booking-ZZZZZZ"])
        assert len(reads) == 1
        nothing = await two.dispatcher.current_all(kind, [])
        assert [await one.dispatcher.current(kind, each) for each in bookings] == [
            found[each] for each in bookings
        ]
    assert found["booking-ZZZZZZ"] == (None, 0)
    assert found[bookings[0]][1] > found[bookings[1]][1] == 2
    assert nothing == {}


async def test_two_processes_never_sell_a_seat_twice(database: TestDatabase) -> None:
    async with postgres_airline(database.app_dsn) as one, postgres_airline(database.app_dsn) as two:
        flight = await one.schedule(seats=75)
        found = await asyncio.gather(book(one, flight, 100), book(two, flight, 100))
    everything = [*found[0], *found[1]]
    assert len(outcomes.accepted(everything)) == 75
    assert {type(error) for error in outcomes.errors_of(everything)} == {SeatsUnavailable}
    assert stored_log.seats(database.owner_dsn, flight) == (75, 75, 0)


async def test_seats_that_one_process_releases_are_sold_by_the_other(
    database: TestDatabase,
) -> None:
    later = utc_now() + dt.timedelta(minutes=16)
    async with (
        postgres_airline(database.app_dsn) as one,
        postgres_airline(database.app_dsn, clock=lambda: later) as two,
    ):
        flight = await one.schedule(seats=1)
        first = await one.submit(create_booking(flight))
        refused = await outcomes.outcomes([one.submit(create_booking(flight))])
        assert isinstance(refused[0], SeatsUnavailable)
        await two.submit(ExpireBooking(booking_id=first.answer.stream, reason="hold_lapsed"))
        assert not (await one.submit(create_booking(flight))).replayed
    assert stored_log.seats(database.owner_dsn, flight) == (1, 1, 0)


async def test_one_command_given_to_two_processes_happens_once(database: TestDatabase) -> None:
    async with postgres_airline(database.app_dsn) as one, postgres_airline(database.app_dsn) as two:
        flight = await one.schedule(seats=100)
        envelopes = [envelope(create_booking(flight)) for _ in range(20)]
        found = await outcomes.outcomes(
            [
                airline.dispatcher.submit(envelope)
                for envelope in envelopes
                for airline in (one, two)
            ]
        )
    assert len(outcomes.accepted(found)) == 20
    assert len(outcomes.replays(found)) == 20
    assert stored_log.count(database.owner_dsn, RESERVED) == 20


async def test_one_id_with_two_bodies_in_two_processes_is_a_conflict(
    database: TestDatabase,
) -> None:
    number = uuid.uuid4()
    async with postgres_airline(database.app_dsn) as one, postgres_airline(database.app_dsn) as two:
        flight = await one.schedule(seats=100)
        found = await outcomes.outcomes(
            [
                airline.submit(create_booking(flight), id=number, fingerprint=body)
                for airline, body in ((one, b"a"), (two, b"b"))
            ]
        )
    assert len(outcomes.accepted(found)) == 1
    assert [type(error) for error in outcomes.errors_of(found)] == [IdempotencyConflict]


class Count(Command, frozen=True):
    """Expects so many holds of the flight in the log now, but not on an older state of it."""

    flight_id: str
    held: int

    def decide(self, context: DecisionContext) -> Reply:
        flight = context.load(stream_kinds.FLIGHT, self.flight_id)
        assert flight is not None
        assert flight.cabins["Y"].held_count == self.held
        return Reply(self.flight_id)


async def test_a_failure_on_a_state_behind_the_log_does_not_count(database: TestDatabase) -> None:
    async with (
        postgres_airline(database.app_dsn) as one,
        postgres_airline(database.app_dsn) as two,
    ):
        flight = await one.schedule(seats=9)
        await two.submit(create_booking(flight))
        outcome = await one.submit(Count(flight, held=1))
    assert outcome.answer.version == 2


async def test_the_same_departure_scheduled_by_two_processes_exists_once(
    database: TestDatabase,
) -> None:
    scheduled = schedule_flight(
        "SV7", seats=9, departs_at=utc_now().replace(microsecond=0) + dt.timedelta(days=30)
    )
    async with postgres_airline(database.app_dsn) as one, postgres_airline(database.app_dsn) as two:
        found = await outcomes.outcomes([airline.submit(scheduled) for airline in (one, two)])
    assert outcomes.errors_of(found) == []
    assert stored_log.count(database.owner_dsn, "flight.scheduled.1") == 1


async def test_positions_of_two_busy_processes_have_no_gap(database: TestDatabase) -> None:
    async with postgres_airline(database.app_dsn) as one, postgres_airline(database.app_dsn) as two:
        flight = await one.schedule(seats=90)
        await asyncio.gather(book(one, flight, 100), book(two, flight, 100))
    with psycopg.connect(database.owner_dsn) as connection:
        rows = connection.execute("SELECT position FROM ledger.event ORDER BY position").fetchall()
    assert [position for (position,) in rows] == list(range(1, len(rows) + 1))
