"""All events of a flight and the values they store; the tags and fields are a storage contract.

Each file of decisions has a root class (`SeatSaleFact`), whose `capability` selects the fold, and a
union (`SeatSaleEvent`), by which mypy finds a missing fold step; a test keeps the two equal.

Every event that changes a counter holds the difference in `moves`; the database applies the same
moves to its own counters and refuses an append that raises held + sold above authorised.
"""

import datetime as dt
from typing import ClassVar, Literal

import msgspec

from domain.kernel import money, sealed
from domain.kernel.events import DomainEvent

Residue = Literal["cash", "credit"]
# The airline's own country (ISO 3166-1).
HOME_COUNTRY = "SA"


class CapacityMove(msgspec.Struct, frozen=True):
    """The differences, in seats, that an event makes to one cabin's counters.

    `fare_class` is the class whose seats are held or sold; the database counts cabins only.
    """

    cabin: str
    authorised: int = 0
    held: int = 0
    sold: int = 0
    fare_class: str = ""


class FareClass(msgspec.Struct, frozen=True):
    """A booking class (RBD) of a cabin: its adult fare without taxes and charges.

    Classes of a cabin are ordered from the highest to the lowest; `seat_limit` is how many seats
    this class and all below it may take together (nested), None for all of the cabin. `residue`
    is where money goes when a modification makes the journey cheaper.
    """

    code: str
    cabin: str
    fare: money.Money
    seat_limit: int | None = None
    residue: Residue = "cash"


class CabinLayout(msgspec.Struct, frozen=True, omit_defaults=True):
    """Physical seats of a cabin: rows from `first_row` with these letters until all have one.

    `exit_rows` are the rows at emergency exits; None where they are not recorded.
    """

    cabin: str
    seat_count: int
    first_row: int
    letters: str
    exit_rows: tuple[int, ...] | None = None


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """A passenger of a booking (index from 0) and the seat such as `12A`; `infant` on the lap."""

    passenger: int
    seat: str
    infant: bool = False


class RestoredMove(CapacityMove, frozen=True):
    """Seats that are sold again to the booking that had them: of these `restored` ones the database
    does not ask whether they fit below authorised.
    """

    restored: int = 0


class BoardingPlace(msgspec.Struct, frozen=True):
    """A checked-in passenger: sequence number of the flight from 1; no seat for a lap infant."""

    passenger: int
    seat: str | None
    sequence: int


class FlightScheduled(DomainEvent, frozen=True, omit_defaults=True):
    """A departure is on sale. Times are UTC instants; the zones are IANA names.

    `country` (ISO 3166-1) is the one that a domestic flight stays in. `aircraft` is IATA's code of
    the type, such as 320; it and the terminals are "" where they are not known.
    """

    tag: ClassVar[str] = "flight.scheduled.1"
    capability: ClassVar[Literal["start"]] = "start"
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
    country: str = HOME_COUNTRY
    aircraft: str = ""
    departure_terminal: str = ""
    arrival_terminal: str = ""


class SeatSaleFact(DomainEvent, frozen=True):
    """Root of the events about held and sold seats of a booking."""

    capability: ClassVar[Literal["seat_sale"]] = "seat_sale"


class SeatsHeld(SeatSaleFact, frozen=True, omit_defaults=True):
    """Seats are held for a booking until the deadline; `infants` come on laps.

    They count as unpaid seats of the account `owner`; "" for those that nobody's limit counts.
    """

    tag: ClassVar[str] = "flight.seats_held.1"
    booking: str
    until: dt.datetime
    moves: tuple[CapacityMove, ...]
    owner: str = ""
    infants: int = 0


class SeatsReleased(SeatSaleFact, frozen=True, omit_defaults=True):
    """Seats that were held for a booking or sold to it are on sale again; `infants` of it leave."""

    tag: ClassVar[str] = "flight.seats_released.1"
    booking: str
    reason: str
    moves: tuple[CapacityMove, ...]
    vacated: tuple[str, ...] = ()
    infants: int = 0


class SeatHoldExtended(SeatSaleFact, frozen=True):
    """The seats of a booking are held until a later deadline."""

    tag: ClassVar[str] = "flight.seat_hold_extended.1"
    booking: str
    until: dt.datetime


class SeatsSold(SeatSaleFact, frozen=True):
    """Held seats become sold seats: the booking is ticketed."""

    tag: ClassVar[str] = "flight.seats_sold.1"
    booking: str
    moves: tuple[CapacityMove, ...]


class SeatsRestored(SeatSaleFact, frozen=True, omit_defaults=True):
    """Seats that a booking lost by a mistake of the airline are sold to it again, also where others
    have bought them since: held + sold may then exceed authorised. `infants` come on laps.
    """

    tag: ClassVar[str] = "flight.seats_restored.1"
    booking: str
    reason: str
    moves: tuple[RestoredMove, ...]
    infants: int = 0


class MovedPassenger(msgspec.Struct, frozen=True):
    """The index of a passenger in the booking that is left, and in the one that is entered."""

    before: int
    after: int


class SeatsDivided(SeatSaleFact, frozen=True, omit_defaults=True):
    """Passengers of a booking are in the booking `into` now, with as many of its sold seats, their
    seats of the seat map and their sequence numbers; `infants` of them sit on laps.

    No counter changes.
    """

    tag: ClassVar[str] = "flight.seats_divided.1"
    booking: str
    into: str
    passengers: tuple[MovedPassenger, ...]
    seat_count: int
    infants: int = 0


