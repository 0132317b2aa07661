"""Numbers of tax documents without a gap in the log of Postgres, with two processes at once."""

import asyncio

import psycopg

from application.commands.dispatcher import Dispatcher
from application.invoicing.issue_documents import issue_documents
from application.invoicing.ports import IssuingPorts
from tests.support.memory_use_cases import MemoryVault
from tests.support.postgres_airline import PostgresAirline, postgres_airline, utc_now
from tests.support.servers import TestDatabase
from tests.support.tax_documents import RATES, SELLER

BOOKINGS = 30


def issuing(bus: Dispatcher) -> IssuingPorts:
    return IssuingPorts(bus=bus, vault=MemoryVault(), seller=SELLER, rates=RATES, clock=utc_now)


async def issue(airline: PostgresAirline, booking: str) -> None:
    """As the runner of this process does; commands of the other one have other ids here."""

    async def submit(_step: str, command: object) -> None:
        await airline.submit(command)  # type: ignore[arg-type]  # any command

    await issue_documents(issuing(airline.dispatcher), booking, submit)


async def test_two_processes_number_all_documents_once_and_without_a_gap(
    database: TestDatabase,
) -> None:
    async with postgres_airline(database.app_dsn) as one, postgres_airline(database.app_dsn) as two:
        flight = await one.schedule(seats=100)
        bookings = [await one.ticketed(flight) for _ in range(BOOKINGS)]
        for booking in bookings[::3]:
            await one.cancel(booking)
        await asyncio.gather(
            *(issue(process, booking) for booking in bookings for process in (one, two))
        )
    with psycopg.connect(database.owner_dsn) as connection:
        rows = connection.execute(
            "SELECT convert_from(payload, 'UTF8')::json ->> 'number', "
            "(convert_from(payload, 'UTF8')::json ->> 'counter')::int "
            "FROM ledger.event WHERE tag = 'taxseries.document_numbered.1' ORDER BY position"
        ).fetchall()
        documents = connection.execute(
            "SELECT count(*) FROM ledger.event WHERE tag = 'taxdocuments.issued.1'"
        ).fetchone()
    count = BOOKINGS + BOOKINGS // 3
    assert [counter for _, counter in rows] == list(range(1, count + 1))
    assert documents == (count,)
    assert len({number for number, _ in rows}) == count
    for prefix, expected in (("INV", BOOKINGS), ("CRN", BOOKINGS // 3)):
        numbers = sorted(int(number[-6:]) for number, _ in rows if number.startswith(prefix))
        assert numbers == list(range(1, expected + 1))
