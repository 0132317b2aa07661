"""Whatever is published and sold in whatever order: stored versions explain each price and fee.

The oracle reads only stored events: which versions were in force when a booking was decided, what
they make its price of, and what they keep at the notice of its cancellation.
"""

import datetime as dt
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from domain.booking.events import BookingCancelled, BookingInitiated, BookingReserved
from domain.kernel.rejections import Rejection
from domain.policies.events import PolicyPublished
from domain.policies.price_values import ExtraNet, Extras, PassengerShares
from domain.policies.scope import Scope
from domain.policies.values import (
    LAUNCH,
    CancellationFees,
    ChangeFees,
    FeeBand,
    PolicyName,
    PolicyValue,
    stream_of,
)
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import CouponPrice, ExtraPrice, PassengerType
from tests.support.airline import create_booking
from tests.support.launch_rules import HOLD
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_log import envelope
from tests.support.policies import publish

FARE = 500_00
CHARGE = 20_00  # of both airports, for each passenger with a seat
ROUTES = (("RUH", "JED"), ("JED", "RUH"))
SCOPES = (
    Scope(),
    Scope(route="RUH-JED"),
    Scope(route="JED-RUH"),
    Scope(route="RUH-JED", cabin="Y"),
    Scope(cabin="Y"),
    Scope(market="domestic", route="JED-RUH", fare_class="Y"),
)
PERCENT = st.integers(0, 100)
# Shares and prices that leave nothing to be rounded.
SHARE = st.sampled_from((0, 20, 40, 100))
NET = st.sampled_from((None, 20_00, 140_00))
PARTIES: tuple[tuple[PassengerType, ...], ...] = (("ADT",), ("CHD", "ADT"), ("ADT", "INF", "CHD"))
BEGINS = st.sampled_from((None, None, 2, 30))
BANDS = st.lists(st.tuples(st.sampled_from((168, 72, 48, 24)), PERCENT), max_size=3)
STEPS = st.one_of(
    st.tuples(
        st.just("publish"),
        st.booleans(),
        st.sampled_from(SCOPES),
        BANDS,
        PERCENT,
        BEGINS,
    ),
    st.tuples(st.just("publish_shares"), st.sampled_from(SCOPES), SHARE, SHARE, BEGINS),
    st.tuples(st.just("publish_extras"), st.sampled_from(SCOPES[:3]), NET, NET, BEGINS),
    st.tuples(
        st.just("sell"),
        st.integers(0, 1),
        st.integers(0, 1),
        st.sampled_from(PARTIES),
        st.sets(st.sampled_from(("BAG20", "MEAL"))),
    ),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("wait"), st.sampled_from((1, 20, 50))),
)


