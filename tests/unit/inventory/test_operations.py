"""What operations do to a flight: other aircraft, other times, no flight, gone."""

import datetime as dt
import functools

import msgspec
import pytest

from domain.inventory import operations, rejections, schedule, seat_sale
from domain.inventory.events import (
    CabinLayout,
    CapacityMove,
    EquipmentChanged,
    FlightCancelled,
    FlightDeparted,
    FlightRescheduled,
    Place,
    SeatsAssigned,
)
from domain.inventory.fold import evolve
from domain.inventory.state import Flight, FlightStatus
from domain.kernel.events import DomainEvent
from tests.support import examples, scenario
from tests.support.examples import BOOKING, DEPARTS_AT, HOLD_UNTIL, NOW, held, sold
from tests.support.launch_rules import AUTHORISED, BOARDING_CLOSES, LIMITS, MATERIAL

ARRIVES_AT = DEPARTS_AT + dt.timedelta(minutes=105)
WIDE = (CabinLayout("Y", 4, 10, "AB"), CabinLayout("J", 2, 1, "AB"))
SCHEDULED = msgspec.structs.replace(
    examples.scheduled(economy=4, business=2),
    arrives_at=ARRIVES_AT,
    layouts=WIDE,
    aircraft="320",
    departure_terminal="3",
    arrival_terminal="1",
)
CANCELLED = FlightCancelled(reason="technical")
DEPARTED = FlightDeparted(departed_at=DEPARTS_AT)


def given(*events: DomainEvent) -> scenario.Scenario[Flight]:
    return scenario.given(evolve, SCHEDULED, *events)


def change(
    state: scenario.Scenario[Flight], layouts: tuple[CabinLayout, ...], **authorised: int
) -> scenario.Outcome:
    return state.when(
        operations.change_equipment, layouts=layouts, authorised=authorised, reason="technical"
    )


def reschedule(
    state: scenario.Scenario[Flight], later: dt.timedelta, now: dt.datetime = NOW
) -> scenario.Outcome:
    return state.when(
        operations.reschedule,
        departs_at=DEPARTS_AT + later,
        arrives_at=ARRIVES_AT + later,
        reason="weather",
        material=MATERIAL,
        now=now,
    )


@pytest.mark.parametrize(
    ("cabin", "physical", "authorised"),
    [
        ("Y", 0, 0),
        ("Y", 19, 19),
        ("Y", 20, 21),
        ("Y", 199, 208),
        ("Y", 200, 210),
        ("Y", 400, 410),
        ("J", 49, 49),
        ("J", 50, 51),
    ],
)
def test_a_few_more_seats_are_authorised_than_there_are_and_never_more_than_ten(
    cabin: str, physical: int, authorised: int
) -> None:
    assert AUTHORISED.seats(cabin, physical) == authorised


def test_no_departure_goes_on_sale_with_more_seats_than_the_rule_authorises() -> None:
    over = msgspec.structs.replace(
        SCHEDULED, moves=(CapacityMove("Y", authorised=5), CapacityMove("J", authorised=2))
    )
    scenario.given(evolve).when(
        schedule.schedule, scheduled=over, by=AUTHORISED, now=NOW
    ).then_rejected(rejections.InvalidSchedule, reason="overbooking")


def test_a_smaller_aircraft_may_have_fewer_seats_than_are_sold_and_reports_it() -> None:
    state = given(held(seats=3), sold(seats=3))
    smaller = (CabinLayout("Y", 2, 10, "AB"), CabinLayout("J", 2, 1, "AB"))
    outcome = change(state, smaller, Y=2, J=2)
    outcome.then(
        EquipmentChanged(
            reason="technical",
            layouts=smaller,
            moves=(CapacityMove("Y", authorised=-2),),
            vacated=(),
            oversold={"Y": 1},
        )
    )
    after = given(held(seats=3), sold(seats=3), *outcome.events).state
    assert after is not None
    cabin = after.cabins["Y"]
    assert (cabin.authorised_count, cabin.sold_count, cabin.free_count) == (2, 3, -1)


