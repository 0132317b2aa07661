"""A printed tax document can be scanned and read, in both languages."""

import pytest

from application.invoicing import qr_code
from application.invoicing.ports import SoldFare
from application.pricing.fare_conditions import conditions_of_segments
from domain.booking.values import Segment
from domain.invoicing.events import TaxDocumentIssued
from domain.policies.book import LAUNCH_BOOK
from infrastructure.boarding_pass import arabic
from infrastructure.tax_receipt import sheet
from infrastructure.tax_receipt.printer import BilingualReceiptPrinter
from tests.support import scanner
from tests.support.memory_airline import MemoryAirline
from tests.support.tax_documents import BUYER, TaxRuns

PRINTER = BilingualReceiptPrinter()


async def documents(currency: str = "SAR", *, named: bool = False) -> list[TaxDocumentIssued]:
    airline = MemoryAirline()
    runs = TaxRuns(airline)
    flight = airline.schedule("SV1", fare=32_000, in_days=20, currency=currency)
    booking = airline.book(flight)
    if named:
        runs.name_buyer(booking)
    airline.pay(booking)
    airline.confirm(booking)
    airline.cancel(booking)
    return list(await runs.documents(booking))


@pytest.mark.parametrize("currency", ["SAR", "KWD", "JPY"])
async def test_the_code_of_a_simplified_document_scans_as_its_five_tags(currency: str) -> None:
    for document in await documents(currency):
        codes = scanner.barcodes(scanner.printed(PRINTER.pdf(document, None)))
        assert [text for _, text in codes] == [qr_code.text(document)]


async def test_the_page_shows_number_parties_amounts_and_the_invoice_of_a_note() -> None:
    invoice, note = await documents()
    text = scanner.page_text(PRINTER.pdf(note, None))
    for shown in (note.number, invoice.number, "Credit note", "300000000000003", "391.00"):
        assert shown in text
    assert "Simplified tax invoice" in scanner.page_text(PRINTER.pdf(invoice, None))


async def test_a_standard_document_names_the_buyer_until_the_buyer_is_erased() -> None:
    invoice, _ = await documents(named=True)
    shown = scanner.page_text(PRINTER.pdf(invoice, BUYER))
    assert "Tax invoice" in shown
    assert BUYER.vat_number in shown
    assert BUYER.vat_number not in scanner.page_text(PRINTER.pdf(invoice, None))


async def test_a_second_page_has_the_conditions_of_four_flights_in_both_languages() -> None:
    invoice, _ = await documents()
    [segment] = conditions_of_segments(LAUNCH_BOOK, [Segment("flight-SV1-2026-11-24", "J", "J")])
    sold = [SoldFare(f"flight-SV{each}-2026-11-24", "J", segment) for each in range(1, 5)]
    pdf = PRINTER.pdf(invoice, None, sold)
    first, second = scanner.page_texts(pdf)
    assert [first] == scanner.page_texts(PRINTER.pdf(invoice, None))
    for each in range(1, 5):
        assert f"SV{each}-2026-11-24 Business, class J, fare basis JOW" in second
    assert second.count("2 x 32 kg in the hold, 2 x 7 kg in the cabin") == 4
    assert second.count("from 168 h 0 %; from 72 h 25 %; from 24 h 50 %; from 0 h 75 %") == 4
    assert second.count(arabic.shaped("المغادرة")) >= 4


async def test_the_same_document_is_always_the_same_file() -> None:
    invoice, _ = await documents()
    assert PRINTER.pdf(invoice, None) == PRINTER.pdf(invoice, None)


def test_arabic_runs_from_the_right_and_numbers_in_it_from_the_left() -> None:
    street, city = "طريق الملك فهد", "الرياض"
    assert sheet.drawn(f"1234 - {street} - {city} - 12211") == (
        f"12211 - {arabic.shaped(city)} - {arabic.shaped(street)} - 1234"
    )
    assert sheet.drawn(f"Air fare / {city} (15 %)") == f"Air fare / {arabic.shaped(city)} (15 %)"
    assert sheet.drawn("Rimal Air, 12") == "Rimal Air, 12"
