"""Special services of passengers: codes, kinds, moments and the wheelchairs of a flight."""

import datetime as dt

import pytest
from msgspec.structs import replace

from application.booking.opened_needs import readable_services
from application.booking.special_services import (
    Place,
    RequestSpecialService,
    WithdrawSpecialService,
)
from domain.booking import passenger_details as rules
from domain.booking import rejections
from domain.booking.events import (
    BookingEvent,
    BookingReserved,
    CouponsCancelled,
    SpecialServiceRequested,
)
from domain.booking.fold import evolve
from domain.booking.preconditions import SegmentFacts
from domain.booking.state import Booking, SpecialService
from domain.booking.states import Status
from domain.booking.values import CouponId
from domain.pricing.price import Leg, PassengerType
from tests.support import examples
from tests.support.launch_rules import WHEELCHAIRS, WINDOW
from tests.support.memory_airline import MemoryAirline
from tests.support.sealed_codes import OPENED, sealed_code

CLOSES = dt.timedelta(minutes=60)
FACTS = SegmentFacts(
    departs_at=examples.DEPARTS_AT,
    latest_departs_at=examples.DEPARTS_AT,
    leg=Leg("RUH", "JED", examples.DEPARTS_AT, examples.DEPARTS_AT, at_home=True),
    domestic=True,
    operating=True,
)


def booking(*types: PassengerType) -> Booking:
    """A reserved booking of these passengers on one flight."""
    draft = examples.draft(*(types or ("ADT",)))
    state = evolve(None, draft)
    return evolve(state, BookingReserved(hold_until=examples.HOLD_UNTIL))


def requested(state: Booking, code: str, passenger: int = 0, wheelchairs: int = 0) -> Booking:
    """The booking after the request."""
    events = rules.request_special_service(
        state,
        passenger=passenger,
        segment=0,
        code=code,
        box=sealed_code(code),
        codes=OPENED,
        wheelchairs=wheelchairs,
        wheelchair_limit=WHEELCHAIRS,
    )
    for event in events:
        state = evolve(state, event)
    return state


def withdraw(state: Booking, code: str) -> list[BookingEvent]:
    """What the withdrawal of the first passenger records."""
    return rules.withdraw_special_service(state, passenger=0, segment=0, code=code, codes=OPENED)


@pytest.mark.parametrize("code", sorted(rules.SPECIAL_SERVICES.keys() - rules.FOR_CHILDREN))
def test_each_service_is_requested_once_and_withdrawn(code: str) -> None:
    state = requested(booking(), code)
    assert state.special_services() == (SpecialService(0, 0, box=sealed_code(code)),)
    assert requested(state, code) == state
    (withdrawn,) = withdraw(state, code)
    assert evolve(state, withdrawn).special_services() == ()
    assert withdraw(booking(), code) == []


@pytest.mark.parametrize(
    ("first", "second"), [("VGML", "KSML"), ("WCHR", "WCHC"), ("WCHS", "WCHR")]
)
def test_a_passenger_has_one_service_of_a_kind_on_a_flight(first: str, second: str) -> None:
    state = requested(booking(), first)
    with pytest.raises(rejections.SpecialServiceRefused) as refused:
        requested(state, second)
    assert refused.value.parameters == {
        "field": "code",
        "reason": "another_of_its_kind",
        "code": first,
    }


@pytest.mark.parametrize(
    ("code", "passenger", "reason"),
    [
        ("UMNR", 0, "for_children_only"),
        ("CHML", 2, "for_children_only"),
        ("VGML", 2, "infants_have_no_meal"),
        ("PETC", 0, "unknown_code"),
    ],
)
def test_a_service_fits_its_passenger(code: str, passenger: int, reason: str) -> None:
    party = booking("ADT", "CHD", "INF")
    with pytest.raises(rejections.SpecialServiceRefused) as refused:
        requested(party, code, passenger)
    assert refused.value.parameters["reason"] == reason
    assert requested(party, "CHML", 1).special_services()


def test_a_flight_has_so_many_wheelchairs_and_any_number_of_other_services() -> None:
    limit = WHEELCHAIRS
    assert requested(booking(), "WCHR", wheelchairs=limit - 1).special_services()
    with pytest.raises(rejections.SpecialServiceRefused) as refused:
        requested(booking(), "WCHR", wheelchairs=limit)
    assert refused.value.parameters["reason"] == "no_wheelchair_left"
    assert requested(booking(), "BLND", wheelchairs=limit).special_services()


