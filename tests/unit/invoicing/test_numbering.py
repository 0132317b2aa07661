"""Numbers without a gap, whichever process issues them and whenever."""

import datetime as dt
import itertools

import pytest

from application.invoicing.issue_documents import BuyerOf, IssueTaxDocuments
from application.invoicing.price_changes import drafts_of
from domain.invoicing.events import DocumentNumbered
from domain.invoicing.state import FIRST_HASH
from domain.kernel import ids
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_log import MemoryProcess, envelope
from tests.support.tax_documents import SELLER, TaxRuns


def numbered(airline: MemoryAirline) -> list[DocumentNumbered]:
    return [r.event for r in airline.log.events if isinstance(r.event, DocumentNumbered)]


def issuing(airline: MemoryAirline, booking: str) -> IssueTaxDocuments:
    drafts = drafts_of(airline.log.streams[booking], outside=())
    return IssueTaxDocuments(booking, tuple(drafts), SELLER, None, BuyerOf())


async def test_each_document_has_the_next_number_of_its_kind_and_the_hash_of_the_one_before() -> (
    None
):
    airline = MemoryAirline()
    runs = TaxRuns(airline)
    flight = airline.schedule("SV1", in_days=20)
    for number in range(4):
        booking = airline.ticketed(flight)
        if number % 2:
            airline.cancel(booking)
        await runs.to_the_end()
    found = numbered(airline)
    assert [each.counter for each in found] == [1, 2, 3, 4, 5, 6]
    assert [each.number for each in found] == [
        "INV-2026-000001",
        "INV-2026-000002",
        "CRN-2026-000001",
        "INV-2026-000003",
        "INV-2026-000004",
        "CRN-2026-000002",
    ]
    documents = {each.number: each for r in airline.log.events if hasattr(each := r.event, "uuid")}
    hashes = [FIRST_HASH, *(each.hash for each in found)]
    for before, each in itertools.pairwise(hashes):
        assert before != each
    for each, before in zip(found, hashes, strict=False):
        assert documents[each.number].previous_hash == before
        assert documents[each.number].hash == each.hash
    assert len({each.uuid for each in documents.values()}) == 6


def test_two_processes_that_issue_at_once_leave_no_gap_and_issue_nothing_twice() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", seats=9)
    bookings = [airline.ticketed(flight) for _ in range(8)]
    processes = [airline.another_process() for _ in range(2)]
    for number, booking in enumerate([*bookings, *bookings]):
        command = issuing(airline, booking)
        processes[number % 2].submit(envelope(command, 10_000 + number))
    batch = [envelope(issuing(airline, each), 20_000 + n) for n, each in enumerate(bookings)]
    processes[0].submit_together(batch)
    assert [each.counter for each in numbered(airline)] == list(range(1, 9))


def test_a_batch_of_documents_is_numbered_in_its_order() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", seats=9)
    bookings = [airline.ticketed(flight) for _ in range(5)]
    batch = [envelope(issuing(airline, each), 10_000 + n) for n, each in enumerate(bookings)]
    airline.another_process().submit_together(batch)
    assert [each.booking for each in numbered(airline)] == bookings
    assert numbered(airline)[-1].number == "INV-2026-000005"


def test_numbers_begin_anew_each_year_and_the_counter_never_does() -> None:
    airline = MemoryAirline()
    bookings = [airline.ticketed(airline.schedule("SV1", in_days=90)) for _ in range(3)]
    for booking, days in zip(bookings, (0, 25, 20), strict=True):
        airline.wait(days=days)
        airline.submit(issuing(airline, booking))
    found = numbered(airline)
    assert [(each.number, each.counter) for each in found] == [
        ("INV-2026-000001", 1),
        ("INV-2026-000002", 2),
        ("INV-2027-000001", 3),
    ]
    assert [s for s in airline.log.streams if s.startswith("taxseries")] == [
        "taxseries-2026-11",
        "taxseries-2026-12",
        "taxseries-2027-01",
    ]


def test_a_clock_that_is_behind_puts_no_document_into_a_month_that_is_over() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", in_days=90)
    first, second = airline.ticketed(flight), airline.ticketed(flight)
    airline.wait(days=12)
    airline.submit(issuing(airline, first))
    behind = MemoryProcess(
        airline.log,
        clock=lambda: airline.clock() - dt.timedelta(days=12),
        random_bytes=lambda count: b"\0" * count,
    )
    behind.submit(envelope(issuing(airline, second), 10_000))
    assert [each.counter for each in numbered(airline)] == [1, 2]
    assert ids.tax_series_stream("2026-11") not in airline.log.streams


@pytest.mark.parametrize("months", [2, 14])
def test_the_counter_goes_on_after_months_without_a_sale(months: int) -> None:
    airline = MemoryAirline()
    first = airline.ticketed(airline.schedule("SV1"))
    airline.submit(issuing(airline, first))
    airline.wait(days=31 * months)
    departs_at = airline.clock() + (airline.clock() - airline.log.events[0].recorded_at)
    second = airline.ticketed(airline.schedule("SV2", departs_at=departs_at))
    airline.submit(issuing(airline, second))
    assert [each.counter for each in numbered(airline)] == [1, 2]
