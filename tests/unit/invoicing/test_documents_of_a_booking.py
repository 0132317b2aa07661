"""The invoice and the notes of a booking, from its sale to the last refund."""

import datetime as dt

import pytest

from application.booking.cancel_booking import Part
from application.booking.close_flight import CloseFlight
from application.booking.divide_booking import DivideBooking
from application.booking.grant_refund import GrantRefund
from application.inventory.depart_flight import DepartFlight
from domain.invoicing import rejections
from domain.invoicing.lines import OUT_OF_SCOPE, PASSENGER_CARRIAGE
from domain.kernel import ids, money
from domain.ledger import accounts
from infrastructure.tax_authority.rates import RateTable
from tests.support.disputes import Disputed
from tests.support.memory_airline import MemoryAirline
from tests.support.tax_documents import BUYER, TaxRuns, issue_now, posted, signed_sum


def ready() -> tuple[MemoryAirline, TaxRuns]:
    airline = MemoryAirline()
    return airline, TaxRuns(airline)


async def test_a_confirmed_booking_has_one_simplified_invoice_of_its_price() -> None:
    airline, runs = ready()
    booking = airline.ticketed(airline.schedule("SV1", fare=32_000))
    (invoice,) = await runs.documents(booking)
    assert (invoice.kind, invoice.number, invoice.counter) == ("invoice", "INV-2026-000001", 1)
    assert not invoice.is_standard
    assert [(line.kind, line.category, line.net, line.vat) for line in invoice.lines] == [
        ("fare", "S", 32_000, 4_800),
        ("charge", "S", 2_000, 300),
    ]
    assert invoice.total == airline.booking(booking).price.total().amount == 39_100
    assert invoice.vat == invoice.vat_in_riyals == posted(airline, booking, accounts.VAT_OUTPUT)
    for _ in range(3):
        assert await runs.documents(booking) == (invoice,)
    await issue_now(runs, booking)
    assert runs.issued(booking) == (invoice,)
    assert runs.reports == []


async def test_an_unpaid_booking_and_one_refunded_before_its_tickets_have_no_document() -> None:
    airline, runs = ready()
    flight = airline.schedule("SV1")
    held, paid = airline.book(flight), airline.book(flight)
    airline.pay(paid)
    airline.cancel(paid)
    assert await runs.documents(held) == await runs.documents(paid) == ()


async def test_carriage_abroad_is_zero_rated_with_its_reason() -> None:
    airline, runs = ready()
    flight = airline.schedule("SV5", domestic=False, route=("RUH", "DXB"))
    (invoice,) = await runs.documents(airline.ticketed(flight))
    assert {(line.category, line.reason, line.vat) for line in invoice.lines} == {
        ("Z", PASSENGER_CARRIAGE, 0)
    }


async def test_carriage_within_another_country_is_outside_the_scope_of_the_tax() -> None:
    airline, runs = ready()
    flight = airline.schedule("SV6", route=("DXB", "AUH"), country="AE")
    (invoice,) = await runs.documents(airline.ticketed(flight))
    assert {(line.category, line.reason, line.vat) for line in invoice.lines} == {
        ("O", OUT_OF_SCOPE, 0)
    }


async def test_a_cancellation_credits_what_is_refunded_and_names_the_invoice() -> None:
    airline, runs = ready()
    booking = airline.ticketed(airline.schedule("SV1", fare=32_000, in_days=2))
    quote = airline.cancel(booking)
    invoice, note = await runs.documents(booking)
    assert (note.kind, note.number, note.reason) == (
        "credit_note",
        "CRN-2026-000001",
        "cancellation",
    )
    assert note.refers_to == invoice.number
    assert note.total == quote.refund == airline.booking(booking).owed().amount
    assert invoice.vat - note.vat == posted(airline, booking, accounts.VAT_OUTPUT) > 0
    assert invoice.total - note.total == quote.fee


