"""Named rules about a booking's party, journey and open actions; dated policy values, no events."""

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Literal

from domain.booking import guards, rejections
from domain.booking.coupons import CouponStatus
from domain.booking.guards import CheckInWindow, SegmentFacts
from domain.booking.state import Booking
from domain.kernel.rejections import Rejection
from domain.pricing.price import PassengerType

# A record locator holds at most nine passengers; more is a group.
PASSENGER_LIMIT = 9
# Tickets have four coupons (IATA); longer journeys need conjunction tickets.
SEGMENT_LIMIT = 4
# Passports are good for six months after the journey.
PASSPORT_MONTHS = 6
CHILD_FROM_YEARS = 2
ADULT_FROM_YEARS = 12

Action = Literal[
    "hold",
    "checkout",
    "cancel",
    "modify",
    "abandon_change",
    "correct_name",
    "choose_seat",
    "check_in",
    "board",
    "answer_disruption",
]


def require_fit_party(passengers: Sequence[PassengerType]) -> None:
    """At least one adult, one lap per infant, nine at most; otherwise PassengersUnfit."""
    adults = passengers.count("ADT")
    if not 0 < len(passengers) <= PASSENGER_LIMIT:
        raise rejections.PassengersUnfit(reason="count", limit=PASSENGER_LIMIT)
    if adults == 0:
        raise rejections.PassengersUnfit(reason="adult_missing")
    if passengers.count("INF") > adults:
        raise rejections.PassengersUnfit(reason="infant_without_lap")


def require_fit_journey(flights: Sequence[tuple[str, dt.datetime, dt.datetime]]) -> None:
    """One to four different flights (name, departure, arrival), each after the one before."""
    if not 0 < len(flights) <= SEGMENT_LIMIT:
        raise rejections.JourneyUnfit(reason="count", limit=SEGMENT_LIMIT)
    if len({name for name, _, _ in flights}) != len(flights):
        raise rejections.JourneyUnfit(reason="same_flight_twice")
    for (_, _, arrives_at), (name, departs_at, _) in itertools.pairwise(flights):
        if departs_at < arrives_at:
            raise rejections.JourneyUnfit(reason="departs_before_arrival", flight=name)


def passenger_type_on(birth: dt.date, day: dt.date) -> PassengerType:
    """What somebody is on the day of travel: infant under 2, child under 12, adult."""
    age = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    if age < CHILD_FROM_YEARS:
        return "INF"
    return "CHD" if age < ADULT_FROM_YEARS else "ADT"


def passport_needed_until(day: dt.date) -> dt.date:
    """Until when a passport must be good for an international flight of this day."""
    months = day.month - 1 + PASSPORT_MONTHS
    year, month = day.year + months // 12, months % 12 + 1
    last = (dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)).day
    return dt.date(year, month, min(day.day, last))


def available_actions(
    booking: Booking,
    facts: Sequence[SegmentFacts],
    *,
    window: CheckInWindow,
    at_gate: bool,
    now: dt.datetime,
) -> tuple[Action, ...]:
    """What may be done next, by the very guards that decide when it is asked for.

    `facts` of each segment; none where the booking has no tickets and nothing depends on them.
    """
    segments = range(len(facts))
    unused = [each for each in booking.open_coupons() if each.status is CouponStatus.OPEN]
    found: dict[Action, bool] = {
        "hold": _holds(guards.require_hold, booking, now=now),
        "checkout": _holds(guards.require_checkout, booking, now=now)
        and all(each.has_seats for each in facts),
        "cancel": _holds(guards.require_cancellable, booking, at_gate=at_gate),
        "modify": any(
            _holds(guards.require_change, booking, segment, facts[segment], now=now)
            for segment in segments
        ),
        "abandon_change": _holds(guards.require_abandonable, booking),
        "correct_name": _holds(guards.require_name_correction, booking, 0),
        "choose_seat": any(
            _holds(guards.require_seat_choice, booking, each.segment, (each.passenger,))
            for each in unused
        ),
        "check_in": any(
            _holds(
                guards.require_check_in, booking, segment, facts[segment], window=window, now=now
            )
            for segment in segments
            if any(each.segment == segment for each in unused)
        ),
        "board": at_gate
        and any(
            _holds(guards.require_boarding, booking, segment, facts[segment], now=now)
            for segment in segments
        ),
        "answer_disruption": any(
            _holds(guards.require_answer, booking, each.segment) for each in booking.disruptions
        ),
    }
    return tuple(action for action, is_open in found.items() if is_open)


def _holds(guard: Callable[..., None], *parameters: Any, **named: Any) -> bool:
    try:
        guard(*parameters, **named)
    except Rejection:
        return False
    return True


def is_hold_running(booking: Booking, *, now: dt.datetime) -> bool:
    """Whether the seats are still kept for an unpaid booking."""
    return booking.hold_until is not None and now < booking.hold_until
