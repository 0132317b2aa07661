"""A booking keeps the table of taxes that it was sold under, and follows its refund rules.

The airline checks after every command that the books agree with a count of the events.
"""

import datetime as dt
from typing import Any

from msgspec.structs import replace

from application.booking.cancel_booking import Part
from application.booking.close_flight import CloseFlight
from application.booking.reopen_flight import ReopenFlight
from application.inventory.depart_flight import DepartFlight
from application.inventory.withdraw_departure import WithdrawDeparture
from application.policies.sample_taxes import SAMPLE_TAXES, publish_sample
from domain.booking.events import BookingInitiated
from domain.booking.values import PriceVersions
from domain.ledger import accounts
from domain.policies.taxes import LAUNCH_TAXES, Taxes
from domain.policies.values import stream_of
from infrastructure.event_store import codec
from tests.support.invariants import balances_of
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import MemoryBus
from tests.support.policies import publish
from tests.support.tax_documents import TaxRuns, posted, signed_sum

ABROAD: dict[str, Any] = {"route": ("RUH", "DXB"), "domestic": False}
KEPT = 5_10
CHARGES = 87_00 + KEPT


def airline_with_sample() -> MemoryAirline:
    airline = MemoryAirline()
    publish(airline, SAMPLE_TAXES)
    return airline


def charges_of(airline: MemoryAirline, booking: str) -> list[int]:
    return [each.charge for each in airline.booking(booking).coupons]


def owed(airline: MemoryAirline) -> int:
    """What the books owe to all authorities, in halalas."""
    balances = balances_of(airline.log).items()
    return -sum(amount for key, amount in balances if key[1] == accounts.AIRPORT_CHARGES)


async def test_a_new_demo_publishes_the_sample_once() -> None:
    airline = MemoryAirline()
    for _ in range(2):
        await publish_sample(MemoryBus(airline))
    airline.wait(minutes=1)
    tags = [each.event.tag for each in airline.log.streams[stream_of("taxes")]]
    assert tags == ["policy.proposed.1", "policy.published.1"]
    assert charges_of(airline, airline.book(airline.schedule("SV1", **ABROAD))) == [CHARGES]


def test_an_airline_that_has_published_nothing_sells_as_before() -> None:
    airline = MemoryAirline()
    abroad = airline.book(airline.schedule("SV1", **ABROAD))
    at_home = airline.book(airline.schedule("SV2"))
    assert charges_of(airline, abroad) == [0]
    assert charges_of(airline, at_home) == [20_00]
    for booking in (abroad, at_home):
        stored = codec.encode(airline.log.streams[booking][0].event)
        assert b"charges" not in stored
        assert b"priced_under" not in stored


def test_a_ticket_abroad_carries_the_charges_that_are_in_force() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", in_days=9, **ABROAD)
    before = airline.ticketed(flight)
    publish(airline, SAMPLE_TAXES)
    after = airline.ticketed(flight)
    assert [charges_of(airline, each) for each in (before, after)] == [[0], [CHARGES]]
    assert airline.booking(after).segments[0].price_versions == PriceVersions(taxes=2)
    assert airline.booking(after).coupons[0].vat == 0
    assert owed(airline) == CHARGES
    stored = codec.encode(airline.log.streams[after][0].event)
    assert codec.decode(BookingInitiated.tag, stored) == airline.log.streams[after][0].event


def test_what_is_sold_at_home_is_stored_as_it_always_was() -> None:
    airline = airline_with_sample()
    booking = airline.ticketed(airline.schedule("SV1"))
    assert charges_of(airline, booking) == [20_00]
    assert b'"charges"' not in codec.encode(airline.log.streams[booking][0].event)


def test_a_cancellation_returns_what_is_refundable_as_it_was_sold() -> None:
    airline = airline_with_sample()
    flight = airline.schedule("SV1", in_days=9, **ABROAD)
    booking = airline.ticketed(flight)
    generous = Taxes(tuple(replace(each, refundable=True) for each in SAMPLE_TAXES.rows))
    publish(airline, generous)
    other = airline.ticketed(flight)
    quotes = [airline.cancel(each) for each in (booking, other)]
    assert [(each.fee, each.kept, each.refund) for each in quotes] == [
        (0, KEPT, 500_00 + 87_00),
        (0, 0, 500_00 + CHARGES),
    ]
    assert owed(airline) == KEPT
    assert [each.kept_charge for each in airline.booking(booking).coupons] == [KEPT]