async def test_parts_that_are_cancelled_one_by_one_credit_the_whole_in_the_end() -> None:
    airline, runs = ready()
    booking = airline.ticketed(
        airline.schedule("SV1", fare=33_333, in_days=20), "ADT", "CHD", "ADT"
    )
    for passengers in ((0,), (1, 2)):
        airline.cancel(booking, Part(passengers=passengers))
    documents = await runs.documents(booking)
    assert [each.kind for each in documents] == ["invoice", "credit_note", "credit_note"]
    assert signed_sum(documents) == signed_sum(documents, "vat") == 0
    assert signed_sum(documents, "vat_in_riyals") == 0


async def test_a_cancellation_that_keeps_everything_has_no_document() -> None:
    airline, runs = ready()
    flight = airline.schedule("SV5", domestic=False, route=("RUH", "DXB"))
    booking = airline.ticketed(flight)
    airline.wait(days=9.99)
    quote = airline.cancel(booking)
    documents = await runs.documents(booking)
    assert signed_sum(documents) == quote.fee
    assert len(documents) == (1 if quote.refund == 0 else 2)


async def test_a_dearer_change_is_a_debit_note_and_a_cheaper_one_a_credit_note() -> None:
    airline, runs = ready()
    booking = airline.ticketed(airline.schedule("SV1", fare=32_000))
    airline.exchange(booking, airline.schedule("SV2", fare=50_000))
    invoice, dearer = await runs.documents(booking)
    assert (dearer.kind, dearer.number) == ("debit_note", "DBN-2026-000001")
    assert (dearer.reason, dearer.refers_to) == ("modification", invoice.number)
    airline.exchange(booking, airline.schedule("SV3", fare=20_000))
    documents = await runs.documents(booking)
    assert [each.kind for each in documents] == ["invoice", "debit_note", "credit_note"]
    paid = airline.booking(booking).captured - airline.booking(booking).owed()
    assert signed_sum(documents) == paid.amount
    assert signed_sum(documents, "vat") == posted(airline, booking, accounts.VAT_OUTPUT)


async def test_airport_charges_of_a_no_show_are_credited_with_their_tax() -> None:
    airline, runs = ready()
    flight = airline.schedule("SV1", fare=32_000, in_days=1)
    booking = airline.ticketed(flight)
    airline.wait(days=1.01)
    airline.submit(DepartFlight(flight, airline.clock()))
    airline.submit(CloseFlight(booking, flight))
    invoice, note = await runs.documents(booking)
    assert (note.kind, note.reason, note.total, note.vat) == ("credit_note", "no_show", 2_300, 300)
    assert note.refers_to == invoice.number
    assert note.lines[0].kind == "charge"


async def test_goodwill_beyond_the_price_is_credited_outside_the_scope_of_the_tax() -> None:
    airline, runs = ready()
    booking = airline.ticketed(airline.schedule("SV1", fare=32_000, in_days=2))
    airline.cancel(booking)
    before = await runs.documents(booking)
    airline.submit(GrantRefund(booking_id=booking, by="usr_finance"))
    *_, note = await runs.documents(booking)
    assert (note.kind, note.reason, note.vat) == ("credit_note", "goodwill", 0)
    assert {line.category for line in note.lines} == {"O"}
    assert note.total == signed_sum(before)


async def test_coupons_that_are_void_after_a_lost_dispute_are_credited() -> None:
    airline, runs = ready()
    booking = airline.ticketed(airline.schedule("SV1", fare=32_000))
    dispute = Disputed(airline, booking, amount=39_100)
    dispute.withdrawn()
    dispute.becomes("lost")
    invoice, note = await runs.documents(booking)
    assert (note.kind, note.reason) == ("credit_note", "charged_back")
    assert (note.total, note.vat) == (invoice.total, invoice.vat)
    assert posted(airline, booking, accounts.VAT_OUTPUT) == 0


async def test_a_division_has_no_document_and_later_notes_name_the_first_invoice() -> None:
    airline, runs = ready()
    booking = airline.ticketed(airline.schedule("SV1", fare=32_000, in_days=20), "ADT", "ADT")
    divided = airline.submit(DivideBooking(booking, passengers=(1,))).answer.stream
    (invoice,) = await runs.documents(booking)
    assert runs.issued(divided) == ()
    airline.cancel(divided)
    airline.cancel(booking)
    documents = [*await runs.documents(booking), *runs.issued(divided)]
    assert [each.kind for each in documents] == ["invoice", "credit_note", "credit_note"]
    assert {each.refers_to for each in documents[1:]} == {invoice.number}
    assert signed_sum(documents) == signed_sum(documents, "vat") == 0


