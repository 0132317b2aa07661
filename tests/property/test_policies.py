"""Whatever is published and sold in whatever order: each fee can be explained by stored versions.

The oracle reads only stored events: which version was in force when a booking was decided, and what
that version keeps at the notice of its cancellation.
"""

import datetime as dt
from typing import Any

import msgspec
from hypothesis import event, given
from hypothesis import strategies as st

from application.policies.preview_policy import Period
from domain.booking.events import BookingCancelled, BookingInitiated, BookingReserved
from domain.inventory import sales_window
from domain.kernel.rejections import Rejection
from domain.policies.events import PolicyPublished
from domain.policies.rejections import InvalidPolicy
from domain.policies.scope import Scope
from domain.policies.values import (
    LAUNCH,
    CancellationFees,
    ChangeFees,
    FeeBand,
    PolicyValue,
    stream_of,
)
from tests.support.airline import START, create_booking
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_log import envelope
from tests.support.policies import cancellation, previewed, publish

KEPT_FROM = 575_00  # the fare of 500.00 with its VAT
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
BANDS = st.lists(st.tuples(st.sampled_from((168, 72, 48, 24)), PERCENT), max_size=3)
STEPS = st.one_of(
    st.tuples(
        st.just("publish"),
        st.booleans(),
        st.sampled_from(SCOPES),
        BANDS,
        PERCENT,
        st.sampled_from((None, None, 2, 30)),
    ),
    st.tuples(st.just("sell"), st.integers(0, 1), st.integers(0, 1)),
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
        value: PolicyValue = ChangeFees(table) if of_changes else CancellationFees(table, 100)
        now = self.airline.clock.now
        begins = None if in_hours is None else now + dt.timedelta(hours=in_hours)
        publish(self.airline, value, scope=scope, valid_from=begins)
        event("published")

    def sell(self, process: int, flight: int) -> None:
        """Book and pay."""
        wanted = create_booking(self.flights[flight])
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

    def versions(self, name: str) -> list[tuple[int, PolicyPublished | None]]:
        """The published versions of a policy; version 1 is not among the events."""
        recorded = self.airline.log.streams.get(stream_of(name), ())
        found = [each.event for each in recorded if isinstance(each.event, PolicyPublished)]
        return [(1, None), *((each.version, each) for each in found)]

    def in_force(self, name: str, flight: str, at: dt.datetime) -> int:
        """The number of the version that counts for a sale of a flight at this instant."""
        return self.best(name, self.sale_of(flight), at)[2]

    def best(self, name: str, sale: dict[str, str], at: dt.datetime) -> tuple[int, Any, int]:
        """How many fields the version that counts names, since when it is in force, its number."""
        best = (0, dt.datetime.min.replace(tzinfo=dt.UTC), 1)
        for number, each in self.versions(name)[1:]:
            assert each is not None
            given = {key: text for key in sale if (text := getattr(each.scope, key)) is not None}
            if each.valid_from <= at and given.items() <= sale.items():
                best = max(best, (len(given), each.valid_from, number))
        return best

    def sale_of(self, flight: str) -> dict[str, str]:
        """What scopes are compared with, of any sale on a flight."""
        route = "-".join(ROUTES[self.flights.index(flight)])
        return {
            "market": "domestic",
            "route": route,
            "cabin": "Y",
            "fare_class": "Y",
            "currency": "SAR",
        }

    def check(self) -> None:
        """Every booking was sold under what was in force, and every fee is that of its version."""
        for stream, recorded in self.airline.log.streams.items():
            if not stream.startswith("booking-"):
                continue
            draft, reserved = recorded[0].event, recorded[1].event
            assert isinstance(draft, BookingInitiated)
            assert isinstance(reserved, BookingReserved)
            decided_at = reserved.hold_until - sales_window.HOLD_LIFETIME
            sold = draft.segments[0].fee_versions
            flight = draft.segments[0].flight
            wanted = self.in_force("cancellation_fees", flight, decided_at)
            assert sold.cancellation_fees == wanted
            assert sold.change_fees == self.in_force("change_fees", flight, decided_at)
            ends = [each for each in recorded if isinstance(each.event, BookingCancelled)]
            for each in ends:
                assert isinstance(each.event, BookingCancelled)
                cancelled_at = each.recorded_at
                departs_at = self.airline.flight(flight).departs_at
                hours = (departs_at - cancelled_at).total_seconds() / 3600
                value = self.value_of(sold.cancellation_fees)
                assert each.event.fee == kept(value, hours)

    def value_of(self, number: int) -> CancellationFees:
        """The value of a version."""
        version = dict(self.versions("cancellation_fees"))[number]
        value = LAUNCH["cancellation_fees"] if version is None else version.value
        assert isinstance(value, CancellationFees)
        return value

    def preview(self, percent: int, scope: Scope) -> None:
        """A preview has the sums that the stored events of cancelled bookings give."""
        proposed = cancellation(percent)
        try:
            found = previewed(self.airline, proposed, scope=scope, period=Period(since=START))
        except InvalidPolicy:
            event("preview refused")
            return
        now = self.airline.clock.now
        given = {name: each for name, each in msgspec.to_builtins(scope).items() if each}
        count, today, after = 0, 0, 0
        for recorded in self.airline.log.events:
            if not isinstance(recorded.event, BookingCancelled):
                continue
            draft = self.airline.log.streams[recorded.stream][0].event
            assert isinstance(draft, BookingInitiated)
            flight = draft.segments[0].flight
            sale = self.sale_of(flight)
            named, _, number = self.best("cancellation_fees", sale, now)
            if given.items() <= sale.items() and len(given) >= named:
                departs_at = self.airline.flight(flight).departs_at
                hours = (departs_at - recorded.recorded_at).total_seconds() / 3600
                count += 1
                today += kept(self.value_of(number), hours)
                after += kept(proposed, hours)
        shown = [each for each in found.lines if each.kind == "cancellations"]
        assert [(each.count, each.today, each.proposed) for each in shown] == [
            (count, today, after)
        ] * (count > 0)
        assert found.unexplained == 0
        event(f"previewed {min(count, 2)} cancellations")


def kept(value: CancellationFees, hours: float) -> int:
    """What a cancellation at this notice keeps, in minor units."""
    after = value.after_departure_percent
    percent = next((each.percent for each in value.bands if hours >= each.from_hours), after)
    return KEPT_FROM * percent // 100


@given(st.lists(STEPS, min_size=4, max_size=24), PERCENT, st.sampled_from(SCOPES))
def test_every_fee_is_that_of_the_stored_versions(
    steps: list[tuple[Any, ...]], percent: int, scope: Scope
) -> None:
    book = Book()
    for step in steps:
        book.take(step)
    book.check()
    book.preview(percent, scope)
