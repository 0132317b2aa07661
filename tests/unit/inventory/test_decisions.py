"""Flights: schedule, hold, release, sell; each allowed, refused, and already so."""

import datetime as dt

import msgspec
import pytest

from domain.inventory import rejections, schedule, seat_sale
from domain.inventory.events import (
    CabinLayout,
    CapacityMove,
    FareClass,
    FlightScheduled,
    Place,
    SeatsAssigned,
    SeatsReleased,
)
from domain.inventory.fold import evolve
from domain.inventory.state import Flight
from domain.kernel import money
from domain.kernel.events import DomainEvent
from tests.support import examples, scenario
from tests.support.examples import BOOKING, DEPARTS_AT, HOLD_UNTIL, NOW, held, scheduled, sold
from tests.support.launch_rules import AUTHORISED, LIMITS

OTHER = "booking-XYZ789"


def given(*events: DomainEvent) -> scenario.Scenario[Flight]:
    return scenario.given(evolve, *events)


def hold(
    state: scenario.Scenario[Flight],
    *,
    booking: str = BOOKING,
    seats: int = 1,
    cabin: str = "Y",
    now: dt.datetime = NOW,
) -> scenario.Outcome:
    return state.when(
        seat_sale.hold,
        booking=booking,
        cabin=cabin,
        fare_class=cabin,
        seat_count=seats,
        until=HOLD_UNTIL,
        limits=LIMITS,
        now=now,
    )


def counters(state: scenario.Scenario[Flight], cabin: str = "Y") -> tuple[int, int, int, int]:
    assert state.state is not None
    seats = state.state.cabins[cabin]
    return seats.authorised_count, seats.held_count, seats.sold_count, seats.free_count


def released(booking: str = BOOKING, seats: int = 1) -> SeatsReleased:
    move = CapacityMove("Y", held=-seats, fare_class="Y")
    return SeatsReleased(booking=booking, reason="hold_lapsed", moves=(move,))


def _limited(first: int | None, second: int | None) -> tuple[FareClass, ...]:
    """Two classes of economy with these limits."""
    return (
        FareClass("Y", "Y", examples.sar(50_000), first),
        FareClass("Q", "Y", examples.sar(40_000), second),
    )


def _in(currency: str, fare: FareClass) -> FareClass:
    return msgspec.structs.replace(fare, fare=money.Money(fare.fare.amount, currency))


def test_a_new_departure_goes_on_sale() -> None:
    given().when(schedule.schedule, scheduled=scheduled(), by=AUTHORISED, now=NOW).then(scheduled())


def test_bookings_of_as_many_seats_share_what_is_kept_of_them_in_memory() -> None:
    others = [msgspec.structs.replace(each, booking=OTHER) for each in (held(), sold())]
    flight = given(scheduled(), held(), sold(), *others).state
    assert flight is not None
    one, other = (flight.allocations.get(each) for each in (BOOKING, OTHER))
    assert one is not None
    assert one is other


def test_scheduling_the_same_departure_again_records_nothing() -> None:
    busy = given(scheduled(), held(), sold())
    busy.when(schedule.schedule, scheduled=scheduled(), by=AUTHORISED, now=NOW).then_nothing()


