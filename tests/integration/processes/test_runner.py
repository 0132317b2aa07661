"""The processes on a real log: many tickets, and failures that affect only their booking."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from application.processes.runner import ProcessRunner
from domain.booking.states import Status
from domain.pricing.extras import ExtraChoice
from infrastructure.airports.world import load_airports
from infrastructure.postgres.flight_tasks import PostgresFlightTasks
from infrastructure.postgres.ticket_stock import BLOCK_SIZE, PostgresTicketStock
from tests.support.postgres_airline import PostgresAirline, postgres_airline
from tests.support.servers import TestDatabase


class Running(msgspec.Struct, frozen=True):
    """An airline, the processes over its log, and what they reported."""

    airline: PostgresAirline
    processes: ProcessRunner
    reports: list[tuple[str, Exception]]

    async def paid(self, flight: str, extras: int = 0) -> str:
        """Return a booking of one adult with `extras` extras, paid and not yet ticketed."""
        bags = (ExtraChoice("BAG20", 0, 0),) * extras
        booking: str = await self.airline.book(flight, extras=bags)
        await self.airline.pay(booking)
        return booking


@asynccontextmanager
async def running(database: TestDatabase) -> AsyncIterator[Running]:
    """Yield processes over a new log."""
    reports: list[tuple[str, Exception]] = []
    async with postgres_airline(database.app_dsn) as airline:
        processes = ProcessRunner(
            log=airline.log,
            bus=airline.dispatcher,
            stock=PostgresTicketStock(airline.pool),
            tasks=PostgresFlightTasks(airline.pool),
            airports=load_airports(),
            airline_code="999",
            clock=airline.clock,
            report=lambda stream, error: reports.append((stream, error)),
        )
        yield Running(airline, processes, reports)


async def test_a_booking_with_more_extras_than_a_block_of_serials_is_confirmed_like_any_other(
    database: TestDatabase,
) -> None:
    async with running(database) as found:
        flight = await found.airline.schedule(seats=9)
        many = await found.paid(flight, extras=2 * BLOCK_SIZE + 1)
        plain = await found.paid(flight)
        await found.processes.run_from(0)
        assert found.reports == []
        confirmed = [await found.airline.booking(stream) for stream in (many, plain)]
    assert [each.status for each in confirmed] == [Status.CONFIRMED] * 2
    numbers = [ticket.number for each in confirmed for ticket in each.tickets]
    numbers += [str(extra.document) for each in confirmed for extra in each.extras]
    assert len(set(numbers)) == len(numbers) == 2 + 2 * BLOCK_SIZE + 1