def test_on_an_oversold_flight_nothing_is_sold_until_seats_are_free_again() -> None:
    smaller = (CabinLayout("Y", 2, 10, "AB"), WIDE[1])
    cut = change(given(held(seats=3), sold(seats=3)), smaller, Y=2, J=2)
    given(held(seats=3), sold(seats=3), *cut.events).when(
        seat_sale.hold,
        booking="booking-XYZ789",
        cabin="Y",
        fare_class="Y",
        seat_count=1,
        until=HOLD_UNTIL,
        limits=LIMITS,
        now=NOW,
    ).then_rejected(rejections.SeatsUnavailable, free=0)


def test_a_seat_whose_number_belongs_to_another_cabin_now_is_vacated() -> None:
    seated = SeatsAssigned(BOOKING, (Place(0, "10A"), Place(1, "11B")))
    longer = (CabinLayout("Y", 4, 11, "AB"), CabinLayout("J", 2, 10, "AB"))
    (changed,) = change(given(held(seats=2), seated), longer, Y=4, J=2).events
    assert isinstance(changed, EquipmentChanged)
    assert changed.vacated == ("10A",)


def test_no_aircraft_has_two_seats_of_one_number_or_two_maps_of_one_cabin() -> None:
    twice = (CabinLayout("Y", 4, 1, "AB"), CabinLayout("J", 2, 2, "AB"))
    change(given(), twice, Y=4, J=2).then_rejected(rejections.InvalidSchedule, reason="seat_twice")
    again = (CabinLayout("Y", 4, 10, "AB"), CabinLayout("Y", 2, 20, "AB"))
    change(given(), again, Y=4).then_rejected(rejections.InvalidSchedule, reason="layout")


def test_seats_that_the_other_aircraft_lacks_are_vacated() -> None:
    seated = SeatsAssigned(BOOKING, (Place(0, "10A"), Place(1, "11B")))
    smaller = (CabinLayout("Y", 2, 10, "AB"), WIDE[1])
    state = given(held(seats=2), seated)
    (changed,) = change(state, smaller, Y=2, J=2).events
    assert isinstance(changed, EquipmentChanged)
    assert changed.vacated == ("11B",)
    after = given(held(seats=2), seated, changed).state
    assert after is not None
    assert [number for number, _ in after.seats.items()] == ["10A"]


def test_a_cabin_that_the_other_aircraft_lacks_has_no_seats() -> None:
    (changed,) = change(given(), (WIDE[0],), Y=4).events
    after = given(changed).state
    assert after is not None
    assert after.cabins["J"].authorised_count == 0


def test_the_same_aircraft_again_records_nothing() -> None:
    change(given(), WIDE, Y=4, J=2).then_nothing()


def test_another_type_with_the_same_seats_is_recorded_and_an_unknown_one_forgets_it() -> None:
    state = given()
    wanted = {"layouts": WIDE, "authorised": {"Y": 4, "J": 2}, "reason": "technical"}
    [retyped] = state.when(operations.change_equipment, **wanted, aircraft="321").events
    flown = given(retyped)
    flown.when(operations.change_equipment, **wanted, aircraft="321").then_nothing()
    [smaller] = change(flown, (CabinLayout("Y", 2, 10, "AB"),), Y=2).events
    types = [each.state.aircraft for each in (state, flown, given(retyped, smaller)) if each.state]
    assert types == ["320", "321", ""]


def test_a_departure_from_another_terminal_is_another_departure() -> None:
    def again(**changes: str) -> scenario.Outcome:
        scheduled = msgspec.structs.replace(SCHEDULED, **changes)
        return given().when(schedule.schedule, scheduled=scheduled, by=AUTHORISED, now=NOW)

    again().then_nothing()
    # Earlier releases recorded no terminals and no aircraft.
    again(departure_terminal="", arrival_terminal="", aircraft="").then_nothing()
    again(departure_terminal="5").then_rejected(rejections.FlightAlreadyScheduled)
    again(arrival_terminal="5").then_rejected(rejections.FlightAlreadyScheduled)


def test_an_aircraft_with_a_cabin_that_is_not_sold_is_refused() -> None:
    outcome = change(given(), (*WIDE, CabinLayout("F", 2, 1, "AB")), Y=4, J=2, F=2)
    outcome.then_rejected(rejections.CabinNotFound)