@pytest.mark.parametrize(
    "otherwise",
    [
        scheduled(economy=3),
        scheduled(fare=examples.sar(40_000)),
        scheduled(domestic=False),
        msgspec.structs.replace(scheduled(), departs_at=DEPARTS_AT - dt.timedelta(minutes=5)),
        msgspec.structs.replace(scheduled(), origin_zone="Asia/Dubai"),
        msgspec.structs.replace(scheduled(), number="SV1024"),
        msgspec.structs.replace(
            scheduled(), fares=scheduled().fares[:1], moves=scheduled().moves[:1]
        ),
    ],
)
def test_a_known_departure_with_any_other_fact_is_refused(otherwise: FlightScheduled) -> None:
    outcome = given(scheduled()).when(
        schedule.schedule, scheduled=otherwise, by=AUTHORISED, now=NOW
    )
    outcome.then_rejected(rejections.FlightAlreadyScheduled, flight=otherwise.number)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fares": (), "moves": ()}, "cabins"),
        ({"fares": (scheduled().fares[0],) * 2}, "cabins"),
        ({"fares": (FareClass("Z", "Z", examples.sar(1)),)}, "cabins"),
        ({"fares": (FareClass("Y", "Y", examples.sar(0)), scheduled().fares[1])}, "fare"),
        ({"fares": (FareClass("Y", "Y", money.Money(5_124, "KWD")), scheduled().fares[1])}, "fare"),
        *[
            ({"fares": tuple(_in(code, each) for each in scheduled().fares)}, "not_in_iso_4217")
            for code in ("XYZ", "XTS", "XAU", "sar", "")
        ],
        ({"moves": (CapacityMove("Y", authorised=2),)}, "seats"),
        ({"moves": (CapacityMove("Y", authorised=2),) * 2}, "seats"),
        ({"moves": (CapacityMove("Y", authorised=-1), CapacityMove("J", authorised=1))}, "seats"),
        ({"moves": (CapacityMove("Y", authorised=2, held=1), scheduled().moves[1])}, "seats"),
        ({"moves": (CapacityMove("Y", authorised=2, sold=1), scheduled().moves[1])}, "seats"),
        ({"arrives_at": DEPARTS_AT}, "times"),
        ({"arrives_at": DEPARTS_AT + dt.timedelta(hours=24, seconds=1)}, "times"),
        ({"departs_at": NOW}, "times"),
        ({"destination": "RUH"}, "route"),
        (
            {"fares": (*scheduled().fares, FareClass("Q", "Y", examples.sar(50_001)))},
            "class_order",
        ),
        ({"fares": (*_limited(1, 2), scheduled().fares[1])}, "class_limits"),
        ({"fares": (*_limited(3, None), scheduled().fares[1])}, "class_limits"),
        ({"layouts": (CabinLayout("Y", 2, 1, "AB"), CabinLayout("J", 1, 1, "A"))}, "seat_twice"),
        ({"layouts": (CabinLayout("Y", 2, 1, "AB"),) * 2}, "layout"),
        ({"layouts": (CabinLayout("Y", 2, 1, "AA"),)}, "seat_twice"),
        ({"layouts": (CabinLayout("F", 2, 1, "AB"),)}, "layout"),
    ],
)
def test_a_departure_that_contradicts_itself_is_refused(
    changes: dict[str, object], reason: str
) -> None:
    invalid = msgspec.structs.replace(scheduled(), **changes)
    outcome = given().when(schedule.schedule, scheduled=invalid, by=AUTHORISED, now=NOW)
    outcome.then_rejected(rejections.InvalidSchedule, reason=reason)
    # Also where the departure is on sale; a repeat may come after it has left.
    if reason != "times":
        again = given(scheduled()).when(
            schedule.schedule, scheduled=invalid, by=AUTHORISED, now=NOW
        )
        again.then_rejected(rejections.InvalidSchedule, reason=reason)


def test_free_seats_are_held_until_the_deadline() -> None:
    hold(given(scheduled()), seats=2).then(held(seats=2))
    assert counters(given(scheduled(), held(seats=2))) == (2, 2, 0, 0)


def test_the_last_free_seat_can_be_held_and_the_one_after_it_cannot() -> None:
    hold(given(scheduled(), held(OTHER))).then(held())
    full = given(scheduled(), held(OTHER), held("booking-QQQ222"))
    hold(full).then_rejected(rejections.SeatsUnavailable, flight="SV1023", free=0)


def test_more_seats_than_are_free_are_refused_as_a_whole() -> None:
    one_left = given(scheduled(), held(OTHER))
    hold(one_left, seats=2).then_rejected(rejections.SeatsUnavailable, free=1)


def test_sold_seats_are_not_free() -> None:
    full = given(scheduled(), held(OTHER, seats=2), sold(OTHER, seats=2))
    assert counters(full) == (2, 0, 2, 0)
    hold(full).then_rejected(rejections.SeatsUnavailable, free=0)


def test_a_cabin_has_its_own_seats() -> None:
    full_economy = given(scheduled(), held(OTHER, seats=2))
    hold(full_economy, cabin="J").then(held(cabin="J"))


def test_after_an_equipment_cut_nothing_is_free_and_nothing_breaks() -> None:
    cut = msgspec.structs.replace(
        scheduled(), moves=(CapacityMove("Y", authorised=0), CapacityMove("J", authorised=0))
    )
    oversold = given(cut, held(OTHER))
    assert counters(oversold) == (0, 1, 0, -1)
    hold(oversold).then_rejected(rejections.SeatsUnavailable, free=0)


