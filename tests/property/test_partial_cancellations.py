"""Bookings cancelled part by part: what is kept and what is refunded adds up to the last unit.

Parties, journeys, extras, parts and moments are random; every step is a real command, and all
oracles look at the log after each.
"""

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.booking.cancel_booking import Part
from domain.booking import seats
from domain.booking.seat_events import SeatExtrasRefunded
from domain.booking.states import Status
from domain.kernel import money
from domain.kernel.rejections import Rejection
from domain.pricing.extras import ExtraChoice, is_seat
from domain.pricing.price import PassengerType
from tests.support import invariants, strategies
from tests.support.airline import START
from tests.support.launch_prices import EXTRA_CODES
from tests.support.memory_airline import MemoryAirline

# Liabilities that a booking has while something of it can still be flown.
OPEN = ("2000", "2010", "2020", "2310")


# One to four flights: fare in charge steps, whether it stays at home, days until the next.
JOURNEYS = st.lists(
    st.tuples(st.integers(200, 40_000), st.booleans(), st.sampled_from((0.2, 3))),
    min_size=1,
    max_size=4,
)


PARTS = st.lists(
    st.tuples(
        st.none() | st.sets(st.integers(0, 8), min_size=1, max_size=4),
        st.none() | st.sets(st.integers(0, 3), min_size=1, max_size=2),
        st.integers(0, 400),
    ),
    max_size=6,
)


@pytest.mark.parametrize("currency", ["SAR", "KWD", "JPY"])
@given(
    journey=JOURNEYS,
    party=strategies.parties(),
    wishes=st.lists(
        st.tuples(
            st.sampled_from(sorted(EXTRA_CODES)),
            st.integers(0, 8),
            st.integers(0, 3),
        ),
        max_size=5,
    ),
    parts=PARTS,
)
def test_pieces_of_a_booking_add_up_to_what_was_paid(
    currency: str,
    journey: list[tuple[int, bool, float]],
    party: tuple[PassengerType, ...],
    wishes: list[tuple[str, int, int]],
    parts: list[tuple[set[int] | None, set[int] | None, int]],
) -> None:
    airline = MemoryAirline()
    step = money.charge_step(currency)
    flights = tuple(
        airline.schedule(
            f"SV{number}",
            fare=fare * step,
            currency=currency,
            seats=60,
            domestic=domestic,
            in_days=12 + sum(days for _, _, days in journey[:number]),
            route=("RUH", "JED") if number % 2 == 0 else ("JED", "RUH"),
        )
        for number, (fare, domestic, _) in enumerate(journey)
    )
    chosen = [
        ExtraChoice(code, passenger % len(party), segment % len(flights))
        for code, passenger, segment in wishes
    ]
    booking = airline.ticketed(flights, *party, extras=_sellable(party, chosen))
    paid = airline.booking(booking).price.total()
    judge = invariants.Invariants(airline.log)
    fees = refunds = 0
    for passengers, segments, hours in [*parts, (None, None, 0)]:
        airline.clock.now = max(airline.clock.now, START + dt.timedelta(hours=hours))
        part = Part(
            tuple(sorted(passengers)) if passengers is not None else None,
            tuple(sorted(segments)) if segments is not None else None,
        )
        try:
            quote = airline.cancel(booking, part)
        except Rejection:
            continue
        judge.check()
        assert quote.fee + quote.refund + quote.tax == quote.price.amount
        assert quote.fee % step == quote.refund % step == 0
        fees, refunds = fees + quote.fee, refunds + quote.refund
        if airline.booking(booking).status is Status.CANCELLED:
            break
    assert airline.booking(booking).status is Status.CANCELLED
    # Who has an infant on the lap after another adult left may lose a paid seat at an exit.
    refunds += sum(
        extra.total
        for recorded in airline.log.streams[booking]
        if isinstance(recorded.event, SeatExtrasRefunded)
        for extra in recorded.event.extras
    )
    assert fees + refunds == paid.amount
    assert airline.booking(booking).owed() == money.Money(refunds, currency)
    domestic = any(at_home for _, at_home, _ in journey)
    _assert_books(airline, booking, fees=fees, refunds=refunds, domestic=domestic)


def _sellable(
    party: tuple[PassengerType, ...], chosen: list[ExtraChoice]
) -> tuple[ExtraChoice, ...]:
    """What may be sold: one seat for each passenger and flight, leg room to whom it may be."""
    at_no_exit = seats.laps(party) | {index for index, kind in enumerate(party) if kind != "ADT"}
    kept: dict[tuple[int, int, str], ExtraChoice] = {}
    for index, each in enumerate(chosen):
        seat = is_seat(each.code)
        refused = each.code == "LEGROOM" and each.passenger in at_no_exit
        if party[each.passenger] != "INF" and not refused:
            kind = "seat" if seat else str(index)
            kept.setdefault((each.passenger, each.segment, kind), each)
    return tuple(kept.values())


def _assert_books(
    airline: MemoryAirline, booking: str, *, fees: int, refunds: int, domestic: bool
) -> None:
    """Nothing is left of the tickets; the fee without its tax is income, the rest is owed back."""
    books: Counter[str] = Counter()
    for (of, account, _), amount in invariants.balances_of(airline.log).items():
        assert of == booking
        books[account] += amount
    assert [books[account] for account in OPEN] == [0, 0, 0, 0]
    assert books["2100"] == -refunds
    assert books["4030"] + books["2300"] == -fees
    assert domestic or books["2300"] == 0
    for entry in invariants.entries_of(airline.log):
        assert sum(posting.amount for posting in entry.postings) == 0


def test_a_third_of_a_party_gets_a_third_back_and_the_last_gets_what_is_left() -> None:
    """The worked case: three adults at 100.01 SAR domestic, one cancelled in each fee band."""
    airline = MemoryAirline()
    flight = airline.schedule("SV1", fare=10_001, in_days=10)
    booking = airline.ticketed(flight, "ADT", "ADT", "ADT")
    paid = airline.booking(booking).price.total().amount
    quoted = []
    for hours in (200, 100, 30):
        airline.clock.now = airline.flight(flight).departs_at - dt.timedelta(hours=hours)
        left = [c.passenger for c in airline.booking(booking).open_coupons()]
        quote = airline.cancel(booking, Part(passengers=(left[-1],)))
        quoted.append((quote.price.amount, quote.percent, quote.fee, quote.refund))
    # 100.01 and 20.00 for the airports, with 15 % on both: 138.01. Charges and their tax, 23.00,
    # go back whatever is kept: a quarter and half of 115.01.
    assert quoted == [
        (13_801, 0, 0, 13_801),
        (13_801, 25, 2_875, 10_926),
        (13_801, 50, 5_751, 8_050),
    ]
    assert sum(fee + refund for _, _, fee, refund in quoted) == paid == 41_403