class Book:
    """An airline with two routes whose travellers book and cancel while fees are published."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.flights = [
            self.airline.schedule(f"SV{number}", in_days=9, seats=60, route=route)
            for number, route in enumerate(ROUTES, 1)
        ]
        # The second one has its own memory of the book, perhaps an old one.
        self.processes = (self.airline.process, self.airline.another_process())
        self.bookings: list[str] = []
        self.numbers = iter(range(100_000, 200_000))

    def take(self, step: tuple[Any, ...]) -> None:
        """Do it, unless the rules refuse it."""
        try:
            getattr(self, step[0])(*step[1:])
        except Rejection as refused:
            event(f"{step[0]} refused: {refused.parameters.get('reason', refused.code)}")

    def publish(
        self,
        of_changes: bool,
        scope: Scope,
        bands: list[tuple[int, int]],
        last: int,
        in_hours: int | None,
    ) -> None:
        """Publish fees with these bands, now or later."""
        table = tuple(
            FeeBand(hours, percent) for hours, percent in sorted({**dict(bands), 0: last}.items())
        )[::-1]
        self._publish(
            ChangeFees(table) if of_changes else CancellationFees(table, 100), scope, in_hours
        )

    def publish_shares(self, scope: Scope, child: int, infant: int, in_hours: int | None) -> None:
        """Publish what children and infants pay."""
        self._publish(PassengerShares(child, infant), scope, in_hours)

    def publish_extras(
        self, scope: Scope, bag: int | None, meal: int | None, in_hours: int | None
    ) -> None:
        """Publish what a bag and a meal cost; None where they are not sold."""
        nets = (("BAG20", bag), ("MEAL", meal))
        prices = (ExtraNet(code, "SAR", net) for code, net in nets if net is not None)
        self._publish(Extras(tuple(prices)), scope, in_hours)

    def _publish(self, value: PolicyValue, scope: Scope, in_hours: int | None) -> None:
        now = self.airline.clock.now
        begins = None if in_hours is None else now + dt.timedelta(hours=in_hours)
        publish(self.airline, value, scope=scope, valid_from=begins)
        event(f"published {type(value).__name__}")

    def sell(
        self, process: int, flight: int, party: tuple[PassengerType, ...], extras: set[str]
    ) -> None:
        """Book and pay; the last passenger has the extras."""
        wanted = create_booking(
            self.flights[flight],
            *party,
            extras=tuple(ExtraChoice(code, len(party) - 1, 0) for code in sorted(extras)),
        )
        sold = self.processes[process].submit(envelope(wanted, next(self.numbers)))
        self.airline.pay(sold.answer.stream)
        self.airline.confirm(sold.answer.stream)
        self.bookings.append(sold.answer.stream)

    def cancel(self, which: int) -> None:
        """Cancel one of the bookings at its terms."""
        if self.bookings:
            self.airline.cancel(self.bookings.pop(which % len(self.bookings)))
            event("cancelled")

    def wait(self, hours: int) -> None:
        """Let time pass, a little off the hour."""
        self.airline.wait(hours=hours, seconds=7)

    def versions(self, name: PolicyName) -> list[tuple[int, PolicyPublished | None]]:
        """The published versions of a policy; version 1 is not among the events."""
        recorded = self.airline.log.streams.get(stream_of(name), ())
        found = [each.event for each in recorded if isinstance(each.event, PolicyPublished)]
        return [(1, None), *((each.version, each) for each in found)]

    def in_force(self, name: PolicyName, flight: str, at: dt.datetime) -> int:
        """The number of the version that counts for a sale of a flight at this instant."""
        route = "-".join(ROUTES[self.flights.index(flight)])
        sale = {
            "market": "domestic",
            "route": route,
            "cabin": "Y",
            "fare_class": "Y",
            "currency": "SAR",
        }
        best = (0, dt.datetime.min.replace(tzinfo=dt.UTC), 1)
        for number, each in self.versions(name)[1:]:
            assert each is not None
            given = {key: text for key in sale if (text := getattr(each.scope, key)) is not None}
            if each.valid_from <= at and given.items() <= sale.items():
                best = max(best, (len(given), each.valid_from, number))
        return best[2]

    def value(self, name: PolicyName, number: int) -> PolicyValue:
        """What a version says."""
        version = dict(self.versions(name))[number]
        return LAUNCH[name] if version is None else version.value

    def check(self) -> None:
        """Every booking was sold under what was in force, and every fee is that of its version."""
        for stream, recorded in self.airline.log.streams.items():
            if not stream.startswith("booking-"):
                continue
            draft, reserved = recorded[0].event, recorded[1].event
            assert isinstance(draft, BookingInitiated)
            assert isinstance(reserved, BookingReserved)
            decided_at = reserved.hold_until - HOLD
            segment = draft.segments[0]
            kept: dict[PolicyName, int] = {
                "cancellation_fees": segment.fee_versions.cancellation_fees,
                "change_fees": segment.fee_versions.change_fees,
                "passenger_shares": segment.price_versions.passenger_shares,
                "extras": segment.price_versions.extras,
            }
            assert kept == {name: self.in_force(name, segment.flight, decided_at) for name in kept}
            self.check_price(draft)
            for each in recorded:
                if isinstance(each.event, BookingCancelled):
                    self.check_fee(draft, each.event, at=each.recorded_at)

    def check_price(self, draft: BookingInitiated) -> None:
        """Each part of the price is what the versions make of the fare."""
        kept = draft.segments[0].price_versions
        shares = self.value("passenger_shares", kept.passenger_shares)
        extras = self.value("extras", kept.extras)
        assert isinstance(shares, PassengerShares)
        assert isinstance(extras, Extras)
        percents = {"ADT": 100, "CHD": shares.child_percent, "INF": shares.infant_percent}
        nets = {(each.code, each.currency): each.net for each in extras.prices}
        for coupon, passenger in zip(draft.price.coupons, draft.passengers, strict=True):
            fare = FARE * percents[passenger.type] // 100
            charge = 0 if passenger.type == "INF" else CHARGE
            vat = (fare + charge) * 15 // 100
            assert coupon == CouponPrice(coupon.passenger, 0, fare, vat, charge)
        for extra in draft.price.extras:
            net = nets[extra.code, "SAR"]
            assert extra == ExtraPrice(extra.code, extra.passenger, 0, net, net * 15 // 100)

    def check_fee(
        self, draft: BookingInitiated, cancelled: BookingCancelled, *, at: dt.datetime
    ) -> None:
        """The fee is the share that the version keeps of fares and extras with their VAT."""
        segment = draft.segments[0]
        value = self.value("cancellation_fees", segment.fee_versions.cancellation_fees)
        assert isinstance(value, CancellationFees)
        departs_at = self.airline.flight(segment.flight).departs_at
        hours = (departs_at - at).total_seconds() / 3600
        after = value.after_departure_percent
        kept = next((each.percent for each in value.bands if hours >= each.from_hours), after)
        fee = 0
        for coupon in draft.price.coupons:
            mine = [each.net for each in draft.price.extras if each.passenger == coupon.passenger]
            with_vat = (coupon.fare + sum(mine)) * 115 // 100
            fee += (with_vat * kept + 50) // 100
        assert cancelled.fee == fee


@given(st.lists(STEPS, min_size=4, max_size=24))
def test_every_fee_is_that_of_the_stored_versions(steps: list[tuple[Any, ...]]) -> None:
    book = Book()
    for step in steps:
        book.take(step)
    book.check()
