"""Each charge is that of the table that a booking was sold under, and authorities are owed what the
books say, whatever is published, sold, changed, cancelled and missed in whatever order.

The oracle reads stored events and the table itself; the airline compares its books with a count of
the events after every command.
"""

from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from application.booking.cancel_booking import Part
from application.booking.close_flight import CloseFlight
from application.inventory.depart_flight import DepartFlight
from domain.booking.events import BookingInitiated
from domain.kernel.rejections import Rejection
from domain.ledger import accounts
from domain.policies.events import PolicyPublished
from domain.policies.taxes import LAUNCH_TAXES, TaxCharge, Taxes
from domain.policies.values import stream_of
from domain.pricing.price import charge_lines
from projections.coupon_values.projector import charges_of, values_of
from tests.support.invariants import balances_of
from tests.support.memory_airline import MemoryAirline
from tests.support.policies import publish

ROUTES = (("JED", "RUH"), ("RUH", "DXB"), ("DXB", "RUH"))
PARTIES = (("ADT",), ("ADT", "CHD", "INF"))
JOURNEYS = ((0,), (1,), (0, 1), (1, 2), (0, 1, 2))


@st.composite
def tables(draw: st.DrawFn) -> Taxes:
    """A table with one row of each code at most."""
    rows = []
    for code in draw(st.sets(st.sampled_from(("AA", "BB", "CC", "T2")), min_size=1)):
        travel: Any = draw(st.sampled_from(("domestic", "international", None)))
        per: Any = draw(st.sampled_from(("departure", "arrival", "coupon")))
        payers: Any = draw(st.sampled_from((("ADT", "CHD"), ("ADT", "CHD", "INF"), ("CHD",))))
        rows.append(
            TaxCharge(
                code,
                draw(st.sampled_from(("GACA", "UAE-ICP"))),
                per,
                draw(st.sampled_from((1, 5_10, 87_00, 2_000_00))),
                "SAR",
                travel,
                draw(st.sampled_from(((), ("RUH",), ("DXB", "JED")))),
                payers,
                travel != "international" or draw(st.booleans()),
            )
        )
    return Taxes(tuple(sorted(rows, key=lambda each: each.code)))


STEPS = st.one_of(
    st.tuples(st.just("publish"), tables()),
    st.tuples(st.just("sell"), st.sampled_from(JOURNEYS), st.sampled_from(PARTIES)),
    st.tuples(st.just("cancel"), st.integers(0, 5), st.sampled_from((None, 0, 1))),
    st.tuples(st.just("move"), st.integers(0, 5)),
    st.tuples(st.just("miss"), st.integers(0, 5)),
)


class World:
    """An airline with a flight at home and two abroad, a day apart for those who miss one."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.flights = [
            self.airline.schedule(
                f"SV{number}",
                in_days=9 + 0.2 * number,
                seats=90,
                route=route,
                domestic=route == ROUTES[0],
            )
            for number, route in enumerate(ROUTES, 1)
        ]
        self.later = self.airline.schedule(
            "SV9", in_days=9.45, seats=90, route=ROUTES[1], domestic=False
        )
        self.bookings: list[str] = []

    def take(self, step: tuple[Any, ...]) -> None:
        """Do it, unless the rules refuse it."""
        try:
            getattr(self, step[0])(*step[1:])
            event(step[0])
        except Rejection as refused:
            event(f"{step[0]} refused: {refused.parameters.get('reason', refused.code)}")

    def publish(self, table: Taxes) -> None:
        publish(self.airline, table)

    def sell(self, journey: tuple[int, ...], party: tuple[Any, ...]) -> None:
        wanted = tuple(self.flights[each] for each in journey)
        self.bookings.append(self.airline.ticketed(wanted, *party))

    def cancel(self, which: int, segment: int | None) -> None:
        if self.bookings:
            part = Part(segments=None if segment is None else (segment,))
            self.airline.cancel(self.bookings[which % len(self.bookings)], part)

    def move(self, which: int) -> None:
        if self.bookings:
            booking = self.bookings[which % len(self.bookings)]
            flights = [each.flight for each in self.airline.booking(booking).segments]
            if self.flights[1] in flights:
                self.airline.exchange(booking, self.later, segment=flights.index(self.flights[1]))

    def miss(self, which: int) -> None:
        if self.bookings:
            booking = self.bookings[which % len(self.bookings)]
            first = self.airline.booking(booking).segments[0].flight
            flight = self.airline.flight(first)
            self.airline.clock.now = max(self.airline.clock.now, flight.departs_at)
            if flight.departed_at is None:
                self.airline.submit(DepartFlight(first, self.airline.clock()))
            self.airline.submit(CloseFlight(booking, first))

    def table(self, version: int) -> Taxes:
        """The table of this version, as it was published."""
        recorded = self.airline.log.streams.get(stream_of("taxes"), ())
        for each in recorded:
            if isinstance(each.event, PolicyPublished) and each.event.version == version:
                assert isinstance(each.event.value, Taxes)
                return each.event.value
        return LAUNCH_TAXES

    def check(self) -> None:
        """Each charge that was sold is that of the version that the booking names."""
        owed = 0
        for stream in self.bookings:
            draft = self.airline.log.streams[stream][0].event
            assert isinstance(draft, BookingInitiated)
            versions = {each.price_versions.taxes for each in draft.segments}
            assert len(versions) == 1
            self.check_sale(draft, self.table(versions.pop()))
            booking = self.airline.booking(stream)
            charges, values = charges_of(booking), values_of(booking)
            for flight in {each.flight for each in booking.segments}:
                mine = sum(amount for key, amount in charges.items() if key[0] == flight)
                assert mine == values.get((flight, accounts.AIRPORT_CHARGES), 0)
                owed += mine
        balances = balances_of(self.airline.log).items()
        posted = [amount for key, amount in balances if key[1] == accounts.AIRPORT_CHARGES]
        assert owed == -sum(posted)

    def check_sale(self, draft: BookingInitiated, table: Taxes) -> None:
        """Recompute every line from the table: which rows are due, for whom, at which airport."""
        flights = [self.airline.flight(each.flight) for each in draft.segments]
        abroad = any(not each.domestic for each in flights)
        for coupon in draft.price.coupons:
            flight = flights[coupon.segment]
            kind = draft.passengers[coupon.passenger].type
            travel = "international" if not flight.domestic else None if abroad else "domestic"
            wanted: dict[str, int] = {}
            for row in table.rows:
                ends = {"departure": {flight.origin}, "arrival": {flight.destination}}.get(
                    row.per, {flight.origin, flight.destination}
                )
                if (
                    kind in row.passengers
                    and row.travel in {None, travel}
                    and (not row.airports or ends & set(row.airports))
                ):
                    wanted[row.code] = wanted.get(row.code, 0) + row.amount
            found: dict[str, int] = {}
            for line in charge_lines(coupon.charge, coupon.charges):
                found[line.code] = found.get(line.code, 0) + line.amount
            assert found == wanted
            assert coupon.vat == 0 or travel == "domestic"


@given(st.lists(STEPS, min_size=4, max_size=16))
def test_every_charge_is_that_of_the_stored_table(steps: list[tuple[Any, ...]]) -> None:
    world = World()
    for step in steps:
        world.take(step)
    world.check()
