"""Fees, tax and fare differences cannot be avoided by a detour; and nobody loses money by one."""

import contextlib
import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from application.booking.cancel_booking import Part
from application.booking.check_in import Board, CheckIn
from application.booking.close_flight import CloseFlight
from application.booking.offer_disruption import OfferDisruption
from application.inventory.cancel_flight import CancelFlight
from application.inventory.depart_flight import DepartFlight
from application.inventory.reschedule_flight import RescheduleFlight
from domain.booking import rejections
from domain.kernel import money
from domain.policies.money_values import LEAST_CHARGES
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import PassengerType
from domain.pricing.rejections import AmountNotCollectable
from tests.support import airline as verbs
from tests.support import invariants
from tests.support.memory_airline import MemoryAirline

HOUR = dt.timedelta(hours=1)
# A domestic fare of 500.00: charges of both airports and tax make it 598.00, of which 23.00 are
# charges with their tax.
TOTAL, CHARGES = 59_800, 2_300


def hours_before(airline: MemoryAirline, flight: str, hours: float) -> None:
    airline.clock.now = airline.flight(flight).departs_at - hours * HOUR


def books(airline: MemoryAirline) -> dict[str, int]:
    """Balances by account."""
    found: dict[str, int] = {}
    for (_, account, _), amount in invariants.balances_of(airline.log).items():
        found[account] = found.get(account, 0) + amount
    return found


