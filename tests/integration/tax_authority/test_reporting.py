"""Documents are signed and reported; an outage of the authority delays reports and nothing else."""

import base64
from pathlib import Path

import pytest

from application import ports
from application.invoicing import report_documents, ubl
from application.invoicing.report_documents import ReportTaxDocument
from domain.invoicing.events import DocumentReported
from domain.kernel import ids
from infrastructure.tax_authority.fake_authority import FakeTaxAuthority
from infrastructure.tax_authority.signed_reporting import SignedReporting
from tests.support.memory_airline import MemoryAirline
from tests.support.tax_documents import TaxRuns

SECRET = bytes(range(32))
MONTH = "2026-11"


class Reporting:
    """An airline that has sold to a consumer and to a business, and its authority."""

    def __init__(self, folder: Path) -> None:
        self.airline = MemoryAirline()
        self.runs = TaxRuns(self.airline)
        self.authority = FakeTaxAuthority(folder)
        self.reporting = SignedReporting(self.authority, secret=SECRET)

    async def sell(self) -> list[str]:
        flight = self.airline.schedule(f"SV{len(self.airline.log.events) + 1}", in_days=20)
        bookings = [self.airline.book(flight) for _ in range(2)]
        self.runs.name_buyer(bookings[1])
        for booking in bookings:
            self.airline.pay(booking)
            self.airline.confirm(booking)
        await self.runs.to_the_end()
        return bookings

    async def unreported(self) -> list[ReportTaxDocument]:
        series = self.airline.log.state(ids.tax_series_stream(MONTH))
        return [
            ReportTaxDocument(MONTH, number, booking)
            for number, booking in sorted(series.unreported.items())
        ]

    async def report(self) -> None:
        for task in await self.unreported():
            await report_documents.report_document(
                self.runs.bus, self.runs.vault, self.reporting, task
            )

    def reports(self) -> list[DocumentReported]:
        return [
            recorded.event
            for recorded in self.airline.log.streams[ids.tax_series_stream(MONTH)]
            if isinstance(recorded.event, DocumentReported)
        ]


async def test_simplified_documents_are_reported_and_standard_ones_cleared_once(
    tmp_path: Path,
) -> None:
    of = Reporting(tmp_path)
    bookings = await of.sell()
    assert [task.booking_id for task in await of.unreported()] == bookings
    tasks = await of.unreported()
    await of.report()
    assert {each.number: each.status for each in of.reports()} == {
        tasks[0].number: "reported",
        tasks[1].number: "cleared",
    }
    assert await of.unreported() == []
    for task in tasks:
        await report_documents.report_document(of.runs.bus, of.runs.vault, of.reporting, task)
    assert len(of.reports()) == len(of.authority.kept()) == 2


async def test_the_authority_keeps_the_document_as_it_was_issued(tmp_path: Path) -> None:
    of = Reporting(tmp_path)
    booking, _ = await of.sell()
    await of.report()
    (document,) = of.runs.issued(booking)
    kept = of.authority.kept()[0].document
    assert (kept.number, kept.uuid, kept.hash) == (document.number, document.uuid, document.hash)
    assert base64.b64decode(kept.invoice) == ubl.xml(document, None)


async def test_an_outage_of_the_authority_is_waited_out_and_stops_no_sale(tmp_path: Path) -> None:
    of = Reporting(tmp_path)
    of.authority.away = True
    await of.sell()
    with pytest.raises(ports.Unavailable):
        await of.report()
    of.airline.wait(days=2)
    await of.sell()
    assert len(await of.unreported()) == 4
    of.authority.away = False
    await of.report()
    assert await of.unreported() == []


async def test_a_document_that_was_altered_is_rejected_and_listed_with_the_reason(
    tmp_path: Path,
) -> None:
    of = Reporting(tmp_path)
    booking, _ = await of.sell()
    (document,) = of.runs.issued(booking)
    altered = ubl.xml(document, None).replace(b"575.00", b"999.00")
    answer = await of.reporting.report(document, altered)
    assert (answer.status, answer.code) == ("rejected", "invalid-invoice-hash")


async def test_a_signature_of_another_key_is_rejected(tmp_path: Path) -> None:
    of = Reporting(tmp_path)
    booking, _ = await of.sell()
    (document,) = of.runs.issued(booking)
    await of.reporting.report(document, ubl.xml(document, None))
    signed = of.authority.kept()[0].document
    other = SignedReporting(FakeTaxAuthority(tmp_path / "other"), secret=bytes(32))
    answer = FakeTaxAuthority(tmp_path / "third").receive(signed, other._key.public_key())
    assert (answer.status, answer.code) == ("rejected", "invalid-signature")
