"""Special services of passengers: codes, kinds, moments and the wheelchairs of a flight."""

import datetime as dt

import pytest

from domain.booking import passenger_details as rules
from domain.booking import rejections
from domain.booking.events import BookingReserved, CouponsCancelled
from domain.booking.fold import evolve
from domain.booking.preconditions import CheckInWindow, SegmentFacts
from domain.booking.state import Booking, SpecialService
from domain.booking.values import CouponId
from domain.pricing.price import Leg, PassengerType
from tests.support import examples

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
        state, passenger=passenger, segment=0, code=code, wheelchairs=wheelchairs
    )
    for event in events:
        state = evolve(state, event)
    return state


@pytest.mark.parametrize("code", sorted(rules.SPECIAL_SERVICES.keys() - rules.FOR_CHILDREN))
def test_each_service_is_requested_once_and_withdrawn(code: str) -> None:
    state = requested(booking(), code)
    assert state.special_services() == (SpecialService(0, 0, code),)
    assert requested(state, code) == state
    (withdrawn,) = rules.withdraw_special_service(state, passenger=0, segment=0, code=code)
    assert evolve(state, withdrawn).special_services() == ()
    assert rules.withdraw_special_service(booking(), passenger=0, segment=0, code=code) == []


@pytest.mark.parametrize(
    ("first", "second"), [("VGML", "KSML"), ("WCHR", "WCHC"), ("WCHS", "WCHR")]
)
def test_a_passenger_has_one_service_of_a_kind_on_a_flight(first: str, second: str) -> None:
    state = requested(booking(), first)
    with pytest.raises(rejections.SpecialServiceRefused) as refused:
        requested(state, second)
    assert refused.value.parameters == {"reason": "another_of_its_kind", "code": first}


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
    limit = rules.WHEELCHAIRS_PER_FLIGHT
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
            booking(),
            0,
            0,
            FACTS,
            window=CheckInWindow(closes=CLOSES),
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
    assert evolve(state, cancelled).special_services() == (SpecialService(1, 0, "VGML"),)
    assert rules.wheelchairs_on(state, examples.FLIGHT) == 1
    assert rules.wheelchairs_on(evolve(state, cancelled), examples.FLIGHT) == 0
