"""A booking is cancelled and changed at the terms that it was sold under (O4)."""

import datetime as dt
from collections.abc import Collection
from typing import Any

import pytest

from application.commands import stream_kinds
from application.policies.current_policies import AT_MOST_FOR, CurrentPolicies
from application.ports import Unavailable
from application.pricing.journeys import Priced, Wanted, WantedSegment
from application.pricing.quotes import JourneyQuotes
from application.pricing.signed_quotes import QuoteSigner
from domain.booking.values import FeeVersions
from domain.kernel.fold import fold
from domain.policies.book import book_of
from domain.policies.publication import LEAST_LEAD
from domain.policies.scope import Scope
from infrastructure.event_store import codec
from tests.support.airline import create_booking
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_log import envelope
from tests.support.memory_processes import MemoryBus
from tests.support.memory_use_cases import MemoryUseCases
from tests.support.policies import cancellation, change, publish


class BusThatFails(MemoryBus):
    """Reads are Unavailable while it fails."""

    fails = False

    async def current_all(self, kind: Any, streams: Collection[str]) -> dict[str, tuple[Any, int]]:
        """From the log, if at all."""
        if self.fails:
            raise Unavailable("database")
        return await super().current_all(kind, streams)


PRICE = 598_00  # 500.00 and charges of 20.00 with 15 % VAT
KEPT_FROM = 575_00  # without the charge and its tax, which always go back


def test_a_booking_sold_before_is_cancelled_at_the_terms_of_before() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=2)  # 48 hours: half is kept at the launch
    before = airline.ticketed(flight)
    assert publish(airline, cancellation(90)) == 2
    after = airline.ticketed(flight)
    quotes = [airline.cancel(each) for each in (before, after)]
    assert [each.percent for each in quotes] == [50, 90]
    assert [each.fee for each in quotes] == [KEPT_FROM // 2, KEPT_FROM * 9 // 10]
    assert [each.refund for each in quotes] == [PRICE - KEPT_FROM // 2, PRICE - 517_50]


def test_a_booking_sold_before_is_changed_at_the_terms_of_before() -> None:
    airline = MemoryAirline()
    flight, later = airline.schedule(in_days=2), airline.schedule("SV3", in_days=3)
    before = airline.ticketed(flight)
    publish(airline, change(40))
    after = airline.ticketed(flight)
    assert [airline.quote_modification(each, later).percent for each in (before, after)] == [10, 40]


def test_a_change_keeps_the_terms_that_were_sold() -> None:
    airline = MemoryAirline()
    flight, later = airline.schedule(in_days=2), airline.schedule("SV3", in_days=3)
    booking = airline.ticketed(flight)
    publish(airline, cancellation(90))
    airline.exchange(booking, later)
    assert airline.booking(booking).segments[0].flight == later
    assert airline.quote_cancellation(booking).percent == 50


def test_the_cheaper_fare_of_a_change_is_kept_at_the_terms_that_were_sold() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=2)
    cheaper = airline.schedule("SV3", in_days=3, fare=300_00)
    before = airline.ticketed(flight)
    publish(airline, cancellation(100))
    after = airline.ticketed(flight)
    kept = [airline.quote_modification(each, cheaper).modification.fee for each in (before, after)]
    assert kept[1] - kept[0] == 230_00 // 2  # all instead of half of the difference with tax


def test_the_most_specific_version_counts_by_segment() -> None:
    airline = MemoryAirline()
    out = airline.schedule(in_days=2)
    back = airline.schedule("SV4", in_days=5, route=("JED", "RUH"))
    publish(airline, cancellation(11))
    publish(airline, cancellation(22), scope=Scope(route="JED-RUH"))
    publish(airline, cancellation(33), scope=Scope(route="JED-RUH", market="domestic"))
    publish(airline, cancellation(44), scope=Scope(route="RUH-CAI"))
    segments = airline.booking(airline.book((out, back))).segments
    assert [each.fee_versions.cancellation_fees for each in segments] == [2, 4]
    assert [each.fee_versions.change_fees for each in segments] == [1, 1]


def test_a_version_is_in_force_from_its_instant_on() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=9)
    begins = airline.clock.now + dt.timedelta(days=1)
    publish(airline, cancellation(22), valid_from=begins)
    airline.clock.now = begins - dt.timedelta(microseconds=1)
    first = airline.book(flight)
    airline.clock.now = begins
    second = airline.book(flight)
    sold = [airline.booking(each).segments[0].fee_versions for each in (first, second)]
    assert sold == [FeeVersions(1, 1), FeeVersions(2, 1)]


