"""A paid booking whose confirmation failed is confirmed by the timer, once."""

import datetime as dt

from application.processes.runner import ProcessRunner
from domain.booking.states import Status
from infrastructure.airports.world import load_airports
from infrastructure.postgres import roles
from infrastructure.postgres.flight_tasks import PostgresFlightTasks
from infrastructure.postgres.ticket_stock import PostgresTicketStock
from projections import runner
from projections.booking_list import queries
from projections.registry import ALL
from tests.support import stored_log
from tests.support.postgres_airline import postgres_airline
from tests.support.servers import TestDatabase


async def test_an_unconfirmed_paid_booking_is_listed_and_confirmed_once(
    database: TestDatabase,
) -> None:
    projector_dsn = database.app_dsn.replace(roles.APPLICATION_LOGIN, roles.PROJECTOR_LOGIN)
    runner.prepare_all(projector_dsn)
    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=2)
        booking = await airline.book(flight)
        await airline.pay(booking)
        runner.catch_up(projector_dsn, ALL["booking_list"])
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
        assert await queries.unconfirmed(airline.pool, soon, limit=10) == [booking]
        processes = ProcessRunner(
            log=airline.log,
            bus=airline.dispatcher,
            stock=PostgresTicketStock(airline.pool),
            tasks=PostgresFlightTasks(airline.pool),
            airports=load_airports(),
            airline_code="000",
            clock=airline.clock,
            report=lambda *_: None,
        )
        for _ in range(2):
            await processes.run_again(booking)
        assert (await airline.booking(booking)).status is Status.CONFIRMED
        runner.catch_up(projector_dsn, ALL["booking_list"])
        assert await queries.unconfirmed(airline.pool, soon, limit=10) == []
    assert stored_log.count(database.owner_dsn, "booking.confirmed.1") == 1
