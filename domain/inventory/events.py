"""What happens to a flight and its seats; the tags and fields are a storage contract.

Every event that moves a counter says so in `moves`; the database applies the same moves to its
own counters and refuses an append that raises held + sold above authorised.
"""

import datetime as dt
from typing import ClassVar, Literal

import msgspec

from domain.kernel import money
from domain.kernel.events import DomainEvent

Residue = Literal["cash", "credit"]


class CapacityMove(msgspec.Struct, frozen=True):
    """Differences, in seats, that an event makes to one cabin's counters.

    `fare_class` says from which class held and sold seats are taken; the database counts cabins.
    """

    cabin: str
    authorised: int = 0
    held: int = 0
    sold: int = 0
    fare_class: str = ""


class FareClass(msgspec.Struct, frozen=True):
    """A booking class (RBD) of a cabin: its adult fare without taxes and charges.

    Classes of a cabin stand from the highest to the lowest; `seat_limit` is how many seats this
    class and all below it may take together (nested), None for all of the cabin. `residue` is
    where money goes when a change makes the journey cheaper.
    """

    code: str
    cabin: str
    fare: money.Money
    seat_limit: int | None = None
    residue: Residue = "cash"


class CabinLayout(msgspec.Struct, frozen=True):
    """Physical seats of a cabin: rows from `first_row` with these letters until all are placed."""

    cabin: str
    seat_count: int
    first_row: int
    letters: str


class Place(msgspec.Struct, frozen=True):
    """A passenger of a booking (index from 0) and the seat such as `12A`."""

    passenger: int
    seat: str


class BoardingPlace(msgspec.Struct, frozen=True):
    """A checked-in passenger: sequence number of the flight from 1; no seat for a lap infant."""

    passenger: int
    seat: str | None
    sequence: int


class FlightScheduled(DomainEvent, frozen=True, omit_defaults=True):
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
    fares: tuple[FareClass, ...]
    moves: tuple[CapacityMove, ...]
    layouts: tuple[CabinLayout, ...] = ()


class SeatsHeld(DomainEvent, frozen=True):
    """Seats are kept for a booking until the deadline."""

    tag: ClassVar[str] = "flight.seats_held.1"
    booking: str
    until: dt.datetime
    moves: tuple[CapacityMove, ...]


class SeatsReleased(DomainEvent, frozen=True, omit_defaults=True):
    """Seats that a booking held or had bought are on sale again."""

    tag: ClassVar[str] = "flight.seats_released.1"
    booking: str
    reason: str
    moves: tuple[CapacityMove, ...]
    vacated: tuple[str, ...] = ()


class SeatsSold(DomainEvent, frozen=True):
    """Held seats become sold ones: the booking has been ticketed."""

    tag: ClassVar[str] = "flight.seats_sold.1"
    booking: str
    moves: tuple[CapacityMove, ...]


class WaitlistJoined(DomainEvent, frozen=True):
    """A booking waits for seats."""

    tag: ClassVar[str] = "flight.waitlist_joined.1"
    booking: str
    cabin: str
    fare_class: str
    seat_count: int


class WaitlistLeft(DomainEvent, frozen=True):
    """A booking waits no more: it got its seats otherwise, gave up or came too late."""

    tag: ClassVar[str] = "flight.waitlist_left.1"
    booking: str
    reason: str


class SeatsOffered(DomainEvent, frozen=True):
    """A waiting booking's turn: its seats are held until the offer ends."""

    tag: ClassVar[str] = "flight.seats_offered.1"
    booking: str
    until: dt.datetime
    moves: tuple[CapacityMove, ...]


class SeatsAssigned(DomainEvent, frozen=True):
    """Passengers of a booking have these seats; their former ones on this flight are free."""

    tag: ClassVar[str] = "flight.seats_assigned.1"
    booking: str
    places: tuple[Place, ...]


class CheckInAccepted(DomainEvent, frozen=True):
    """Passengers are checked in; each has a seat (lap infants none) and a sequence number."""

    tag: ClassVar[str] = "flight.check_in_accepted.1"
    booking: str
    places: tuple[BoardingPlace, ...]


class EquipmentChanged(DomainEvent, frozen=True):
    """Another aircraft flies: cabins have other seats; `vacated` are chosen seats that it lacks.

    Authorised may fall below held + sold: that is allowed, and stands in `oversold` by cabin.
    """

    tag: ClassVar[str] = "flight.equipment_changed.1"
    reason: str
    layouts: tuple[CabinLayout, ...]
    moves: tuple[CapacityMove, ...]
    vacated: tuple[str, ...]
    oversold: dict[str, int]


class FlightRescheduled(DomainEvent, frozen=True):
    """Other times; `material` when passengers may leave free of charge because of it."""

    tag: ClassVar[str] = "flight.rescheduled.1"
    departs_at: dt.datetime
    arrives_at: dt.datetime
    reason: str
    material: bool


class FlightCancelled(DomainEvent, frozen=True):
    """The flight does not operate; nothing is sold on it any more."""

    tag: ClassVar[str] = "flight.cancelled.1"
    reason: str


class FlightDeparted(DomainEvent, frozen=True):
    """The flight has left: who boarded flies, who did not is a no-show."""

    tag: ClassVar[str] = "flight.departed.1"
    departed_at: dt.datetime


FlightEvent = (
    FlightScheduled
    | SeatsHeld
    | SeatsReleased
    | SeatsSold
    | WaitlistJoined
    | WaitlistLeft
    | SeatsOffered
    | SeatsAssigned
    | CheckInAccepted
    | EquipmentChanged
    | FlightRescheduled
    | FlightCancelled
    | FlightDeparted
)
