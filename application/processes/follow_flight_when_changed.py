"""What happens to a flight concerns every booking on it: one command for each."""

from typing import Any

from application.booking.choose_seats import ReviewSeats
from application.booking.close_flight import CloseFlight
from application.booking.disruption import TellDisruption
from application.ports import RecordedEvent
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.booking.values import NewTimes
from domain.inventory.events import (
    EquipmentChanged,
    FlightCancelled,
    FlightDeparted,
    FlightRescheduled,
)
from domain.inventory.state import Flight, FlightStatus

NAME = "follow_flight_when_changed"


def concerns(recorded: RecordedEvent) -> bool:
    """Whether the event starts this process."""
    return isinstance(
        recorded.event, FlightCancelled | FlightRescheduled | EquipmentChanged | FlightDeparted
    )


def bookings(flight: Flight) -> list[str]:
    """Everybody who has seats on the flight or waits for some, in a fixed order."""
    named = {name for name, _ in flight.allocations.items()}
    return sorted(named | {waiting.booking for waiting in flight.waitlist})


def is_moot(recorded: RecordedEvent, flight: Flight) -> bool:
    """Whether nobody need hear of it any more: other times, or another aircraft, of a flight that
    has been cancelled or has left since, which is told on its own.
    """
    announced = isinstance(recorded.event, FlightRescheduled | EquipmentChanged)
    return announced and flight.status is not FlightStatus.SCHEDULED


def is_moving_to(flight: str, booking: Booking) -> bool:
    """Whether an accepted change is about to put the booking on the flight."""
    return booking.modification is not None and booking.modification.to.flight == flight


def must_wait(recorded: RecordedEvent, booking: Booking) -> bool:
    """Whether the event concerns the booking only as soon as something else is over: it is just
    getting its tickets, or its seats on this flight, or is on a flight that left and about to
    change. Paid for a cancelled flight, it is given up as it is.
    """
    if is_moving_to(recorded.stream, booking):
        return True
    if isinstance(recorded.event, FlightDeparted) and booking.modification is not None:
        return True
    ticketing = booking.status is Status.PAID and not booking.obligations
    return ticketing and not isinstance(recorded.event, FlightCancelled)


def command(recorded: RecordedEvent, booking: str) -> Any:
    """What the event means for one booking."""
    flight = recorded.stream
    match recorded.event:
        case FlightCancelled(reason=reason):
            return TellDisruption(booking, flight, "cancelled", reason, material=True)
        case FlightRescheduled(departs_at, arrives_at, reason, material):
            times = NewTimes(departs_at, arrives_at)
            return TellDisruption(booking, flight, "rescheduled", reason, material, times)
        case EquipmentChanged(reason=reason):
            return ReviewSeats(booking, flight, reason)
        case FlightDeparted():
            return CloseFlight(booking, flight)
        case other:
            raise AssertionError(f"{other.tag} concerns no booking")
