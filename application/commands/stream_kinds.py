"""The kinds of stream: how each is folded, and which events it may hold."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, get_args

import msgspec

from domain.booking import events as booking_events
from domain.booking import fold as booking_fold
from domain.booking import state as booking_state
from domain.inventory import events as flight_events
from domain.inventory import fold as flight_fold
from domain.inventory import state as flight_state
from domain.kernel import ids
from domain.kernel.events import DomainEvent
from domain.payment import events as payment_events
from domain.payment import fold as payment_fold
from domain.payment import state as payment_state

State = TypeVar("State")


class StreamKind(msgspec.Struct, Generic[State], frozen=True):
    """`prefix` begins the id of every stream of the kind; `evolve` folds its events."""

    prefix: str
    evolve: Callable[[State | None, Any], State]
    event_types: tuple[type[DomainEvent], ...]


FLIGHT: StreamKind[flight_state.Flight] = StreamKind(
    ids.StreamPrefix.FLIGHT, flight_fold.evolve, get_args(flight_events.FlightEvent)
)
BOOKING: StreamKind[booking_state.Booking] = StreamKind(
    ids.StreamPrefix.BOOKING, booking_fold.evolve, get_args(booking_events.BookingEvent)
)
PAYMENT: StreamKind[payment_state.Payment] = StreamKind(
    ids.StreamPrefix.PAYMENT, payment_fold.evolve, get_args(payment_events.PaymentEvent)
)

KINDS: dict[str, StreamKind[Any]] = {kind.prefix: kind for kind in (FLIGHT, BOOKING, PAYMENT)}

EVENT_TYPES: dict[str, type[DomainEvent]] = {
    event_type.tag: event_type for kind in KINDS.values() for event_type in kind.event_types
}


def kind_of(stream: str) -> StreamKind[Any]:
    """Return the kind of the stream with this id, which must be one of KINDS."""
    return KINDS[ids.prefix_of(stream)]
