"""Named rules about a booking's party; dated policy values, no events."""

from collections.abc import Sequence

from domain.booking import rejections
from domain.pricing.price import PassengerType

# A record locator holds at most nine passengers; more is a group.
PASSENGER_LIMIT = 9


def require_fit_party(passengers: Sequence[PassengerType]) -> None:
    """At least one adult, one lap per infant, nine at most; otherwise PassengersUnfit."""
    adults = passengers.count("ADT")
    if not 0 < len(passengers) <= PASSENGER_LIMIT:
        raise rejections.PassengersUnfit(reason="count", limit=PASSENGER_LIMIT)
    if adults == 0:
        raise rejections.PassengersUnfit(reason="adult_missing")
    if passengers.count("INF") > adults:
        raise rejections.PassengersUnfit(reason="infant_without_lap")
