"""The processes on a real log: many tickets at once, and trouble that stays with its booking."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from application import streams
from application.payment.record_capture import RecordCapture
from application.payment.start_checkout import StartCheckout
from application.processes.runner import ProcessRunner
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.pricing.extras import ExtraChoice
from infrastructure.postgres.flight_tasks import PostgresFlightTasks
from infrastructure.postgres.ticket_stock import BLOCK_SIZE, PostgresTicketStock
from tests.integration.dispatch import rig
from tests.support.servers import TestDatabase


class Running(msgspec.Struct, frozen=True):
    """A desk, the processes over its log, and what they reported."""

    desk: rig.Desk
    processes: ProcessRunner
    reports: list[tuple[str, Exception]]

    async def paid(self, flight: str, extras: int = 0) -> str:
        """A booking of one adult with so many extras, paid and not yet ticketed."""
        wanted = msgspec.structs.replace(
            rig.booking(flight), extras=(ExtraChoice("BAG20", 0, 0),) * extras
        )
        booking = (await self.desk.submit(wanted)).answer.stream
        checkout = (await self.desk.submit(StartCheckout(booking=booking))).answer
        due = (await self.booking(booking)).amount_due()
        await self.desk.submit(
            RecordCapture(
                payment=checkout.stream,
                booking=booking,
                attempt=checkout.ids["attempt"],
                intent=f"pi_{booking}",
                charge=f"ch_{booking}",
                amount=due,
            )
        )
        return booking

    async def booking(self, stream: str) -> Booking:
        """As the log has it now."""
        found = (await self.desk.dispatcher.current(streams.BOOKING, stream))[0]
        assert found is not None
        return found


@asynccontextmanager
async def running(database: TestDatabase) -> AsyncIterator[Running]:
    """Processes over a fresh log."""
    reports: list[tuple[str, Exception]] = []
    async with rig.desk(database.app_dsn) as desk:
        processes = ProcessRunner(
            log=desk.log,
            desk=desk.dispatcher,
            stock=PostgresTicketStock(desk.pool),
            tasks=PostgresFlightTasks(desk.pool),
            airline_code="999",
            report=lambda stream, error: reports.append((stream, error)),
        )
        yield Running(desk, processes, reports)


async def test_a_booking_with_more_extras_than_a_block_of_serials_is_confirmed_like_any_other(
    database: TestDatabase,
) -> None:
    async with running(database) as found:
        flight = await rig.put_on_sale(found.desk, seats=9)
        many = await found.paid(flight, extras=2 * BLOCK_SIZE + 1)
        plain = await found.paid(flight)
        await found.processes.run_from(0)
        assert found.reports == []
        confirmed = [await found.booking(stream) for stream in (many, plain)]
    assert [each.status for each in confirmed] == [Status.CONFIRMED] * 2
    numbers = [ticket.number for each in confirmed for ticket in each.tickets]
    numbers += [str(extra.document) for each in confirmed for extra in each.extras]
    assert len(set(numbers)) == len(numbers) == 2 + 2 * BLOCK_SIZE + 1