def test_a_quote_holds_the_terms_at_which_it_was_issued() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=2)
    wanted = Wanted((WantedSegment(flight, "Y"),), ("ADT",))
    quotes = JourneyQuotes(QuoteSigner(b"key"))
    quoted_id, _ = quotes.quote(
        wanted, {flight: airline.flight(flight)}, book=book_of({}), now=airline.clock()
    )
    publish(airline, cancellation(90))
    quote = quotes.accept(quoted_id, passengers=("ADT",), now=airline.clock())
    booking = airline.book(flight, quoted=Priced(quote.segments, quote.price))
    assert airline.booking(booking).segments[0].fee_versions == FeeVersions(1, 1)


def test_no_process_sells_at_terms_that_another_has_ended() -> None:
    """The second process remembers the book of before; its append finds that it is old."""
    airline = MemoryAirline()
    flight = airline.schedule(in_days=9)
    other = airline.another_process()
    other.submit(envelope(create_booking(flight), 9_001))
    publish(airline, cancellation(90))
    reply = other.submit(envelope(create_booking(flight), 9_002)).answer
    assert airline.booking(reply.stream).segments[0].fee_versions == FeeVersions(2, 1)


def test_the_books_are_the_same_however_the_versions_are_replayed() -> None:
    """Stored bytes of both versions and both bookings lead to the same states."""
    airline = MemoryAirline()
    flight = airline.schedule(in_days=2)
    first = airline.ticketed(flight)
    publish(airline, cancellation(90))
    second = airline.ticketed(flight)
    airline.cancel(first)
    airline.cancel(second)
    for order in (1, -1):
        for stream in list(airline.log.streams)[::order]:
            stored = [codec.encode(each.event) for each in airline.log.streams[stream]]
            tags = [each.event.tag for each in airline.log.streams[stream]]
            events = [codec.decode(*each) for each in zip(tags, stored, strict=True)]
            kind = stream_kinds.kind_of(stream)
            assert fold(kind.evolve, None, events) == airline.log.state(stream)
    entries = [getattr(each.event, "entry", None) for each in airline.log.events]
    fees = [
        -posting.amount
        for entry in entries
        for posting in (entry.postings if entry else ())
        if posting.account == "4030"
    ]
    assert fees == [250_00, 450_00]  # without VAT


async def test_a_process_never_remembers_what_is_out_of_force() -> None:
    cases = MemoryUseCases()
    clock = cases.airline.clock
    current = CurrentPolicies(cases.ports.bus, clock)
    before = await current.in_force()
    clock.advance(dt.timedelta(seconds=1))
    assert await current.in_force() is before
    begins = clock.now + LEAST_LEAD
    publish(cases.airline, change(40), valid_from=begins)
    for _ in range(6):
        assert clock.now < begins
        assert await current.in_force() is before or (await current.in_force()).book != before.book
        clock.advance(LEAST_LEAD / 6)
    after = await current.in_force()
    assert [each.number for each in after.book.policies["change_fees"].versions] == [1, 2]
    assert after is await current.in_force()


async def test_what_was_remembered_serves_for_half_a_minute_without_the_database() -> None:
    cases = MemoryUseCases()
    clock = cases.airline.clock
    bus = BusThatFails(cases.airline)
    current = CurrentPolicies(bus, clock)
    known = await current.in_force()
    bus.fails = True
    clock.advance(AT_MOST_FOR)
    assert await current.in_force() is known
    clock.advance(dt.timedelta(seconds=1))
    with pytest.raises(Unavailable):
        await current.in_force()
    bus.fails = False
    assert (await current.in_force()).book == known.book