@pytest.mark.parametrize(
    ("minutes", "material"), [(119, False), (120, True), (-119, False), (-120, True), (600, True)]
)
def test_two_hours_more_or_less_are_a_material_change(minutes: int, material: bool) -> None:
    later = dt.timedelta(minutes=minutes)
    reschedule(given(), later).then(
        FlightRescheduled(
            departs_at=DEPARTS_AT + later,
            arrives_at=ARRIVES_AT + later,
            reason="weather",
            material=material,
        )
    )


def test_an_arrival_that_is_two_hours_late_is_material_too() -> None:
    outcome = given().when(
        operations.reschedule,
        departs_at=DEPARTS_AT,
        arrives_at=ARRIVES_AT + dt.timedelta(minutes=120),
        reason="detour",
        material=MATERIAL,
        now=NOW,
    )
    (moved,) = outcome.events
    assert isinstance(moved, FlightRescheduled)
    assert moved.material


def test_small_changes_that_add_up_to_two_hours_are_material_once() -> None:
    events: list[DomainEvent] = []
    material = []
    for minutes in (70, 119, 130, 140, 60, 125):
        (moved,) = reschedule(given(*events), dt.timedelta(minutes=minutes)).events
        assert isinstance(moved, FlightRescheduled)
        events.append(moved)
        material.append(moved.material)
    assert material == [False, False, True, False, False, True]


def test_the_same_times_again_record_nothing_and_past_ones_are_refused() -> None:
    reschedule(given(), dt.timedelta()).then_nothing()
    moved = dt.timedelta(minutes=30)
    late = DEPARTS_AT + moved
    reschedule(given(), moved, late).then_rejected(rejections.InvalidSchedule, reason="times")


def test_a_flight_is_not_moved_to_last_longer_than_a_day() -> None:
    flight = given()
    assert flight.state is not None
    departs_at, now = flight.state.departs_at, flight.state.departs_at - dt.timedelta(days=1)
    for minutes, refused in ((24 * 60, False), (24 * 60 + 1, True)):
        arrives_at = departs_at + dt.timedelta(minutes=minutes)
        moved = flight.when(
            lambda state, until=arrives_at: operations.reschedule(
                state,
                departs_at=departs_at,
                arrives_at=until,
                reason="wind",
                material=MATERIAL,
                now=now,
            )
        )
        if refused:
            moved.then_rejected(rejections.InvalidSchedule, reason="times")
        else:
            assert moved.events


def test_a_cancelled_flight_is_not_cancelled_moved_refitted_or_sent_off_again() -> None:
    state = given(CANCELLED)
    assert state.state is not None
    assert state.state.status is FlightStatus.CANCELLED
    state.when(operations.cancel, reason="weather").then_nothing()
    reschedule(state, dt.timedelta(hours=1)).then_rejected(rejections.FlightOver)
    change(state, WIDE[:1], Y=4).then_rejected(rejections.FlightOver, status="cancelled")
    state.when(depart, departed_at=DEPARTS_AT).then_rejected(rejections.FlightOver)


depart = functools.partial(operations.depart, boarding_closes=BOARDING_CLOSES)


def test_a_flight_leaves_when_the_gate_has_closed_and_not_before() -> None:
    shut = DEPARTS_AT - dt.timedelta(minutes=15)
    early = shut - dt.timedelta(microseconds=1)
    given().when(depart, departed_at=early).then_rejected(rejections.FlightNotDue)
    given().when(depart, departed_at=shut).then(FlightDeparted(departed_at=shut))


def test_a_flight_leaves_once_and_is_not_cancelled_afterwards() -> None:
    given(DEPARTED).when(depart, departed_at=DEPARTS_AT).then_nothing()
    given(DEPARTED).when(operations.cancel, reason="technical").then_rejected(
        rejections.FlightOver, status="departed"
    )


@pytest.mark.parametrize("over", [CANCELLED, DEPARTED])
def test_nothing_is_held_on_a_flight_that_is_over(over: DomainEvent) -> None:
    given(over).when(
        seat_sale.hold,
        booking=BOOKING,
        cabin="Y",
        fare_class="Y",
        seat_count=1,
        until=HOLD_UNTIL,
        limits=LIMITS,
        now=NOW,
    ).then_rejected(rejections.SalesClosed, flight="SV1023")