@pytest.mark.parametrize(
    ("before", "by_staff", "is_open"),
    [
        (CLOSES, False, True),
        (CLOSES - dt.timedelta(seconds=1), False, False),
        (CLOSES - dt.timedelta(seconds=1), True, True),
        (dt.timedelta(minutes=15), True, True),
        (dt.timedelta(minutes=15) - dt.timedelta(seconds=1), True, False),
    ],
)
def test_customers_change_services_until_check_in_closes_and_staff_until_boarding(
    before: dt.timedelta, by_staff: bool, is_open: bool
) -> None:
    def check() -> None:
        rules.require_special_service(
            replace(booking(), status=Status.CONFIRMED),
            0,
            0,
            FACTS,
            window=WINDOW,
            by_staff=by_staff,
            now=examples.DEPARTS_AT - before,
        )

    if is_open:
        check()
    else:
        with pytest.raises(rejections.CheckInClosed):
            check()


def test_the_services_of_a_cancelled_coupon_are_dropped() -> None:
    state = requested(requested(booking("ADT", "ADT"), "WCHR", 0), "VGML", 1)
    cancelled = CouponsCancelled(
        reason="requested", fee=0, destination="none", coupons=(CouponId(0, 0),)
    )
    left = readable_services(evolve(state, cancelled), OPENED)
    assert left == (SpecialService(1, 0, "VGML"),)
    ticketed = replace(state, status=Status.CONFIRMED)
    assert rules.wheelchairs_on(ticketed, examples.FLIGHT, OPENED) == 1
    assert rules.wheelchairs_on(evolve(ticketed, cancelled), examples.FLIGHT, OPENED) == 0


def test_an_unpaid_booking_uses_up_no_wheelchair_of_the_flight() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(seats=30)
    hold = airline.book(flight, *("ADT",) * 6)
    for passenger in range(6):
        airline.submit(request(hold, passenger=passenger))
    ticketed = [airline.ticketed(flight) for _ in range(7)]
    for each in ticketed[:6]:
        airline.submit(request(each))
    with pytest.raises(rejections.SpecialServiceRefused) as refused:
        airline.submit(request(ticketed[6]))
    assert refused.value.parameters["reason"] == "no_wheelchair_left"


def test_a_hold_that_has_lapsed_takes_no_more_requests() -> None:
    airline = MemoryAirline()
    booked = airline.book(airline.schedule())
    airline.wait(hours=1)
    with pytest.raises(rejections.BookingHasExpired):
        airline.submit(request(booked))


def test_an_infant_has_no_wheelchair_and_an_unknown_code_cannot_be_withdrawn() -> None:
    airline = MemoryAirline()
    booked = airline.ticketed(airline.schedule(), "ADT", "INF")
    with pytest.raises(rejections.SpecialServiceRefused):
        airline.submit(request(booked, passenger=1))
    with pytest.raises(rejections.SpecialServiceRefused):
        airline.submit(WithdrawSpecialService(booked, place(), "XXXX", OPENED))


def test_a_service_that_is_offered_no_more_prevents_no_other_one() -> None:
    state = booking()
    old = SpecialServiceRequested(passenger=0, segment=0, box=sealed_code("SPML"))
    after = requested(evolve(state, old), "VGML")
    assert [each.code for each in readable_services(after, OPENED)] == ["SPML", "VGML"]


def test_a_service_that_was_stored_unsealed_counts_as_before() -> None:
    old = SpecialServiceRequested(passenger=0, segment=0, code="WCHR")
    state = evolve(booking(), old)
    assert requested(state, "WCHR") == state
    assert rules.wheelchairs_on(replace(state, status=Status.PAID), examples.FLIGHT, {}) == 1
    with pytest.raises(rejections.SpecialServiceRefused):
        requested(state, "WCHC")
    (withdrawn,) = withdraw(state, "WCHR")
    assert evolve(state, withdrawn).special_services() == ()


def test_a_decision_refuses_to_guess_a_service_that_was_not_opened() -> None:
    state = requested(booking(), "VGML")
    for code in ("VGML", "KSML"):
        with pytest.raises(rejections.NeedsChanged):
            rules.withdraw_special_service(state, passenger=0, segment=0, code=code, codes={})
    with pytest.raises(rejections.NeedsChanged):
        rules.wheelchairs_on(replace(state, status=Status.PAID), examples.FLIGHT, {})


def test_the_services_of_an_erased_person_prevent_nothing() -> None:
    state = requested(booking(), "WCHR")
    erased = dict.fromkeys((each.box for each in state.special_services() if each.box), None)
    assert rules.wheelchairs_on(replace(state, status=Status.PAID), examples.FLIGHT, erased) == 0
    assert readable_services(state, erased) == ()


def place(passenger: int = 0) -> Place:
    """A passenger on the first flight."""
    return Place(passenger, 0, by_staff=False)


def request(booked: str, *, passenger: int = 0) -> RequestSpecialService:
    """A wheelchair to the aircraft's door."""
    box = sealed_code("WCHR")
    return RequestSpecialService(booked, place(passenger), "WCHR", box, OPENED)
