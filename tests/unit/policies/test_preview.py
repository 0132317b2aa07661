"""What a version would change for the bookings of a period, before it is published."""

import asyncio
import datetime as dt

import pytest

from application.booking.cancel_booking import CancelBooking, Part
from application.inventory.cancel_flight import CancelFlight
from application.policies.preview_policy import (
    LONGEST_PERIOD,
    PERIOD,
    Period,
    PolicyPreview,
)
from application.policies.wanted_version import WantedVersion, known_version
from application.pricing.signed_quotes import QUOTE_LIFETIME
from domain.policies import rejections
from domain.policies.bands import FeeBand
from domain.policies.scope import EVERYWHERE, Scope
from domain.policies.state import ALWAYS
from domain.policies.values import LAUNCH, CancellationFees
from tests.support.memory_airline import MemoryAirline
from tests.support.policies import (
    cancellation,
    change,
    policy_ports,
    previewed,
    proposal,
    publish,
)

PRICE = 598_00  # 500.00 and charges of 20.00 with 15 % VAT
KEPT_FROM = 575_00  # without the charge and its tax, which always go back
HALF = KEPT_FROM // 2  # at the launch, with 48 hours of notice
NINE_TENTHS = KEPT_FROM * 9 // 10


def lines(found: PolicyPreview) -> dict[str, tuple[int, int, int, int]]:
    """Count, differing, and the sums in SAR by kind."""
    assert all(each.currency == "SAR" for each in found.lines)
    return {
        each.kind: (each.count, each.differing, each.today, each.proposed) for each in found.lines
    }


def test_fees_that_were_taken_are_compared_with_those_of_the_version() -> None:
    airline = MemoryAirline()
    flight, later = airline.schedule(in_days=2), airline.schedule("SV3", in_days=3)
    cancelled, changed, open_ = [airline.ticketed(flight) for _ in range(3)]
    airline.cancel(cancelled)
    fee = airline.exchange(changed, later).modification.fee
    found = previewed(airline, cancellation(90))
    assert (found.bookings, found.in_scope, found.unexplained, found.complete) == (3, 3, 0, True)
    shown = lines(found)
    assert shown["cancellations"] == (1, 1, HALF, NINE_TENTHS)
    # A change to a flight of the same price costs what the policy of changes says.
    assert shown["changes"] == (1, 0, fee, fee)
    now = [airline.quote_cancellation(each).fee for each in (changed, open_)]
    assert shown["cancelled_now"][:3] == (2, 2, sum(now))
    assert shown["changed_now"][1] == 0

    shown = lines(previewed(airline, change(40)))
    assert fee == PRICE // 10
    assert shown["changes"] == (1, 1, fee, PRICE * 4 // 10)
    assert shown["cancellations"] == (1, 0, HALF, HALF)
    assert shown["changed_now"] == (2, 2, PRICE * 2 // 10, PRICE * 8 // 10)


def test_what_is_previewed_is_what_is_taken_once_it_is_published() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=2)
    airline.cancel(airline.ticketed(flight, "ADT", "CHD"), Part(passengers=(1,)))
    value = CancellationFees((FeeBand(24, 37), FeeBand(0, 80)), 100)
    (taken,) = [each for each in previewed(airline, value).lines if each.kind == "cancellations"]
    publish(airline, value)
    sold = airline.ticketed(flight, "ADT", "CHD")
    assert airline.cancel(sold, Part(passengers=(1,))).fee == taken.proposed != taken.today


def test_today_is_what_is_in_force_and_not_what_was_sold() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=3)
    airline.cancel(airline.ticketed(flight))
    publish(airline, cancellation(10))
    shown = lines(previewed(airline, cancellation(90)))
    assert shown["cancellations"] == (1, 1, KEPT_FROM // 10, NINE_TENTHS)


def test_only_bookings_that_would_be_sold_under_the_version_count() -> None:
    airline = MemoryAirline()
    out = airline.schedule(in_days=2)
    back = airline.schedule("SV4", in_days=2, route=("JED", "RUH"))
    airline.cancel(airline.ticketed(out))
    airline.cancel(airline.ticketed(back))
    found = previewed(airline, cancellation(90), scope=Scope(route="JED-RUH"))
    assert (found.bookings, found.in_scope) == (2, 1)
    assert lines(found) == {"cancellations": (1, 1, HALF, NINE_TENTHS)}
    publish(airline, cancellation(20), scope=Scope(route="JED-RUH", cabin="Y"))
    found = previewed(airline, cancellation(90), scope=Scope(route="JED-RUH"))
    assert (found.bookings, found.in_scope, found.lines) == (2, 0, ())


def test_only_bookings_of_the_period_count() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=20)
    airline.book(flight)
    airline.wait(days=1)
    begins = airline.clock.now
    airline.book(flight)
    airline.wait(days=1)
    ends = airline.clock.now
    airline.book(flight)
    for period, count in (
        (Period(), 3),
        (Period(until=ends), 2),
        (Period(since=begins), 2),
        (Period(begins, ends), 1),
        (Period(begins + dt.timedelta(seconds=1), ends), 0),
    ):
        found = previewed(airline, cancellation(90), period=period)
        until = period.until or airline.clock.now
        assert (found.bookings, found.until) == (count, until)
        assert found.since == (period.since or until - PERIOD)
    airline.wait(days=5)
    assert previewed(airline, cancellation(90)).bookings == 2