def test_a_change_to_a_later_flight_does_not_make_a_cancellation_cheaper() -> None:
    airline = MemoryAirline()
    soon, later = airline.schedule("SV1"), airline.schedule("SV2", in_days=60)
    booking = airline.ticketed(soon)
    hours_before(airline, soon, 20)
    changed = airline.exchange(booking, later)
    assert (changed.percent, changed.modification.due) == (15, TOTAL * 15 // 100)
    quote = airline.cancel(booking)
    kept = money.round_to_charge_step((TOTAL - CHARGES) * 75, 100, "SAR").amount
    assert (quote.percent, quote.fee) == (75, kept + changed.modification.fee)
    assert quote.refund == TOTAL - kept


def test_the_fee_of_a_change_is_neither_refunded_nor_counted_towards_the_next_flight() -> None:
    airline = MemoryAirline()
    flights = [airline.schedule(f"SV{n}", in_days=10 + n) for n in range(3)]
    booking = airline.ticketed(flights[0])
    hours_before(airline, flights[0], 100)
    first = airline.exchange(booking, flights[1])
    second = airline.exchange(booking, flights[2])
    assert first.modification.fee == second.modification.fee == TOTAL * 5 // 100
    assert second.modification.due == second.modification.fee
    quote = airline.quote_cancellation(booking)
    quarter = money.round_to_charge_step((TOTAL - CHARGES) * 25, 100, "SAR").amount
    assert quote.fee == 2 * first.modification.fee + quarter


def test_a_second_change_has_the_percentage_of_the_first_at_least() -> None:
    airline = MemoryAirline()
    flights = [airline.schedule(f"SV{n}", in_days=10 + 30 * n) for n in range(3)]
    booking = airline.ticketed(flights[0])
    hours_before(airline, flights[0], 20)
    airline.exchange(booking, flights[1])
    assert airline.quote_modification(booking, flights[2]).percent == 15


@given(
    fare=st.integers(1_000, 49_000),
    hours=st.integers(0, 200),
    wait=st.integers(0, 48),
    party=st.sampled_from((("ADT",), ("ADT", "CHD", "INF"))),
)
def test_a_change_to_a_cheaper_flight_makes_no_cancellation_cheaper(
    fare: int, hours: int, wait: int, party: tuple[PassengerType, ...]
) -> None:
    airline = MemoryAirline()
    soon, cheap = airline.schedule("SV1"), airline.schedule("SV2", in_days=40, fare=fare)
    booking, direct = (airline.ticketed(soon, *party) for _ in range(2))
    hours_before(airline, soon, hours + 0.5)
    kept = airline.cancel(direct).fee
    airline.exchange(booking, cheap)
    airline.wait(hours=wait)
    captured = airline.booking(booking).captured
    assert captured is not None
    airline.cancel(booking)
    owed = airline.booking(booking).owed()
    # Fees are rounded for each coupon, and what cannot be charged is waived.
    assert (captured - owed).amount >= kept - 2 * len(party) - LEAST_CHARGES.least("SAR")


def test_of_a_cheaper_flight_as_much_is_kept_as_of_a_cancellation() -> None:
    airline = MemoryAirline()
    soon, cheap = airline.schedule("SV1"), airline.schedule("SV2", in_days=40, fare=10_000)
    booking = airline.ticketed(soon)
    hours_before(airline, soon, 20)
    changed = airline.exchange(booking, cheap)
    lost = 40_000 * 115 // 100
    assert changed.modification.fee == TOTAL * 15 // 100 + lost * 75 // 100
    assert changed.modification.back == lost - changed.modification.fee


class Disturbed:
    """A booking at 500.00 whose flight was cancelled."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1")
        self.booking = self.airline.ticketed(self.flight)
        self.airline.submit(CancelFlight(self.flight, "no crew"))
        self.airline.submit(
            OfferDisruption(self.booking, self.flight, "cancelled", "no crew", material=True)
        )

    def cost(self, to: str, cabin: str = "Y") -> int:
        """What the move would cost; negative where money came back."""
        modification = self.airline.quote_modification(self.booking, to, cabin=cabin).modification
        assert modification.fee == 0
        return modification.due - modification.back


def test_after_a_disruption_a_like_flight_is_free_at_any_price() -> None:
    case = Disturbed()
    for number, fare in enumerate((20_000, 50_000, 90_000)):
        assert case.cost(case.airline.schedule(f"SV{10 + number}", fare=fare, in_days=12)) == 0


def test_after_a_disruption_another_cabin_or_season_costs_its_difference_without_a_fee() -> None:
    case = Disturbed()
    business = case.airline.schedule("SV10", in_days=11, business=150_000)
    assert case.cost(business, cabin="J") == (150_000 - 50_000) * 115 // 100
    far = case.airline.schedule("SV11", fare=90_000, in_days=200)
    assert case.cost(far) == (90_000 - 50_000) * 115 // 100
    assert case.cost(case.airline.schedule("SV12", fare=20_000, in_days=200)) == 0


def test_a_flight_that_the_airline_cancelled_makes_an_earlier_one_no_cheaper_to_cancel() -> None:
    airline = MemoryAirline()
    out, back = airline.schedule("SV1"), airline.schedule("SV2", in_days=20, route=("JED", "RUH"))
    at_once, in_parts = (airline.ticketed((out, back)) for _ in range(2))
    cancel_flight(airline, back, at_once, in_parts)
    hours_before(airline, out, 20)
    whole = airline.cancel(at_once)
    kept = money.round_to_charge_step((TOTAL - CHARGES) * 75, 100, "SAR").amount
    assert (whole.percent, whole.fee, whole.refund) == (75, kept, 2 * TOTAL - kept)
    parts = [airline.cancel(in_parts, Part(segments=(each,))) for each in (1, 0)]
    assert [each.fee for each in parts] == [0, kept]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_with_its_outward_flight_cancelled_by_the_airline_a_return_costs_nothing_to_cancel(
    order: tuple[int, int],
) -> None:
    airline = MemoryAirline()
    out, back = airline.schedule("SV1"), airline.schedule("SV2", in_days=11, route=("JED", "RUH"))
    at_once, in_parts = (airline.ticketed((out, back)) for _ in range(2))
    cancel_flight(airline, out, at_once, in_parts)
    hours_before(airline, back, 20)
    assert airline.cancel(at_once).refund == 2 * TOTAL
    assert [airline.cancel(in_parts, Part(segments=(each,))).fee for each in order] == [0, 0]


def test_after_a_disruption_a_lower_cabin_gives_its_difference_back() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", business=150_000)
    booking = airline.ticketed(flight, cabin="J")
    other = airline.schedule("SV2", in_days=11)
    with pytest.raises(rejections.ModificationRefused):
        airline.quote_modification(booking, other)
    cancel_flight(airline, flight, booking)
    moved = airline.exchange(booking, other).modification
    assert (moved.fee, moved.due, moved.back) == (0, 0, 100_000 * 115 // 100)


def cancel_flight(airline: MemoryAirline, flight: str, *bookings: str) -> None:
    airline.submit(CancelFlight(flight, "no crew"))
    for each in bookings:
        airline.submit(OfferDisruption(each, flight, "cancelled", "no crew", material=True))


def test_without_its_cancelled_flight_abroad_a_domestic_one_costs_no_tax() -> None:
    airline = MemoryAirline()
    first, second = abroad(airline)
    booking = airline.ticketed((first, second))
    cancel_flight(airline, second, booking)
    quote = airline.cancel(booking, Part(segments=(1,)))
    assert (quote.fee, quote.tax, quote.refund) == (0, 0, 100_000)


def abroad(airline: MemoryAirline, *, wait: float = 3) -> tuple[str, str]:
    """From home to abroad by way of JED."""
    start = airline.clock.now + dt.timedelta(days=20)
    first = airline.schedule("SV1", departs_at=start)
    second = airline.schedule(
        "SV2",
        departs_at=start + (2 + wait) * HOUR,
        route=("JED", "LHR"),
        domestic=False,
        fare=100_000,
    )
    return (first, second)


def test_without_its_flight_abroad_a_domestic_flight_is_taxed() -> None:
    airline = MemoryAirline()
    booking = airline.ticketed(abroad(airline))
    assert airline.booking(booking).price.total().amount == 150_000
    quote = airline.cancel(booking, Part(segments=(1,)))
    assert (quote.fee, quote.tax, quote.refund) == (0, TOTAL - 50_000, 100_000 - 9_800)
    assert airline.booking(booking).price_now().coupons[0].total == TOTAL
    assert books(airline)["2300"] == -7_800
    assert books(airline)["2310"] == -2_000
    whole = airline.cancel(booking)
    assert whole.refund == TOTAL


def test_a_flight_that_was_flown_already_is_taxed_as_well() -> None:
    airline = MemoryAirline()
    first, second = abroad(airline, wait=20)
    booking = airline.ticketed((first, second))
    fly(airline, booking, first)
    quote = airline.cancel(booking, Part(segments=(1,)))
    assert quote.tax == TOTAL - 50_000
    assert quote.fee + quote.tax + quote.refund == 100_000


def test_a_part_that_is_worth_less_than_the_tax_of_the_rest_cannot_be_cancelled_alone() -> None:
    airline = MemoryAirline()
    start = airline.clock.now + dt.timedelta(days=20)
    first = airline.schedule("SV1", departs_at=start)
    second = airline.schedule(
        "SV2", departs_at=start + 5 * HOUR, route=("JED", "BAH"), domestic=False, fare=5_000
    )
    booking = airline.ticketed((first, second))
    with pytest.raises(rejections.InvalidPart) as refused:
        airline.quote_cancellation(booking, Part(segments=(1,)))
    assert refused.value.parameters["reason"] == "tax_of_the_rest"
    assert airline.quote_cancellation(booking).refund == 55_000


def test_a_change_that_makes_a_stopover_of_a_connection_is_taxed() -> None:
    airline = MemoryAirline()
    first, second = abroad(airline)
    booking = airline.ticketed((first, second))
    later = airline.schedule(
        "SV3",
        departs_at=airline.flight(second).departs_at + 30 * HOUR,
        route=("JED", "LHR"),
        domestic=False,
        fare=100_000,
    )
    quote = airline.exchange(booking, later, segment=1)
    assert quote.modification.due == TOTAL - 50_000
    assert [each.total for each in airline.booking(booking).price_now().coupons] == [
        TOTAL,
        100_000,
    ]
    assert airline.exchange(booking, second, segment=1).modification.back == TOTAL - 50_000


def test_a_flight_within_another_country_has_no_tax_of_the_kingdom() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", route=("JFK", "LAX"), country="US")
    assert airline.booking(airline.book(flight)).price.total().amount == 50_000


@given(
    order=st.permutations(range(4)),
    moment=st.integers(0, 400),
    party=st.sampled_from((("ADT",), ("ADT", "ADT"), ("ADT", "CHD", "INF"))),
)
def test_cancelling_flight_by_flight_costs_what_cancelling_at_once_does(
    order: list[int], moment: int, party: tuple[PassengerType, ...]
) -> None:
    airline = MemoryAirline()
    flights = tuple(
        airline.schedule(
            f"SV{number}",
            fare=33_333 + number,
            in_days=15 + 2 * number,
            route=("RUH", "JED") if number % 2 == 0 else ("JED", "RUH"),
        )
        for number in range(4)
    )
    at_once, in_parts = (airline.ticketed(flights, *party) for _ in range(2))
    airline.wait(hours=moment)
    whole = airline.cancel(at_once)
    parts = [airline.cancel(in_parts, Part(segments=(segment,))) for segment in order]
    assert sum(each.fee for each in parts) == whole.fee
    assert sum(each.refund for each in parts) == whole.refund


@given(
    order=st.permutations(range(4)),
    hours=st.integers(0, 200),
    fare=st.integers(5_000, 60_000),
    party=st.sampled_from((("ADT",), ("ADT", "CHD", "INF"))),
    bags=st.booleans(),
)
def test_abroad_too_cancelling_flight_by_flight_costs_what_cancelling_at_once_does(
    order: list[int], hours: int, fare: int, party: tuple[PassengerType, ...], bags: bool
) -> None:
    airline = MemoryAirline()
    leaves = airline.clock.now + dt.timedelta(days=15)
    routes = (("RUH", "JED"), ("JED", "BAH"), ("BAH", "JED"), ("JED", "RUH"))
    flights = tuple(
        airline.schedule(
            f"SV{number}",
            departs_at=leaves + (5 * number + 100 * (number > 1)) * HOUR,
            route=route,
            domestic="BAH" not in route,
            fare=fare if "BAH" in route else 33_333,
        )
        for number, route in enumerate(routes)
    )
    extras = tuple(ExtraChoice("BAG20", 0, each) for each in range(4 * bags))
    at_once, in_parts = (airline.ticketed(flights, *party, extras=extras) for _ in range(2))
    airline.clock.now = leaves - (hours + 1) * HOUR
    whole = airline.cancel(at_once)
    refund = 0
    for segment in order:
        with contextlib.suppress(rejections.InvalidPart):  # worth less than the tax of the rest
            refund += airline.cancel(in_parts, Part(segments=(segment,))).refund
    with contextlib.suppress(rejections.TransitionRefused):
        refund += airline.cancel(in_parts).refund
    assert abs(refund - whole.refund) <= 4 * len(party)


def test_charges_of_airports_go_back_whatever_is_kept() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1")
    booking = airline.ticketed(flight)
    hours_before(airline, flight, -1)
    quote = airline.quote_cancellation(booking)
    assert (quote.percent, quote.refund) == (100, CHARGES)


@pytest.mark.parametrize("currency", ["SAR", "KWD", "JPY"])
def test_ledger_row_22_a_cheaper_flight_leaves_money_or_credit_by_the_fare_class(
    currency: str,
) -> None:
    airline = MemoryAirline()
    dear = airline.schedule("SV1", currency=currency)
    cheap = airline.schedule("SV2", fare=20_000, currency=currency)
    assert airline.exchange(airline.ticketed(dear), cheap).modification.destination == "card"
    departs_at = airline.clock.now + 99 * HOUR
    with_business = verbs.schedule_flight(
        "SV3", departs_at=departs_at, currency=currency, business=150_000
    ).scheduled
    fares = tuple(replace(each, residue="credit") for each in with_business.fares)
    dear = airline.schedule(scheduled=replace(with_business, fares=fares))
    booking = airline.ticketed(dear)
    quote = airline.exchange(booking, cheap)
    left = quote.modification.back
    assert quote.modification.destination == "credit"
    assert left > 0
    (name,) = [each for each in airline.log.streams if each.startswith("credit-")]
    credit = airline.log.state(name)
    assert (credit.owner, credit.origin) == (airline.booking(booking).owner, "cheaper_change")
    assert credit.balance == money.Money(left, currency)
    assert airline.booking(booking).owed().amount == 0
    # Whom the airline has to move to a lower cabin is not paid in credit.
    moved = airline.exchange(airline.ticketed(dear, cabin="J"), cheap, waiver="by_staff")
    assert moved.modification.back > 0
    assert moved.modification.destination == "card"


def test_a_difference_too_small_to_be_charged_is_waived_and_never_a_debt() -> None:
    airline = MemoryAirline()
    booking = airline.ticketed(airline.schedule("SV1"))
    almost = airline.schedule("SV2", fare=50_100)
    quote = airline.exchange(booking, almost)
    assert (quote.modification.waived, quote.modification.due, quote.difference) == (115, 0, 115)
    assert airline.booking(booking).price_now().total().amount == TOTAL


def test_what_stripe_cannot_charge_at_once_is_refused_when_it_is_priced() -> None:
    airline = MemoryAirline()
    for fare in (100, 99_999_999):
        flight = airline.schedule(f"SV{fare % 7}", fare=fare, domestic=False, route=("RUH", "LHR"))
        party = ("ADT",) if fare == 100 else ("ADT", "ADT")
        with pytest.raises(AmountNotCollectable):
            airline.book(flight, *party)


def test_a_departure_that_the_airline_brings_forward_makes_no_fee_dearer() -> None:
    airline = MemoryAirline()
    flight, other = airline.schedule("SV1"), airline.schedule("SV2", in_days=30)
    booking = airline.ticketed(flight)
    hours_before(airline, flight, 25)
    known = airline.flight(flight)
    airline.submit(
        RescheduleFlight(flight, known.departs_at - HOUR, known.arrives_at - HOUR, "slot")
    )
    airline.wait(minutes=59)
    assert airline.quote_cancellation(booking).percent == 50
    assert airline.quote_modification(booking, other).percent == 10
    airline.wait(minutes=2)
    assert airline.quote_cancellation(booking).percent == 75


def fly(airline: MemoryAirline, booking: str, flight: str, *, closed_after: float = 0) -> None:
    """Check in, board, depart, and close the flight for the booking so many hours later."""
    departs_at = airline.flight(flight).departs_at
    hours_before(airline, flight, 5)
    airline.submit(CheckIn(booking, 0, None))
    airline.submit(Board(booking, 0, None))
    airline.clock.now = departs_at
    airline.submit(DepartFlight(flight, departs_at))
    airline.wait(hours=closed_after)
    airline.submit(CloseFlight(booking, flight))


def test_revenue_belongs_to_the_day_on_which_the_coupon_flew() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1")
    booking = airline.ticketed(flight)
    fly(airline, booking, flight, closed_after=40)
    (entry,) = [each for each in invariants.entries_of(airline.log) if each.rule == "flown"]
    assert entry.effective_on == airline.flight(flight).departs_at.astimezone(verbs.RIYADH).date()


def test_a_round_trip_between_markets_is_sold_in_the_currency_of_its_first_flight() -> None:
    airline = MemoryAirline()
    out = airline.schedule("SV1", route=("RUH", "KWI"), domestic=False)
    back = airline.schedule(
        "SV2", in_days=20, route=("KWI", "RUH"), domestic=False, fare=30_000, currency="KWD"
    )
    booking = airline.ticketed((out, back))
    price = airline.booking(booking).price
    assert (price.currency, [each.fare for each in price.coupons]) == ("SAR", [50_000, 36_600])
    other = airline.schedule(
        "SV3", in_days=21, route=("KWI", "RUH"), domestic=False, fare=40_000, currency="KWD"
    )
    assert airline.exchange(booking, other, segment=1).modification.due == 48_800 - 36_600


def test_every_order_of_two_changes_and_a_cancellation_costs_at_least_the_direct_way() -> None:
    for days in itertools.product((8, 30), repeat=2):
        airline = MemoryAirline()
        flight = airline.schedule("SV1")
        others = [airline.schedule(f"SV{2 + n}", in_days=10 + d) for n, d in enumerate(days)]
        booking, direct = airline.ticketed(flight), airline.ticketed(flight)
        hours_before(airline, flight, 30)
        for other in others:
            airline.exchange(booking, other)
        captured = airline.booking(booking).captured
        assert captured is not None
        kept = captured.amount - airline.cancel(booking).refund
        assert kept >= TOTAL - airline.cancel(direct).refund