_Kept = SeatsRestored | SeatHoldExtended
SeatSaleEvent = SeatsHeld | SeatsSold | SeatsReleased | _Kept | SeatsDivided


class WaitlistFact(DomainEvent, frozen=True):
    """Root of the events about the waitlist."""

    capability: ClassVar[Literal["waitlist"]] = "waitlist"


class WaitlistJoined(WaitlistFact, frozen=True, omit_defaults=True):
    """A booking of the account `owner` is at the end of the waitlist; `infants` come on laps."""

    tag: ClassVar[str] = "flight.waitlist_joined.1"
    booking: str
    cabin: str
    fare_class: str
    seat_count: int
    owner: str = ""
    infants: int = 0


class WaitlistLeft(WaitlistFact, frozen=True):
    """A booking left the waitlist: it has its seats, was cancelled, or sales have closed."""

    tag: ClassVar[str] = "flight.waitlist_left.1"
    booking: str
    reason: str


class SeatsOffered(WaitlistFact, frozen=True, omit_defaults=True):
    """A waitlisted booking is offered seats: they are held until the offer ends."""

    tag: ClassVar[str] = "flight.seats_offered.1"
    booking: str
    until: dt.datetime
    moves: tuple[CapacityMove, ...]
    infants: int = 0


WaitlistEvent = WaitlistJoined | WaitlistLeft | SeatsOffered


class SeatingFact(DomainEvent, frozen=True):
    """Root of the events about seats of the seat map."""

    capability: ClassVar[Literal["seating"]] = "seating"


class SeatsAssigned(SeatingFact, frozen=True):
    """Passengers of a booking have these seats; their previous ones on this flight are free."""

    tag: ClassVar[str] = "flight.seats_assigned.1"
    booking: str
    places: tuple[Place, ...]


class CheckInAccepted(SeatingFact, frozen=True, omit_defaults=True):
    """Passengers are checked in; each has a seat (lap infants none) and a sequence number.

    `with_infant` are those of them who have an infant on the lap.
    """

    tag: ClassVar[str] = "flight.check_in_accepted.1"
    booking: str
    places: tuple[BoardingPlace, ...]
    with_infant: tuple[int, ...] = ()


class CheckInWithdrawn(SeatingFact, frozen=True):
    """Passengers are not checked in any more; their sequence numbers are not used again."""

    tag: ClassVar[str] = "flight.check_in_withdrawn.1"
    booking: str
    passengers: tuple[int, ...]


SeatingEvent = SeatsAssigned | CheckInAccepted | CheckInWithdrawn


class OperationFact(DomainEvent, frozen=True):
    """Root of the events about the operation of the flight.

    `reason` is a code, `note` what staff wrote; both were one text in earlier releases.
    """

    capability: ClassVar[Literal["operations"]] = "operations"


class EquipmentChanged(OperationFact, frozen=True, omit_defaults=True):
    """Another aircraft flies: cabins have other seats; `vacated` are chosen seats that it lacks.

    Authorised may fall below held + sold; `oversold` is by how many seats, for each such cabin.
    """

    tag: ClassVar[str] = "flight.equipment_changed.1"
    reason: str
    layouts: tuple[CabinLayout, ...]
    moves: tuple[CapacityMove, ...]
    vacated: tuple[str, ...]
    oversold: dict[str, int]
    note: sealed.Sealed | None = None
    aircraft: str = ""


class FlightRescheduled(OperationFact, frozen=True, omit_defaults=True):
    """Other times; `material` when they allow passengers to cancel free of charge."""

    tag: ClassVar[str] = "flight.rescheduled.1"
    departs_at: dt.datetime
    arrives_at: dt.datetime
    reason: str
    material: bool
    note: sealed.Sealed | None = None


class FlightCancelled(OperationFact, frozen=True, omit_defaults=True):
    """The flight does not operate; its sale has ended."""

    tag: ClassVar[str] = "flight.cancelled.1"
    reason: str
    note: sealed.Sealed | None = None


class FlightReinstated(OperationFact, frozen=True, omit_defaults=True):
    """A cancelled flight operates after all, at the times it had; it is on sale again."""

    tag: ClassVar[str] = "flight.reinstated.1"
    reason: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    note: sealed.Sealed | None = None


class FlightDeparted(OperationFact, frozen=True):
    """The flight has left: passengers who had not boarded are no-shows."""

    tag: ClassVar[str] = "flight.departed.1"
    departed_at: dt.datetime


class DepartureWithdrawn(OperationFact, frozen=True, omit_defaults=True):
    """The departure was recorded by mistake: the flight has not left; it is on sale again.

    `departed_at` is the instant that was recorded.
    """

    tag: ClassVar[str] = "flight.departure_withdrawn.1"
    departed_at: dt.datetime
    reason: str
    note: sealed.Sealed | None = None


_Departure = FlightDeparted | DepartureWithdrawn
OperationEvent = (
    EquipmentChanged | FlightRescheduled | FlightCancelled | FlightReinstated | _Departure
)

FlightEvent = FlightScheduled | SeatSaleEvent | WaitlistEvent | SeatingEvent | OperationEvent
