"""Fare classes of one cabin: nested limits, where seats come from, and the waitlist."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.inventory import rejections, seat_sale
from domain.inventory.events import CapacityMove, FareClass, FlightScheduled, SeatsHeld
from domain.inventory.fold import evolve
from domain.inventory.state import Flight
from domain.kernel.events import DomainEvent
from domain.pricing import exchange
from tests.support import examples, scenario
from tests.support.examples import HOLD_UNTIL, NOW
from tests.support.launch_rules import LIMITS
from tests.support.memory_airline import MemoryAirline

CLASSES = ("Y", "B", "Q")


def scheduled(seats: int, *limits: int | None) -> FlightScheduled:
    """A cabin with classes Y above B above Q and these limits."""
    return FlightScheduled(
        number="SV1023",
        origin="RUH",
        destination="JED",
        origin_zone="Asia/Riyadh",
        destination_zone="Asia/Riyadh",
        departs_at=examples.DEPARTS_AT,
        arrives_at=examples.scheduled().arrives_at,
        domestic=True,
        fares=tuple(
            FareClass(code, "Y", examples.sar(90_000 - 10_000 * number), limit)
            for number, (code, limit) in enumerate(zip(CLASSES, limits, strict=True))
        ),
        moves=(CapacityMove("Y", authorised=seats),),
    )


def flight(*events: DomainEvent) -> scenario.Scenario[Flight]:
    return scenario.given(evolve, *events)


def hold(
    state: scenario.Scenario[Flight], fare_class: str, seats: int, booking: str
) -> scenario.Outcome:
    return state.when(
        seat_sale.hold,
        booking=booking,
        cabin="Y",
        fare_class=fare_class,
        seat_count=seats,
        until=HOLD_UNTIL,
        limits=LIMITS,
        now=NOW,
    )


def held(fare_class: str, seats: int, booking: str = "booking-AAA222") -> SeatsHeld:
    move = CapacityMove("Y", held=seats, fare_class=fare_class)
    return SeatsHeld(booking=booking, until=HOLD_UNTIL, moves=(move,))


def free(state: scenario.Scenario[Flight]) -> list[int]:
    assert state.state is not None
    return [state.state.cabins["Y"].free_in(code) for code in CLASSES]


def test_a_lower_class_has_no_more_than_its_limit() -> None:
    assert free(flight(scheduled(10, None, 6, 2))) == [10, 6, 2]
    outcome = hold(flight(scheduled(10, None, 6, 2)), "Q", 3, "booking-BBB222")
    outcome.then_rejected(rejections.SeatsUnavailable, flight="SV1023", free=2)


def test_seats_of_a_lower_class_count_in_every_class_above() -> None:
    state = flight(scheduled(10, None, 6, 2), held("Q", 2))
    assert free(state) == [8, 4, 0]


def test_seats_of_a_higher_class_leave_the_limits_below_as_they_are() -> None:
    state = flight(scheduled(10, None, 6, 2), held("Y", 4))
    assert free(state) == [6, 6, 2]


def test_when_the_cabin_is_nearly_full_the_higher_class_takes_from_the_lower() -> None:
    state = flight(scheduled(10, None, 6, 2), held("Y", 9))
    assert free(state) == [1, 1, 1]
    full = flight(scheduled(10, None, 6, 2), held("Y", 10))
    assert free(full) == [0, 0, 0]


def test_what_is_released_is_free_in_the_classes_it_was_taken_from() -> None:
    state = flight(scheduled(10, None, 6, 2), held("Q", 2))
    released = state.when(seat_sale.release_hold, booking="booking-AAA222", reason="hold_lapsed")
    after = flight(scheduled(10, None, 6, 2), held("Q", 2), *released.events)
    assert free(after) == [10, 6, 2]


def test_a_class_of_another_cabin_cannot_be_held() -> None:
    outcome = hold(flight(scheduled(10, None, 6, 2)), "J", 1, "booking-BBB222")
    outcome.then_rejected(rejections.CabinNotFound, cabin="Y")


@given(
    limits=st.lists(st.integers(0, 9), min_size=2, max_size=2),
    wishes=st.lists(
        st.tuples(st.sampled_from(CLASSES), st.integers(1, 4)), min_size=1, max_size=12
    ),
)
def test_no_run_of_wishes_takes_a_class_or_those_below_above_their_limit(
    limits: list[int], wishes: list[tuple[str, int]]
) -> None:
    state = evolve(None, scheduled(10, None, *limits))
    taken = dict.fromkeys(CLASSES, 0)
    for number, (code, count) in zip(itertools.count(), wishes, strict=False):
        outcome = hold(scenario.Scenario(state), code, count, f"booking-{number}")
        below = {each: sum(taken[c] for c in CLASSES[CLASSES.index(each) :]) for each in CLASSES}
        rooms = [10 - sum(taken.values())]
        rooms += [
            limit - below[each]
            for each, limit in zip(CLASSES[1:], limits, strict=True)
            if CLASSES.index(each) <= CLASSES.index(code)
        ]
        if count <= min(rooms):
            assert outcome.events, "there is room in the class and in all above it"
            taken[code] += count
            state = evolve(state, outcome.events[0])  # type: ignore[arg-type]
        else:
            outcome.then_rejected(rejections.SeatsUnavailable)


def test_no_flight_goes_on_sale_in_a_currency_without_a_rate() -> None:
    airline = MemoryAirline()
    with pytest.raises(rejections.InvalidSchedule) as refused:
        airline.schedule("SV1", currency="USD")
    assert refused.value.parameters == {"field": "currency", "reason": "not_sold"}
    for number, rate in enumerate(exchange.RATES):
        flight = airline.schedule(f"SV{number + 2}", currency=rate.currency)
        assert airline.booking(airline.book(flight)).currency == rate.currency
