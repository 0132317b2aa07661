"""Flights that nobody has answered are found by the timers, and listed for staff."""

import datetime as dt
from types import SimpleNamespace
from typing import cast

from application.booking.answer_disruption import AcceptDisruption
from application.booking.expire_booking import ExpireBooking
from application.booking.offer_disruption import OfferDisruption
from application.booking.settle_unanswered import RefundUnanswered, RemindUnanswered
from application.inventory.cancel_flight import CancelFlight
from application.inventory.reschedule_flight import RescheduleFlight
from domain.booking.states import Status
from domain.booking.values import NewTimes
from domain.policies.operating_values import DisruptionDeadlines
from infrastructure.postgres import roles
from interfaces.composition import Core
from interfaces.worker.timers import refund_unanswered_cancellations, remind_of_cancelled_flights
from interfaces.worker.timers.remind_of_cancelled_flights import RemindOfCancelledFlight
from interfaces.worker.timers.timer import Page
from projections import checking, runner
from projections.booking_list import queries
from projections.registry import ALL
from tests.support.moved_clock import MovedClock
from tests.support.policies import proposal
from tests.support.postgres_airline import postgres_airline
from tests.support.servers import TestDatabase


async def test_an_unanswered_cancellation_is_listed_until_it_is_reminded_and_refunded(
    database: TestDatabase,
) -> None:
    projector_dsn = database.app_dsn.replace(roles.APPLICATION_LOGIN, roles.PROJECTOR_LOGIN)
    runner.prepare_all(projector_dsn)
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    past = soon - dt.timedelta(hours=1)
    async with postgres_airline(database.app_dsn) as airline:

        async def found() -> tuple[list[str], list[str]]:
            runner.catch_up(projector_dsn, ALL["booking_list"])
            assert checking.check(projector_dsn, "booking_list") == []
            assert await queries.unanswered(airline.pool, past, limit=10) == []
            unreminded = await queries.unreminded(airline.pool, soon, limit=10)
            unanswered = await queries.unanswered(airline.pool, soon, limit=10)
            return [each.booking for each in unreminded], [each.booking for each in unanswered]

        flight = await airline.schedule(seats=2)
        booking = await airline.ticketed(flight)
        assert await found() == ([], [])
        await airline.submit(CancelFlight(flight, "no crew"))
        await airline.submit(OfferDisruption(booking, flight, "cancelled", "no crew", True))
        assert await found() == ([booking], [booking])
        await airline.submit(RemindUnanswered(booking))
        assert await found() == ([], [booking])
        listed, _ = await queries.unanswered_cancellations(airline.pool)
        assert [(each.booking_id, each.flight, each.reminded) for each in listed] == [
            (booking, flight, True)
        ]
        await airline.submit(RefundUnanswered(booking))
        assert await found() == ([], [])


async def test_passengers_are_reminded_and_refunded_when_the_policy_says(
    database: TestDatabase,
) -> None:
    projector_dsn = database.app_dsn.replace(roles.APPLICATION_LOGIN, roles.PROJECTOR_LOGIN)
    runner.prepare_all(projector_dsn)
    async with postgres_airline(database.app_dsn) as airline:
        core = cast(Core, SimpleNamespace(pool=airline.pool, bus=airline.dispatcher))
        flight = await airline.schedule(seats=2)
        booking = await airline.ticketed(flight)
        await airline.submit(CancelFlight(flight, "no crew"))
        await airline.submit(OfferDisruption(booking, flight, "cancelled", "no crew", True))
        runner.catch_up(projector_dsn, ALL["booking_list"])
        now = dt.datetime.now(dt.UTC)
        in_hours, in_days = (Page(now + dt.timedelta(hours=each), 10) for each in (2, 26))

        async def due() -> tuple[int, int]:
            reminded = await remind_of_cancelled_flights.due(core, in_hours)
            return len(reminded), len(await refund_unanswered_cancellations.due(core, in_days))

        assert await due() == (0, 0)
        await airline.submit(proposal(DisruptionDeadlines(60, 1_440)))
        assert await due() == (1, 1)


