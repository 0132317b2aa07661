"""Cancelled flights that nobody has answered are found by the timers, and listed for staff."""

import datetime as dt

from application.booking.offer_disruption import OfferDisruption
from application.booking.settle_unanswered import RefundUnanswered, RemindUnanswered
from application.inventory.cancel_flight import CancelFlight
from infrastructure.postgres import roles
from projections import checking, runner
from projections.booking_list import queries
from projections.registry import ALL
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
