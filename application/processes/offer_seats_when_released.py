"""Seats that came free are offered to who waits for them, one after the other."""

from application.booking.offer_seats import OfferSeats
from application.ports import RecordedEvent
from domain.inventory.events import EquipmentChanged, SeatsReleased, WaitlistJoined, WaitlistLeft

NAME = "offer_seats_when_released"
# One release rarely serves more than a few; the sweep of waitlists finds who is left.
OFFER_LIMIT = 20


def concerns(recorded: RecordedEvent) -> bool:
    """Whether the event may let somebody in the queue through."""
    return isinstance(
        recorded.event, SeatsReleased | EquipmentChanged | WaitlistJoined | WaitlistLeft
    )


def command(flight: str) -> OfferSeats:
    """What follows, again until nobody is served."""
    return OfferSeats(flight_id=flight)