def test_a_fee_is_no_share_of_a_charge() -> None:
    airline = airline_with_sample()
    booking = airline.ticketed(airline.schedule("SV1", in_days=2, **ABROAD))
    quote = airline.cancel(booking)
    assert (quote.percent, quote.fee, quote.kept) == (50, 250_00, KEPT)
    assert quote.refund == 250_00 + 87_00


def test_a_no_show_gets_back_what_is_refundable_until_the_departure_is_withdrawn() -> None:
    airline = airline_with_sample()
    flight = airline.schedule("SV1", in_days=1, **ABROAD)
    booking = airline.ticketed(flight)
    airline.wait(days=1.01)
    departed_at = airline.clock()
    airline.submit(DepartFlight(flight, departed_at))
    airline.submit(CloseFlight(booking, flight))
    assert airline.booking(booking).owed().amount == 87_00
    assert owed(airline) == KEPT
    hour = dt.timedelta(hours=1)
    again = (airline.clock() + hour, airline.clock() + 3 * hour)
    airline.submit(WithdrawDeparture(flight, *again, "operational"))
    airline.submit(ReopenFlight(booking, flight, departed_at, "operational"))
    assert airline.booking(booking).owed().amount == 0
    assert owed(airline) == CHARGES


def test_who_keeps_a_flight_at_home_pays_its_charge_and_the_tax_of_both() -> None:
    airline = airline_with_sample()
    first = airline.schedule("SV1", in_days=9, route=("JED", "RUH"))
    then = airline.schedule("SV2", in_days=9.2, **ABROAD)
    booking = airline.ticketed((first, then))
    assert charges_of(airline, booking) == [0, CHARGES]
    quote = airline.cancel(booking, Part(segments=(1,)))
    assert quote.tax == 20_00 + (500_00 + 20_00) * 15 // 100
    assert quote.refund == 500_00 + CHARGES - KEPT - quote.tax
    assert charges_of(airline, booking) == [20_00, CHARGES]
    assert owed(airline) == 20_00 + KEPT


def test_a_change_follows_the_table_of_the_sale() -> None:
    airline = airline_with_sample()
    flight = airline.schedule("SV1", in_days=9, **ABROAD)
    later = airline.schedule("SV3", in_days=10, fare=600_00, **ABROAD)
    booking = airline.ticketed(flight)
    dear = Taxes(tuple(replace(each, amount=10 * each.amount) for each in SAMPLE_TAXES.rows))
    publish(airline, dear)
    quote = airline.exchange(booking, later)
    assert quote.modification.due == 100_00
    assert charges_of(airline, booking) == [CHARGES]
    assert airline.booking(booking).coupons[0].unrefundable_charge == KEPT
    assert charges_of(airline, airline.book(later)) == [10 * CHARGES]


def test_the_charges_of_the_launch_come_back_for_what_was_sold_before() -> None:
    airline = MemoryAirline()
    first = airline.schedule("SV1", in_days=9, route=("JED", "RUH"))
    then = airline.schedule("SV2", in_days=9.2, **ABROAD)
    booking = airline.ticketed((first, then))
    free = Taxes(tuple(replace(each, amount=1) for each in LAUNCH_TAXES.rows))
    publish(airline, free)
    assert airline.cancel(booking, Part(segments=(1,))).tax == 20_00 + (500_00 + 20_00) * 15 // 100


async def test_tax_documents_name_the_codes_and_credit_what_goes_back() -> None:
    airline = airline_with_sample()
    runs = TaxRuns(airline)
    booking = airline.ticketed(airline.schedule("SV1", in_days=2, **ABROAD))
    (invoice,) = await runs.documents(booking)
    assert [(each.kind, each.code, each.category, each.net) for each in invoice.lines] == [
        ("fare", None, "Z", 500_00),
        ("charge", "IO", "Z", 87_00),
        ("charge", "ZR", "Z", KEPT),
    ]
    quote = airline.cancel(booking)
    documents = await runs.documents(booking)
    assert signed_sum(documents) == quote.fee + KEPT
    assert signed_sum(documents, "vat") == posted(airline, booking, accounts.VAT_OUTPUT) == 0


async def test_a_no_show_abroad_is_credited_without_tax() -> None:
    airline = airline_with_sample()
    runs = TaxRuns(airline)
    flight = airline.schedule("SV1", in_days=1, **ABROAD)
    booking = airline.ticketed(flight)
    airline.wait(days=1.01)
    airline.submit(DepartFlight(flight, airline.clock()))
    airline.submit(CloseFlight(booking, flight))
    _, note = await runs.documents(booking)
    assert [(each.kind, each.category, each.net, each.vat) for each in note.lines] == [
        ("charge", "Z", 87_00, 0)
    ]
