"""The waitlist of a flight: its bookings, the next of them, and that none is overtaken."""

import datetime as dt

import msgspec
import pytest

from domain.inventory import rejections, sales_window, seat_sale, waitlist
from domain.inventory.events import (
    CapacityMove,
    SeatsOffered,
    SeatsReleased,
    WaitlistJoined,
    WaitlistLeft,
)
from domain.inventory.fold import evolve
from domain.inventory.state import Flight
from domain.kernel.events import DomainEvent
from tests.support import examples, scenario
from tests.support.examples import BOOKING, DEPARTS_AT, HOLD_UNTIL, NOW, held, scheduled
from tests.support.launch_rules import CLOSES, INFANTS, LIMITS, OFFER

FIRST, SECOND = "booking-FRS222", "booking-SCD222"
CLOSED = sales_window.sales_close_at(DEPARTS_AT, closes=CLOSES)
UNTIL = NOW + dt.timedelta(hours=24)


def given(*events: DomainEvent) -> scenario.Scenario[Flight]:
    return scenario.given(evolve, *events)


def joined(booking: str, seats: int = 1, cabin: str = "Y") -> WaitlistJoined:
    return WaitlistJoined(booking=booking, cabin=cabin, fare_class=cabin, seat_count=seats)


def released(seats: int, booking: str = BOOKING) -> SeatsReleased:
    move = CapacityMove("Y", held=-seats, fare_class="Y")
    return SeatsReleased(booking=booking, reason="hold_lapsed", moves=(move,))


def join(state: scenario.Scenario[Flight], now: dt.datetime = NOW) -> scenario.Outcome:
    return state.when(
        waitlist.join,
        booking=FIRST,
        cabin="Y",
        fare_class="Y",
        seat_count=1,
        limits=LIMITS,
        now=now,
    )


def offer(
    state: scenario.Scenario[Flight], booking: str, now: dt.datetime = NOW
) -> scenario.Outcome:
    return state.when(waitlist.offer, booking=booking, until=UNTIL, limits=LIMITS, now=now)


def offered(booking: str, seats: int = 1) -> SeatsOffered:
    move = CapacityMove("Y", held=seats, fare_class="Y")
    return SeatsOffered(booking=booking, until=UNTIL, moves=(move,))


FULL = (scheduled(), held(seats=2))


def test_a_booking_without_seats_joins_the_end_of_the_waitlist() -> None:
    join(given(*FULL)).then(joined(FIRST))
    state = given(*FULL, joined(FIRST), joined(SECOND)).state
    assert state is not None
    assert [each.booking for each in state.waitlist] == [FIRST, SECOND]


def test_joining_or_leaving_twice_records_nothing_new() -> None:
    join(given(*FULL, joined(FIRST))).then_nothing()
    leave = {"booking": FIRST, "reason": "cancelled"}
    given(*FULL).when(waitlist.leave, **leave).then_nothing()
    given(*FULL, joined(FIRST)).when(waitlist.leave, **leave).then(WaitlistLeft(FIRST, "cancelled"))


def test_nobody_queues_for_a_flight_that_is_not_on_sale_any_more() -> None:
    join(given(*FULL), CLOSED).then_rejected(rejections.SalesClosed, flight="SV1023")
    join(given(*FULL), CLOSED - dt.timedelta(microseconds=1)).then(joined(FIRST))


def test_seats_that_come_free_go_to_the_first_in_the_queue() -> None:
    state = given(*FULL, joined(FIRST), joined(SECOND), released(2))
    offer(state, SECOND).then_rejected(rejections.SeatsUnavailable)
    offer(state, FIRST).then(offered(FIRST))
    after = given(*FULL, joined(FIRST), joined(SECOND), released(2), offered(FIRST))
    offer(after, SECOND).then(offered(SECOND))


def test_a_party_that_does_not_fit_lets_the_next_one_pass() -> None:
    waiting = given(
        scheduled(),
        held(seats=1),
        held("booking-QQQ222"),
        joined(FIRST, seats=2),
        joined(SECOND),
        released(1),
    )
    offer(waiting, FIRST).then_rejected(rejections.SeatsUnavailable)
    offer(waiting, SECOND).then(offered(SECOND))


def test_an_offer_takes_the_seats_off_the_market_and_the_booking_off_the_queue() -> None:
    state = given(*FULL, joined(FIRST), released(2), offered(FIRST)).state
    assert state is not None
    assert (state.cabins["Y"].held_count, state.cabins["Y"].free_count) == (1, 1)
    assert not state.is_waitlisted(FIRST)
    allocation = state.allocations.get(FIRST)
    assert allocation is not None
    assert allocation.until == UNTIL


def test_no_booking_takes_seats_that_a_waitlisted_booking_could_take() -> None:
    state = given(*FULL, joined(FIRST), released(2))
    take = {
        "booking": SECOND,
        "cabin": "Y",
        "fare_class": "Y",
        "until": HOLD_UNTIL,
        "limits": LIMITS,
        "now": NOW,
    }
    state.when(seat_sale.hold, seat_count=2, **take).then_rejected(
        rejections.SeatsUnavailable, free=1
    )
    state.when(seat_sale.hold, seat_count=1, **take).then(held(SECOND))


def test_the_first_in_the_queue_is_not_behind_those_who_came_later() -> None:
    state = given(*FULL, joined(FIRST), joined(SECOND), released(1))
    take = {
        "cabin": "Y",
        "fare_class": "Y",
        "seat_count": 1,
        "until": HOLD_UNTIL,
        "limits": LIMITS,
        "now": NOW,
    }
    state.when(seat_sale.hold, booking=FIRST, **take).then(held(FIRST))
    state.when(seat_sale.hold, booking=SECOND, **take).then_rejected(rejections.SeatsUnavailable)


def test_a_queue_for_one_cabin_does_not_keep_another_from_selling() -> None:
    state = given(*FULL, joined(FIRST), released(2))
    state.when(
        seat_sale.hold,
        booking=SECOND,
        cabin="J",
        fare_class="J",
        seat_count=1,
        until=HOLD_UNTIL,
        limits=LIMITS,
        now=NOW,
    ).then(held(SECOND, cabin="J"))


@pytest.mark.parametrize(
    ("hours", "until"),
    [(48, UNTIL), (25, UNTIL), (24, None), (3, None)],
)
def test_an_offer_runs_a_day_but_never_past_the_end_of_sales(
    hours: int, until: dt.datetime | None
) -> None:
    departs_at = NOW + dt.timedelta(hours=hours)
    expected = until or departs_at - dt.timedelta(minutes=60)
    assert sales_window.offer_until(departs_at, lasts=OFFER, closes=CLOSES, now=NOW) == expected


def test_nobody_is_offered_seats_once_sales_are_closed() -> None:
    state = given(*FULL, joined(FIRST), released(2))
    offer(state, FIRST, CLOSED).then_rejected(rejections.SeatsUnavailable)
    assert state.state is not None
    assert waitlist.next_in_line(state.state, limits=LIMITS, now=CLOSED) is None


def test_after_an_equipment_cut_the_queue_gets_nothing() -> None:
    smaller = msgspec.structs.replace(
        examples.scheduled(),
        moves=(CapacityMove("Y", authorised=0), CapacityMove("J", authorised=1)),
    )
    state = given(smaller, joined(FIRST)).state
    assert state is not None
    assert waitlist.claimed_seats(state, "Y", ahead_of=BOOKING, infants=INFANTS) == 0
    assert waitlist.next_in_line(state, limits=LIMITS, now=NOW) is None
