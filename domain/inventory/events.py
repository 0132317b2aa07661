"""What happens to a flight and its seats; the tags and fields are a storage contract.

Every event that moves a counter says so in `moves`; the database applies the same moves to its
own counters and refuses an append that raises held + sold above authorised.
"""

import datetime as dt
from typing import ClassVar

import msgspec

from domain.kernel import money
from domain.kernel.events import DomainEvent


class CapacityMove(msgspec.Struct, frozen=True):
    """Differences, in seats, that an event makes to one cabin's counters."""

    cabin: str
    authorised: int = 0
    held: int = 0
    sold: int = 0


class CabinFare(msgspec.Struct, frozen=True):
    """Fare of one adult in a cabin, without taxes and charges."""

    cabin: str
    fare: money.Money


class FlightScheduled(DomainEvent, frozen=True):
    """A departure is put on sale. Times are UTC instants; the zones are IANA names."""

    tag: ClassVar[str] = "flight.scheduled.1"
    number: str
    origin: str
    destination: str
    origin_zone: str
    destination_zone: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    domestic: bool
    fares: tuple[CabinFare, ...]
    moves: tuple[CapacityMove, ...]


class SeatsHeld(DomainEvent, frozen=True):
    """Seats are kept for a booking until the deadline."""

    tag: ClassVar[str] = "flight.seats_held.1"
    booking: str
    until: dt.datetime
    moves: tuple[CapacityMove, ...]


class SeatsReleased(DomainEvent, frozen=True):
    """Seats that a booking held are on sale again."""

    tag: ClassVar[str] = "flight.seats_released.1"
    booking: str
    reason: str
    moves: tuple[CapacityMove, ...]


class SeatsSold(DomainEvent, frozen=True):
    """Held seats become sold ones: the booking has been ticketed."""

    tag: ClassVar[str] = "flight.seats_sold.1"
    booking: str
    moves: tuple[CapacityMove, ...]


FlightEvent = FlightScheduled | SeatsHeld | SeatsReleased | SeatsSold