def test_a_request_looks_at_so_many_bookings_and_says_so() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=20)
    for _ in range(3):
        airline.book(flight)
    found = previewed(airline, cancellation(90), limit=2)
    assert (found.bookings, found.complete) == (2, False)
    assert previewed(airline, cancellation(90), limit=3).complete


@pytest.mark.parametrize(
    "period",
    [
        Period(since=dt.datetime(2126, 1, 1, tzinfo=dt.UTC)),
        Period(since=dt.datetime.min.replace(tzinfo=dt.UTC)),
        Period(since=ALWAYS, until=dt.datetime.min.replace(tzinfo=dt.UTC)),
    ],
)
def test_a_period_that_is_not_possible_is_refused(period: Period) -> None:
    with pytest.raises(rejections.InvalidPolicy) as refused:
        previewed(MemoryAirline(), cancellation(90), period=period)
    assert refused.value.parameters == {
        "field": "from",
        "reason": "period_not_possible",
        "days": LONGEST_PERIOD.days,
    }


def test_a_version_that_could_not_be_published_is_not_previewed() -> None:
    airline = MemoryAirline()
    publish(airline, cancellation(20), scope=Scope(route="RUH-JED"))
    for value, scope, reason in (
        (cancellation(20), Scope(cabin="Y"), "scope_overlaps"),
        (cancellation(101), EVERYWHERE, "percent_out_of_range"),
    ):
        with pytest.raises(rejections.InvalidPolicy) as refused:
            previewed(airline, value, scope=scope)
        assert refused.value.parameters["reason"] == reason


def test_a_fee_is_explained_by_the_quote_that_was_accepted_later() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=3)  # 72 hours: a quarter; less: half
    booking = airline.ticketed(flight)
    quote = airline.quote_cancellation(booking)
    assert quote.percent == 25
    airline.clock.advance(QUOTE_LIFETIME - dt.timedelta(seconds=1))
    airline.submit(CancelBooking(quote=quote, reason="requested"))
    value = CancellationFees((FeeBand(72, 10), FeeBand(0, 100)), 100)
    assert lines(previewed(airline, value)) == {
        "cancellations": (1, 1, KEPT_FROM // 4, KEPT_FROM // 10)
    }


def test_what_the_airline_did_afterwards_changes_no_fee() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=2)
    airline.cancel(airline.ticketed(flight))
    airline.submit(CancelFlight(flight, "no crew"))
    assert lines(previewed(airline, cancellation(90))) == {
        "cancellations": (1, 1, HALF, NINE_TENTHS)
    }


def test_unpaid_bookings_have_no_fees() -> None:
    airline = MemoryAirline()
    airline.cancel(airline.book(airline.schedule(in_days=2)))
    found = previewed(airline, cancellation(90))
    assert (found.bookings, found.in_scope, found.lines) == (1, 1, ())


def test_sums_are_by_currency() -> None:
    airline = MemoryAirline()
    fees = {}
    for number, currency in enumerate(("KWD", "SAR"), 1):
        flight = airline.schedule(f"SV{number}", in_days=2, currency=currency)
        fees[currency] = airline.cancel(airline.ticketed(flight)).fee
    found = previewed(airline, cancellation(100))
    assert [each.currency for each in found.lines] == ["KWD", "SAR"]
    assert {each.currency: (each.count, each.today) for each in found.lines} == {
        currency: (1, fee) for currency, fee in fees.items()
    }
    assert all(each.proposed == 2 * each.today for each in found.lines)


def test_an_earlier_version_or_what_waits_may_be_meant() -> None:
    airline = MemoryAirline()
    ports = policy_ports(airline)
    route = Scope(route="RUH-JED")

    def known(again: int | None) -> WantedVersion:
        return asyncio.run(known_version(ports, "cancellation_fees", again))

    with pytest.raises(rejections.ProposalGone):
        known(None)
    publish(airline, cancellation(20), scope=route)
    assert known(2) == WantedVersion(cancellation(20), route)
    assert known(1) == WantedVersion(LAUNCH["cancellation_fees"], EVERYWHERE)
    airline.submit(proposal(cancellation(30)))
    assert known(None) == WantedVersion(cancellation(30), EVERYWHERE)
    for unknown in (0, 3, -1):
        with pytest.raises(rejections.PolicyNotFound):
            known(unknown)