def test_holding_twice_records_nothing_new_even_when_closed() -> None:
    hold(given(scheduled(), held())).then_nothing()
    hold(given(scheduled(), held()), now=DEPARTS_AT).then_nothing()


def test_who_has_seats_may_hold_others_beside_them_to_change_into() -> None:
    hold(given(scheduled(), held(), sold()), cabin="J").then(held(cabin="J"))


def test_nothing_is_held_on_a_departure_or_in_a_cabin_that_is_not_there() -> None:
    hold(given()).then_rejected(rejections.FlightNotFound)
    hold(given(scheduled()), cabin="F").then_rejected(rejections.CabinNotFound, cabin="F")


def test_sales_close_one_hour_before_departure_to_the_second() -> None:
    closing = DEPARTS_AT - dt.timedelta(minutes=60)
    hold(given(scheduled()), now=closing - dt.timedelta(microseconds=1)).then(held())
    hold(given(scheduled()), now=closing).then_rejected(rejections.SalesClosed, flight="SV1023")


@pytest.mark.parametrize("seats", [0, -1])
def test_holding_no_seats_is_a_bug(seats: int) -> None:
    with pytest.raises(AssertionError):
        hold(given(scheduled()), seats=seats)


def release(state: scenario.Scenario[Flight]) -> scenario.Outcome:
    return state.when(seat_sale.release_hold, booking=BOOKING, reason="hold_lapsed")


def test_released_seats_are_free_again() -> None:
    release(given(scheduled(), held(seats=2))).then(released(seats=2))
    assert counters(given(scheduled(), held(seats=2), released(seats=2))) == (2, 0, 0, 2)


def test_releasing_what_is_not_held_records_nothing() -> None:
    release(given(scheduled(), held(OTHER))).then_nothing()
    release(given(scheduled(), held(), released())).then_nothing()


def test_sold_seats_are_not_released() -> None:
    release(given(scheduled(), held(), sold())).then_nothing()


def test_seats_released_by_one_booking_can_be_held_by_another() -> None:
    hold(given(scheduled(economy=1), held(OTHER), released(OTHER))).then(held())


def test_held_seats_are_sold() -> None:
    given(scheduled(), held(seats=2)).when(seat_sale.sell, booking=BOOKING).then(sold(seats=2))


def test_selling_twice_records_nothing_new() -> None:
    given(scheduled(), held(), sold()).when(seat_sale.sell, booking=BOOKING).then_nothing()


def test_selling_what_is_not_held_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        given(scheduled(), held(OTHER)).when(seat_sale.sell, booking=BOOKING)
    with pytest.raises(AssertionError):
        given(scheduled(), held(), released()).when(seat_sale.sell, booking=BOOKING)


def release_sold(
    state: scenario.Scenario[Flight], *passengers: int, seats: int | None = None
) -> scenario.Outcome:
    return state.when(
        seat_sale.release_sold,
        booking=BOOKING,
        passengers=passengers,
        seat_count=len(passengers) if seats is None else seats,
        reason="cancelled",
    )


def test_sold_seats_of_some_passengers_are_on_sale_again_with_their_places() -> None:
    seated = SeatsAssigned(BOOKING, (Place(0, "10A"), Place(1, "10B")))
    state = given(scheduled(), held(seats=2), sold(seats=2), seated)
    move = CapacityMove("Y", sold=-1, fare_class="Y")
    back = SeatsReleased(booking=BOOKING, reason="cancelled", moves=(move,), vacated=("10B",))
    release_sold(state, 1).then(back)
    after = given(scheduled(), held(seats=2), sold(seats=2), seated, back)
    assert counters(after) == (2, 0, 1, 1)
    assert after.state is not None
    assert [number for number, _ in after.state.seats.items()] == ["10A"]


def test_when_the_last_sold_seat_is_released_the_booking_has_left_the_flight() -> None:
    state = given(scheduled(), held(seats=2), sold(seats=2))
    (back,) = release_sold(state, 0, 1).events
    after = given(scheduled(), held(seats=2), sold(seats=2), back).state
    assert after is not None
    assert after.allocations.get(BOOKING) is None


def test_a_lap_infant_gives_no_seat_back() -> None:
    release_sold(given(scheduled(), held(), sold()), 1, seats=0).then_nothing()


def test_more_than_was_sold_is_never_released() -> None:
    with pytest.raises(AssertionError):
        release_sold(given(scheduled(), held(), sold()), 0, 1)
    with pytest.raises(AssertionError):
        release_sold(given(scheduled(), held()), 0)
