"""A paid booking whose confirmation failed is confirmed by the timer, once."""

import datetime as dt

from application.commands import stream_kinds
from application.payment.record_capture import RecordCapture
from application.payment.start_checkout import StartCheckout
from application.processes.runner import ProcessRunner
from domain.booking.states import Status
from domain.kernel import ids
from infrastructure.postgres import roles
from infrastructure.postgres.flight_tasks import PostgresFlightTasks
from infrastructure.postgres.pool import make_pool
from infrastructure.postgres.ticket_stock import PostgresTicketStock
from projections import runner
from projections.booking_list import queries
from projections.registry import ALL
from tests.support import stored_log
from tests.support.airline import create_booking
from tests.support.postgres_airline import postgres_airline
from tests.support.servers import TestDatabase


async def test_an_unconfirmed_paid_booking_is_listed_and_confirmed_once(
    database: TestDatabase,
) -> None:
    pool = make_pool(database.app_dsn)
    await pool.open()
    projector_dsn = database.app_dsn.replace(roles.APPLICATION_LOGIN, roles.PROJECTOR_LOGIN)
    runner.prepare_all(projector_dsn)
    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=2)
        booking = (await airline.submit(create_booking(flight))).answer.stream
        checkout = (await airline.submit(StartCheckout(booking_id=booking))).answer
        due = (await airline.dispatcher.current(stream_kinds.BOOKING, booking))[0]
        assert due is not None
        await airline.submit(
            RecordCapture(
                payment_id=ids.payment_stream(booking, 1),
                booking_id=booking,
                attempt=checkout.ids["attempt"],
                intent="pi_1",
                charge="ch_1",
                amount=due.amount_due(),
            )
        )
        runner.catch_up(projector_dsn, ALL["booking_list"])
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
        assert await queries.unconfirmed(pool, soon, limit=10) == [booking]
        processes = ProcessRunner(
            log=airline.log,
            bus=airline.dispatcher,
            stock=PostgresTicketStock(pool),
            tasks=PostgresFlightTasks(pool),
            airline_code="000",
            report=lambda *_: None,
        )
        for _ in range(2):
            await processes.run_again(booking)
        confirmed = (await airline.dispatcher.current(stream_kinds.BOOKING, booking))[0]
        assert confirmed is not None
        assert confirmed.status is Status.CONFIRMED
        runner.catch_up(projector_dsn, ALL["booking_list"])
        assert await queries.unconfirmed(pool, soon, limit=10) == []
    assert stored_log.count(database.owner_dsn, "booking.confirmed.1") == 1
    await pool.close()
