"""A flight as its events tell it."""

import datetime as dt
from enum import StrEnum
from typing import assert_never

import msgspec

from domain.inventory.events import (
    BoardingPlace,
    CabinLayout,
    CapacityMove,
    CheckInAccepted,
    EquipmentChanged,
    FareClass,
    FlightCancelled,
    FlightDeparted,
    FlightEvent,
    FlightRescheduled,
    FlightScheduled,
    Place,
    Residue,
    SeatsAssigned,
    SeatsHeld,
    SeatsOffered,
    SeatsReleased,
    SeatsSold,
    WaitlistJoined,
    WaitlistLeft,
)
from domain.kernel import money
from domain.kernel.frozen_map import FrozenMap


class FlightStatus(StrEnum):
    """Whether the flight is still to come."""

    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    DEPARTED = "departed"


class Bucket(msgspec.Struct, frozen=True):
    """A fare class and the seats that are held or sold in it."""

    code: str
    fare: money.Money
    seat_limit: int | None
    residue: Residue
    taken_count: int = 0


class Cabin(msgspec.Struct, frozen=True):
    """Counters of one cabin in seats, and its fare classes from the highest to the lowest."""

    code: str
    buckets: tuple[Bucket, ...]
    layout: CabinLayout | None = None
    authorised_count: int = 0
    held_count: int = 0
    sold_count: int = 0

    @property
    def free_count(self) -> int:
        """Seats that can still be held; negative after an equipment cut."""
        return self.authorised_count - self.held_count - self.sold_count

    def bucket(self, fare_class: str) -> Bucket | None:
        """The class of this code."""
        return next((each for each in self.buckets if each.code == fare_class), None)

    def free_in(self, fare_class: str) -> int:
        """Seats that can still be held in a class: no class above may be left short (I4)."""
        free = self.free_count
        below = sum(bucket.taken_count for bucket in self.buckets)
        for bucket in self.buckets:
            if bucket.seat_limit is not None:
                free = min(free, bucket.seat_limit - below)
            if bucket.code == fare_class:
                return free
            below -= bucket.taken_count
        return 0


class Block(msgspec.Struct, frozen=True):
    """Seats of one class."""

    cabin: str
    fare_class: str
    seat_count: int


class Allocation(msgspec.Struct, frozen=True):
    """What one booking has on the flight: held seats until a deadline, sold ones for good."""

    held: Block | None = None
    until: dt.datetime | None = None
    sold: Block | None = None


class Waiting(msgspec.Struct, frozen=True):
    """A booking on the waitlist."""

    booking: str
    cabin: str
    fare_class: str
    seat_count: int


class Seat(msgspec.Struct, frozen=True):
    """Who sits there."""

    booking: str
    passenger: int


class Flight(msgspec.Struct, frozen=True):
    """One departure: schedule, cabins, who has how many seats and who sits where.

    `seats` is by seat number; `sequences` by booking, then passenger.
    """

    number: str
    origin: str
    destination: str
    origin_zone: str
    destination_zone: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    domestic: bool
    cabins: dict[str, Cabin]
    allocations: FrozenMap[Allocation]
    seats: FrozenMap[Seat] = FrozenMap()
    sequences: FrozenMap[tuple[BoardingPlace, ...]] = FrozenMap()
    last_sequence: int = 0
    waitlist: tuple[Waiting, ...] = ()
    status: FlightStatus = FlightStatus.SCHEDULED
    scheduled_departs_at: dt.datetime | None = None

    def seat_of(self, booking: str, passenger: int) -> str | None:
        """Where a passenger sits."""
        wanted = Seat(booking, passenger)
        return next((number for number, seat in self.seats.items() if seat == wanted), None)

    def is_waiting(self, booking: str) -> bool:
        """Whether the booking is on the waitlist."""
        return any(each.booking == booking for each in self.waitlist)


def evolve(flight: Flight | None, event: FlightEvent) -> Flight:
    """The flight after the event; never rejects a stored fact."""
    if isinstance(event, FlightScheduled):
        return _scheduled(event)
    assert flight is not None
    match event:
        case SeatsHeld():
            return _held(flight, event.booking, event.until, event.moves)
        case SeatsReleased():
            return _released(flight, event)
        case SeatsSold():
            return _sold(flight, event)
        case WaitlistJoined(booking, cabin, fare_class, seat_count):
            joined = Waiting(booking, cabin, fare_class, seat_count)
            return msgspec.structs.replace(flight, waitlist=(*flight.waitlist, joined))
        case WaitlistLeft():
            return _without_waiting(flight, event.booking)
        case SeatsOffered():
            waited = _without_waiting(flight, event.booking)
            return _held(waited, event.booking, event.until, event.moves)
        case SeatsAssigned():
            return _assigned(flight, event.booking, event.places)
        case CheckInAccepted():
            return _checked_in(flight, event)
        case EquipmentChanged():
            return _equipped(flight, event)
        case FlightRescheduled(departs_at=departs_at, arrives_at=arrives_at):
            return msgspec.structs.replace(flight, departs_at=departs_at, arrives_at=arrives_at)
        case FlightCancelled():
            return msgspec.structs.replace(flight, status=FlightStatus.CANCELLED)
        case FlightDeparted():
            return msgspec.structs.replace(flight, status=FlightStatus.DEPARTED)
        case _:
            assert_never(event)


