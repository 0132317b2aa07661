"""Named rules about a booking's party; dated policy values, no events."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

from domain.booking import rejections
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.pricing.price import PassengerType

# A record locator holds at most nine passengers; more is a group.
PASSENGER_LIMIT = 9

Action = Literal["checkout"]


def require_fit_party(passengers: Sequence[PassengerType]) -> None:
    """At least one adult, one lap per infant, nine at most; otherwise PassengersUnfit."""
    adults = passengers.count("ADT")
    if not 0 < len(passengers) <= PASSENGER_LIMIT:
        raise rejections.PassengersUnfit(reason="count", limit=PASSENGER_LIMIT)
    if adults == 0:
        raise rejections.PassengersUnfit(reason="adult_missing")
    if passengers.count("INF") > adults:
        raise rejections.PassengersUnfit(reason="infant_without_lap")


def available_actions(booking: Booking, *, now: dt.datetime) -> tuple[Action, ...]:
    """What the owner may do next; the same conditions decide when it is asked for."""
    if booking.status is Status.RESERVED and is_hold_running(booking, now=now):
        return ("checkout",)
    return ()


def is_hold_running(booking: Booking, *, now: dt.datetime) -> bool:
    """Whether the seats are still kept for an unpaid booking."""
    return booking.hold_until is not None and now < booking.hold_until
