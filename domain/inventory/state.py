"""The state of a flight, and the steps that several folds share: counters and allocations."""

import datetime as dt
import functools
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from domain.inventory.events import (
    HOME_COUNTRY,
    BoardingPlace,
    CabinLayout,
    CapacityMove,
    Residue,
)
from domain.kernel import money, sealed
from domain.kernel.frozen_map import FrozenMap


class FlightStatus(StrEnum):
    """Whether the flight is to operate, cancelled, or departed."""

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
        for each in self.buckets:
            if each.code == fare_class:
                return each
        return None

    def free_in(self, fare_class: str) -> int:
        """Seats that can still be held in a class: no class above may be left short (I4)."""
        free = self.free_count
        below = sum([bucket.taken_count for bucket in self.buckets])
        for bucket in self.buckets:
            if bucket.seat_limit is not None:
                free = min(free, bucket.seat_limit - below)
            if bucket.code == fare_class:
                return free
            below -= bucket.taken_count
        return 0


class Block(msgspec.Struct, frozen=True):
    """Seats of one class, and infants on laps."""

    cabin: str
    fare_class: str
    seat_count: int
    infant_count: int = 0


class Allocation(msgspec.Struct, frozen=True):
    """The seats of one booking on the flight: held ones with their deadline, and sold ones.

    The held ones count as unpaid seats of the account `owner`, if it is not "".
    """

    held: Block | None = None
    until: dt.datetime | None = None
    sold: Block | None = None
    owner: str = ""


class WaitlistEntry(msgspec.Struct, frozen=True):
    """A booking of the account `owner` on the waitlist."""

    booking: str
    cabin: str
    fare_class: str
    seat_count: int
    owner: str = ""
    infant_count: int = 0


class Seat(msgspec.Struct, frozen=True):
    """The passenger who has a seat of the seat map; `infant` on the lap."""

    booking: str
    passenger: int
    infant: bool = False


class Change(msgspec.Struct, frozen=True):
    """What operations did to the flight: the event's tag, the code of the reason, and what staff
    wrote."""

    kind: str
    reason: str
    note: sealed.Sealed | None = None


class Flight(msgspec.Struct, frozen=True):
    """One departure: schedule, cabins, allocations by booking, and the seat map.

    `seats` is by seat number; `sequences` by booking, then passenger; `unpaid` counts held seats by
    account.
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
    unpaid: FrozenMap[int] = FrozenMap()
    last_sequence: int = 0
    waitlist: tuple[WaitlistEntry, ...] = ()
    status: FlightStatus = FlightStatus.SCHEDULED
    scheduled_departs_at: dt.datetime | None = None
    latest_departs_at: dt.datetime | None = None
    departed_at: dt.datetime | None = None
    country: str = HOME_COUNTRY
    changes: tuple[Change, ...] = ()
    aircraft: str = ""
    departure_terminal: str = ""
    arrival_terminal: str = ""

    @property
    def at_home(self) -> bool:
        """Whether both airports are in the airline's own country."""
        return self.domestic and self.country == HOME_COUNTRY

    def seat_of(self, booking: str, passenger: int) -> str | None:
        """The seat number of a passenger."""
        return next(
            (
                number
                for number, seat in self.seats.items()
                if (seat.booking, seat.passenger) == (booking, passenger)
            ),
            None,
        )

    def has_seat(self, booking: str, passenger: int, number: str) -> bool:
        """Whether the passenger has this seat."""
        seat = self.seats.get(number)
        return seat is not None and (seat.booking, seat.passenger) == (booking, passenger)

    def unpaid_seats_of(self, owner: str) -> int:
        """Seats that an account holds or waits for without having paid for them."""
        held = self.unpaid.get(owner) or 0
        if not self.waitlist:
            return held
        return held + sum(each.seat_count for each in self.waitlist if each.owner == owner)

    def is_waitlisted(self, booking: str) -> bool:
        """Whether the booking is on the waitlist."""
        return any(each.booking == booking for each in self.waitlist)


def with_held_seats(
    flight: Flight,
    booking: str,
    until: dt.datetime,
    moves: tuple[CapacityMove, ...],
    *,
    owner: str = "",
    infants: int = 0,
) -> Flight:
    """The flight after seats were held for a booking until the deadline."""
    move = moves[0]
    before = flight.allocations.get(booking)
    sold = before.sold if before is not None else None
    held = Block(move.cabin, move.fare_class, move.held, infants)
    allocation = Allocation(held=held, until=until, sold=sold, owner=owner)
    return with_allocation(flight, moves, booking, allocation)


def with_allocation(
    flight: Flight,
    moves: tuple[CapacityMove, ...],
    booking: str,
    allocation: Allocation | None,
) -> Flight:
    """The flight after the moves, with another allocation of the booking; None for no seats."""
    if allocation is None:
        allocations = flight.allocations.drop(booking)
    elif allocation.held is None:
        allocations = flight.allocations.put(booking, _one_of_equals(allocation))
    else:
        allocations = flight.allocations.put(booking, allocation)
    unpaid = _with_unpaid(flight.unpaid, flight.allocations.get(booking), by=-1)
    return replace(
        flight,
        cabins=with_moves(flight.cabins, moves),
        allocations=allocations,
        unpaid=_with_unpaid(unpaid, allocation, by=1),
    )


@functools.lru_cache(1_024)
def _one_of_equals(allocation: Allocation) -> Allocation:
    """Return an equal one: most bookings of a full flight have as many seats of the same class."""
    return allocation


def _with_unpaid(
    unpaid: FrozenMap[int], allocation: Allocation | None, *, by: int
) -> FrozenMap[int]:
    """The counts with the held seats of an allocation added or taken away."""
    if allocation is None or allocation.held is None or not allocation.owner:
        return unpaid
    owner = allocation.owner
    count = (unpaid.get(owner) or 0) + by * allocation.held.seat_count
    return unpaid.put(owner, count) if count else unpaid.drop(owner)


def with_moves(cabins: dict[str, Cabin], moves: tuple[CapacityMove, ...]) -> dict[str, Cabin]:
    """The cabins after these moves of their counters."""
    result = cabins.copy()
    for move in moves:
        cabin = result[move.cabin]
        taken = move.held + move.sold
        buckets = cabin.buckets
        if taken:
            buckets = tuple([_taken(each, move.fare_class, taken) for each in buckets])
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


def without_seats(flight: Flight, numbers: tuple[str, ...]) -> Flight:
    """The flight after these seats of the seat map became free."""
    if not numbers:
        return flight
    seats = flight.seats
    for number in numbers:
        seats = seats.drop(number)
    return replace(flight, seats=seats)