async def test_the_notes_of_a_divided_booking_wait_for_the_invoice_that_they_name() -> None:
    airline, runs = ready()
    booking = airline.ticketed(airline.schedule("SV1", fare=32_000, in_days=20), "ADT", "ADT")
    divided = airline.submit(DivideBooking(booking, passengers=(1,))).answer.stream
    airline.cancel(divided)
    await issue_now(runs, divided)
    (invoice,), (note,) = runs.issued(booking), runs.issued(divided)
    assert (note.refers_to, invoice.counter, note.counter) == (invoice.number, 1, 2)


async def test_a_business_that_was_named_before_gets_standard_documents_and_is_stored_sealed() -> (
    None
):
    airline, runs = ready()
    booking = airline.book(airline.schedule("SV1", in_days=20))
    runs.name_buyer(booking)
    airline.pay(booking)
    airline.confirm(booking)
    (invoice,) = await runs.documents(booking)
    assert invoice.is_standard
    with pytest.raises(rejections.InvoiceIssued):
        runs.name_buyer(booking)
    airline.cancel(booking)
    _, note = await runs.documents(booking)
    assert note.is_standard
    assert note.buyer == invoice.buyer
    for recorded in airline.log.events:
        assert BUYER.vat_number not in str(recorded.event)


async def test_the_invoice_of_a_buyer_who_was_erased_is_a_simplified_one() -> None:
    airline, runs = ready()
    booking = airline.book(airline.schedule("SV1"))
    runs.vault.erase(runs.name_buyer(booking))
    airline.pay(booking)
    airline.confirm(booking)
    (invoice,) = await runs.documents(booking)
    assert not invoice.is_standard


@pytest.mark.parametrize(("currency", "fare"), [("KWD", 45_670), ("JPY", 12_345)])
async def test_tax_of_sales_in_other_currencies_is_also_stated_in_riyals(
    currency: str, fare: int
) -> None:
    airline, runs = ready()
    flight = airline.schedule("SV1", fare=fare, currency=currency, in_days=20)
    booking = airline.ticketed(flight, "ADT", "CHD", "INF")
    (invoice,) = await runs.documents(booking)
    assert invoice.rate is not None
    assert (invoice.rate.currency, invoice.rate.source) == (currency, "SAMA")
    unit = 10 ** money.exponent(currency)
    expected = invoice.vat * invoice.rate.riyal_millionths / 10**6 / unit * 100
    assert abs(invoice.vat_in_riyals - expected) <= 0.5
    for passenger in (2, 1, 0):
        airline.cancel(booking, Part(passengers=(passenger,)))
    documents = await runs.documents(booking)
    assert len(documents) == 4
    assert {each.rate for each in documents} == {invoice.rate}
    assert signed_sum(documents, "vat") == signed_sum(documents, "vat_in_riyals") == 0


async def test_a_currency_without_a_rate_is_reported_and_its_invoice_issued_once_there_is_one() -> (
    None
):
    airline = MemoryAirline()
    without = TaxRuns(airline, rates=RateTable(()))
    booking = airline.ticketed(airline.schedule("SV1", fare=45_670, currency="KWD"))
    assert await without.documents(booking) == ()
    assert [stream for stream, _ in without.reports] == [booking]
    await issue_now(TaxRuns(airline), booking)
    assert [each.kind for each in without.issued(booking)] == ["invoice"]


async def test_an_invoice_is_dated_when_it_is_issued_and_names_the_day_of_the_sale() -> None:
    airline, runs = ready()
    booking = airline.ticketed(airline.schedule("SV1"))
    sold_on = dt.date(2026, 11, 20)
    airline.wait(hours=30)
    (invoice,) = await runs.documents(booking)
    assert invoice.supplied_on == sold_on
    assert invoice.issued_at == airline.clock().replace(microsecond=0)
    assert ids.tax_series_stream("2026-11") in airline.log.streams
