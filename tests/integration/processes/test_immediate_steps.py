"""Confirmation in the append of the payment, on a real log and a real sequence of serials."""

import asyncio
import os
from contextlib import AsyncExitStack

import psycopg

from application import ports
from application.commands.dispatcher import Dispatcher
from application.processes.immediate_steps import ImmediateSteps
from domain.booking.states import Status
from infrastructure.event_store.log import PostgresEventLog
from infrastructure.postgres import pool as pools
from infrastructure.postgres.ticket_stock import PostgresTicketStock
from tests.support.airline import AIRLINE
from tests.support.postgres_airline import PostgresAirline, postgres_airline
from tests.support.servers import TestDatabase


class Immediate(PostgresAirline):
    """A process that decides with its causes what follows from them."""

    def __init__(
        self, log: PostgresEventLog, pool: pools.Pool, clock: ports.Clock, **limits: int
    ) -> None:
        super().__init__(log, pool, clock, **limits)
        self.stock = PostgresTicketStock(pool)
        self.dispatcher = Dispatcher(
            log=log,
            clock=clock,
            random_bytes=os.urandom,
            follow_ups=ImmediateSteps(self.stock, airline_code=AIRLINE),
        )

    async def fill(self) -> None:
        """Wait until serials are at hand."""
        for _ in range(1_000):
            if self.stock.take(1, key="probe") is not None:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("no serials came")


def append_of(dsn: str, tag: str) -> list[str]:
    """Return the tags of the append that recorded the newest event of this tag."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT tag FROM ledger.event WHERE recorded_at = ("
            "  SELECT max(recorded_at) FROM ledger.event WHERE tag = %s) ORDER BY position",
            (tag,),
        ).fetchall()
    return [row[0] for row in rows]


async def test_a_booking_is_confirmed_in_the_append_of_its_payment(database: TestDatabase) -> None:
    async with postgres_airline(database.app_dsn, kind=Immediate) as airline:
        await airline.fill()
        booking = await airline.book(await airline.schedule())
        await airline.pay(booking)
        assert (await airline.booking(booking)).status is Status.CONFIRMED
    assert append_of(database.owner_dsn, "payment.captured.1") == [
        "payment.captured.1",
        "booking.paid.1",
        "booking.confirmed.1",
        "flight.seats_sold.1",
    ]


async def test_a_process_that_holds_no_serials_yet_leaves_the_ticket_to_the_runner(
    database: TestDatabase,
) -> None:
    async with postgres_airline(database.app_dsn, kind=Immediate) as airline:
        booking = await airline.book(await airline.schedule())
        await airline.pay(booking)
        assert (await airline.booking(booking)).status is Status.PAID
        await airline.stock.close()


async def test_payments_of_one_flight_in_two_processes_each_get_their_own_ticket(
    database: TestDatabase,
) -> None:
    async with AsyncExitStack() as stack:
        first, second = [
            await stack.enter_async_context(postgres_airline(database.app_dsn, kind=Immediate))
            for _ in range(2)
        ]
        await first.fill()
        await second.fill()
        flight = await first.schedule(seats=30)
        bookings = [await first.book(flight) for _ in range(20)]
        await asyncio.gather(
            *(
                (first if index % 2 else second).pay(booking, intent=f"pi_{index}")
                for index, booking in enumerate(bookings)
            )
        )
        confirmed = [await first.booking(each) for each in bookings]
    assert {each.status for each in confirmed} == {Status.CONFIRMED}
    numbers = [ticket.number for each in confirmed for ticket in each.tickets]
    assert len(set(numbers)) == len(numbers) == 20


async def test_serials_that_are_taken_during_a_refill_are_given_out_once(
    database: TestDatabase,
) -> None:
    async with postgres_airline(database.app_dsn, kind=Immediate) as airline:
        await airline.fill()
        given: list[int] = []
        for number in range(3_000):
            # Every other one is taken while the serials of a refill are on their way.
            taken = airline.stock.take(1, key=f"payment-{number}")
            drawn = await airline.stock.draw(1) if taken is None else taken
            given += drawn
            await asyncio.sleep(0)
        await airline.stock.close()
    assert len(given) == len(set(given)) == 3_000