async def test_moved_flights_without_an_answer_are_listed_and_each_is_reminded_of(
    database: TestDatabase,
) -> None:
    projector_dsn = database.app_dsn.replace(roles.APPLICATION_LOGIN, roles.PROJECTOR_LOGIN)
    runner.prepare_all(projector_dsn)
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    async with postgres_airline(database.app_dsn) as airline:

        async def found() -> tuple[list[tuple[int, ...]], list[tuple[str, bool]]]:
            runner.catch_up(projector_dsn, ALL["booking_list"])
            assert checking.check(projector_dsn, "booking_list") == []
            assert await queries.unanswered(airline.pool, soon, limit=10) == []
            listed, _ = await queries.unanswered_moves(airline.pool)
            unreminded = await queries.unreminded(airline.pool, soon, limit=10)
            assert await queries.unreminded(airline.pool, soon, limit=10, after="c") == []
            return (
                [tuple(each.segments) for each in unreminded],
                [(each.flight, each.reminded) for each in listed],
            )

        out = await airline.schedule("SV1", seats=2)
        back = await airline.schedule("SV2", in_days=20, route=("JED", "RUH"), seats=2)
        booking = await airline.ticketed((out, back))

        async def move(flight: str) -> None:
            known = await airline.flight(flight)
            later = dt.timedelta(hours=3)
            times = NewTimes(known.departs_at + later, known.arrives_at + later)
            await airline.submit(
                RescheduleFlight(flight, times.departs_at, times.arrives_at, "fog")
            )
            await airline.submit(
                OfferDisruption(booking, flight, "rescheduled", "fog", True, times)
            )

        await move(out)
        assert await found() == ([(0,)], [(out, False)])
        await airline.submit(RemindUnanswered(booking))
        assert await found() == ([], [(out, True)])
        await move(back)
        assert await found() == ([(0, 1)], [(out, True), (back, False)])
        await airline.submit(RemindUnanswered(booking))
        for segment in (0, 1):
            await airline.submit(AcceptDisruption(booking, segment))
        assert await found() == ([], [])


async def test_a_booking_that_expires_awaits_no_answer_any_more(database: TestDatabase) -> None:
    projector_dsn = database.app_dsn.replace(roles.APPLICATION_LOGIN, roles.PROJECTOR_LOGIN)
    runner.prepare_all(projector_dsn)
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)
    clock = MovedClock()
    async with postgres_airline(database.app_dsn, clock=clock) as airline:

        async def found() -> tuple[list[str], list[str]]:
            runner.catch_up(projector_dsn, ALL["booking_list"])
            assert checking.check(projector_dsn, "booking_list") == []
            moved, _ = await queries.unanswered_moves(airline.pool)
            unreminded = await queries.unreminded(airline.pool, soon, limit=10)
            return [each.flight for each in moved], [each.booking for each in unreminded]

        out = await airline.schedule("SV1", seats=1)
        booking = await airline.book(out)
        known = await airline.flight(out)
        later = dt.timedelta(hours=3)
        times = NewTimes(known.departs_at + later, known.arrives_at + later)
        await airline.submit(RescheduleFlight(out, times.departs_at, times.arrives_at, "fog"))
        await airline.submit(OfferDisruption(booking, out, "rescheduled", "fog", True, times))
        assert await found() == ([out], [booking])
        clock.ahead = dt.timedelta(minutes=30)
        await airline.submit(ExpireBooking(booking_id=booking, reason="hold_lapsed"))
        assert (await airline.booking(booking)).status is Status.EXPIRED
        assert await found() == ([], [])


def test_a_later_flight_of_the_booking_is_reminded_of_by_another_command() -> None:
    since = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    tasks = [RemindOfCancelledFlight("booking-AAAAAA", since, each) for each in ((0,), (1,))]
    first, second, again = (
        remind_of_cancelled_flights.cause(each).id for each in (*tasks, tasks[0])
    )
    assert first == again != second