def _scheduled(event: FlightScheduled) -> Flight:
    layouts = {layout.cabin: layout for layout in event.layouts}
    cabins = {
        code: Cabin(
            code=code,
            buckets=tuple(_bucket(each) for each in event.fares if each.cabin == code),
            layout=layouts.get(code),
        )
        for code in dict.fromkeys(fare.cabin for fare in event.fares)
    }
    return Flight(
        number=event.number,
        origin=event.origin,
        destination=event.destination,
        origin_zone=event.origin_zone,
        destination_zone=event.destination_zone,
        departs_at=event.departs_at,
        arrives_at=event.arrives_at,
        domestic=event.domestic,
        cabins=_moved(cabins, event.moves),
        allocations=FrozenMap(),
        scheduled_departs_at=event.departs_at,
    )


def _bucket(fare_class: FareClass) -> Bucket:
    return Bucket(
        code=fare_class.code,
        fare=fare_class.fare,
        seat_limit=fare_class.seat_limit,
        residue=fare_class.residue,
    )


def _held(
    flight: Flight, booking: str, until: dt.datetime, moves: tuple[CapacityMove, ...]
) -> Flight:
    move = moves[0]
    before = flight.allocations.get(booking)
    sold = before.sold if before is not None else None
    held = Block(move.cabin, move.fare_class, move.held)
    return _changed(flight, moves, booking, Allocation(held=held, until=until, sold=sold))


def _released(flight: Flight, event: SeatsReleased) -> Flight:
    allocation = flight.allocations.get(event.booking)
    assert allocation is not None
    held, sold, until = allocation.held, allocation.sold, allocation.until
    for move in event.moves:
        if move.held:
            held = _less(held, -move.held)
            until = until if held is not None else None
        if move.sold:
            sold = _less(sold, -move.sold)
    after = Allocation(held=held, until=until, sold=sold) if held or sold else None
    changed = _changed(flight, event.moves, event.booking, after)
    if sold is None and changed.sequences.get(event.booking) is not None:
        # Nobody of them travels here any more: who comes back is checked in anew.
        without = changed.sequences.drop(event.booking)
        changed = msgspec.structs.replace(changed, sequences=without)
    return _vacated(changed, event.vacated)


def _less(block: Block | None, count: int) -> Block | None:
    assert block is not None
    if block.seat_count == count:
        return None
    return Block(block.cabin, block.fare_class, block.seat_count - count)


def _sold(flight: Flight, event: SeatsSold) -> Flight:
    move = event.moves[0]
    before = flight.allocations.get(event.booking)
    had = before.sold.seat_count if before is not None and before.sold is not None else 0
    sold = Block(move.cabin, move.fare_class, had + move.sold)
    return _changed(flight, event.moves, event.booking, Allocation(sold=sold))


def _without_waiting(flight: Flight, booking: str) -> Flight:
    left = tuple(each for each in flight.waitlist if each.booking != booking)
    return msgspec.structs.replace(flight, waitlist=left)


def _assigned(flight: Flight, booking: str, places: tuple[Place, ...]) -> Flight:
    moving = {place.passenger for place in places}
    seats = flight.seats
    for number, seat in list(seats.items()):
        if seat.booking == booking and seat.passenger in moving:
            seats = seats.drop(number)
    for place in places:
        seats = seats.put(place.seat, Seat(booking, place.passenger))
    return msgspec.structs.replace(flight, seats=seats)


def _checked_in(flight: Flight, event: CheckInAccepted) -> Flight:
    seated = tuple(Place(each.passenger, each.seat) for each in event.places if each.seat)
    before = flight.sequences.get(event.booking) or ()
    return msgspec.structs.replace(
        _assigned(flight, event.booking, seated),
        sequences=flight.sequences.put(event.booking, (*before, *event.places)),
        last_sequence=max(flight.last_sequence, *(each.sequence for each in event.places)),
    )


def _equipped(flight: Flight, event: EquipmentChanged) -> Flight:
    cabins = flight.cabins.copy()
    for layout in event.layouts:
        cabins[layout.cabin] = msgspec.structs.replace(cabins[layout.cabin], layout=layout)
    moved = msgspec.structs.replace(flight, cabins=_moved(cabins, event.moves))
    return _vacated(moved, event.vacated)


def _vacated(flight: Flight, numbers: tuple[str, ...]) -> Flight:
    if not numbers:
        return flight
    seats = flight.seats
    for number in numbers:
        seats = seats.drop(number)
    return msgspec.structs.replace(flight, seats=seats)


def _changed(
    flight: Flight,
    moves: tuple[CapacityMove, ...],
    booking: str,
    allocation: Allocation | None,
) -> Flight:
    allocations = (
        flight.allocations.drop(booking)
        if allocation is None
        else flight.allocations.put(booking, allocation)
    )
    return msgspec.structs.replace(
        flight, cabins=_moved(flight.cabins, moves), allocations=allocations
    )


def _moved(cabins: dict[str, Cabin], moves: tuple[CapacityMove, ...]) -> dict[str, Cabin]:
    result = cabins.copy()
    for move in moves:
        cabin = result[move.cabin]
        taken = move.held + move.sold
        buckets = cabin.buckets
        if taken:
            buckets = tuple(_taken(each, move.fare_class, taken) for each in buckets)
        result[move.cabin] = Cabin(
            code=cabin.code,
            buckets=buckets,
            layout=cabin.layout,
            authorised_count=cabin.authorised_count + move.authorised,
            held_count=cabin.held_count + move.held,
            sold_count=cabin.sold_count + move.sold,
        )
    return result


def _taken(bucket: Bucket, fare_class: str, count: int) -> Bucket:
    if bucket.code != fare_class:
        return bucket
    return Bucket(
        code=bucket.code,
        fare=bucket.fare,
        seat_limit=bucket.seat_limit,
        residue=bucket.residue,
        taken_count=bucket.taken_count + count,
    )
