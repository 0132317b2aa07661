"""Policies are published while two processes sell: no booking is sold under an ended version."""

import asyncio
import datetime as dt

import msgspec

from application.commands import stream_kinds
from application.policies.approve_policy import ApprovePolicy
from application.policies.current_policies import CurrentPolicies
from domain.booking.state import Booking
from domain.policies.operating_values import HOLD_TIMES, HoldTimes
from domain.policies.publication import LEAST_LEAD
from tests.support.airline import create_booking
from tests.support.launch_rules import HOLD
from tests.support.policies import APPROVER, cancellation, proposal
from tests.support.postgres_airline import PostgresAirline, postgres_airline
from tests.support.servers import TestDatabase

ROUNDS = 6


class SharedClock:
    """The clock of both processes; time passes only where the test says so."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        """The instant."""
        return self.now


async def sold(airline: PostgresAirline, flight: str) -> tuple[dt.datetime, int]:
    """When a booking was decided, and the version that it was sold under."""
    booking = (await airline.submit(create_booking(flight))).state
    assert isinstance(booking, Booking)
    assert booking.hold_until is not None
    decided_at = booking.hold_until - HOLD
    return decided_at, booking.segments[0].fee_versions.cancellation_fees


async def test_sales_of_two_processes_follow_what_is_published_meanwhile(
    database: TestDatabase,
) -> None:
    clock = SharedClock()
    found: list[tuple[dt.datetime, int]] = []
    async with (
        postgres_airline(database.app_dsn, clock=clock) as one,
        postgres_airline(database.app_dsn, clock=clock) as two,
    ):
        flight = await one.schedule(seats=1_000)
        quoting = CurrentPolicies(two.dispatcher, clock)
        for round_ in range(ROUNDS):
            wanted = proposal(cancellation(round_))
            await one.submit(wanted)
            # The other process publishes while both sell.
            _, *booked = await asyncio.gather(
                two.submit(ApprovePolicy(wanted.policy_id, round_ + 1, APPROVER)),
                *(sold(each, flight) for each in (one, two) for _ in range(5)),
            )
            found += booked
            clock.now += LEAST_LEAD / 2
            await quoting.in_force()
            clock.now += LEAST_LEAD / 2
            found += await asyncio.gather(*(sold(each, flight) for each in (one, two)))
            # It has read the book once since, which is enough.
            newest = (await quoting.in_force()).book.policies["cancellation_fees"].versions[-1]
            assert (newest.number, newest.valid_from) == (round_ + 2, clock.now)
        policy, _ = await one.dispatcher.current(stream_kinds.POLICY, "policy-cancellation_fees")
    assert policy is not None
    assert len(found) == ROUNDS * 12
    for at, number in found:
        assert number == max(each.number for each in policy.versions if each.valid_from <= at)
    assert {number for _, number in found} == set(range(1, ROUNDS + 2))


async def held_for(airline: PostgresAirline, flight: str) -> tuple[dt.datetime, dt.timedelta]:
    """When seats were held, and how long they are; the shared clock stands still meanwhile."""
    booking = (await airline.submit(create_booking(flight))).state
    assert isinstance(booking, Booking)
    assert booking.hold_until is not None
    return airline.clock(), booking.hold_until - airline.clock()


async def test_holds_of_two_processes_follow_what_is_published_meanwhile(
    database: TestDatabase,
) -> None:
    clock = SharedClock()
    found: list[tuple[dt.datetime, dt.timedelta]] = []
    async with (
        postgres_airline(database.app_dsn, clock=clock) as one,
        postgres_airline(database.app_dsn, clock=clock) as two,
    ):
        flight = await one.schedule(seats=1_000)
        for round_ in range(ROUNDS):
            value = msgspec.structs.replace(HOLD_TIMES, hold_minutes=20 + round_)
            _, *held = await asyncio.gather(
                two.submit(proposal(value)),
                *(held_for(each, flight) for each in (one, two) for _ in range(5)),
            )
            found += held
            clock.now += LEAST_LEAD
            found += await asyncio.gather(*(held_for(each, flight) for each in (one, two)))
        policy, _ = await one.dispatcher.current(stream_kinds.POLICY, "policy-hold_times")
    assert policy is not None
    assert [each.approver for each in policy.versions] == [None] * (ROUNDS + 1)
    assert len(found) == ROUNDS * 12
    for at, lasts in found:
        (newest,) = [each.value for each in policy.versions if each.valid_from <= at][-1:]
        assert isinstance(newest, HoldTimes)
        assert lasts == newest.hold
    assert len({lasts for _, lasts in found}) == ROUNDS + 1
