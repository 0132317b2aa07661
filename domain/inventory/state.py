"""A flight as its events tell it."""

import datetime as dt
from typing import assert_never

import msgspec

from domain.inventory.events import (
    CapacityMove,
    FlightEvent,
    FlightScheduled,
    SeatsHeld,
    SeatsReleased,
    SeatsSold,
)
from domain.kernel import money
from domain.kernel.frozen_map import FrozenMap


class Cabin(msgspec.Struct, frozen=True):
    """Counters of one cabin in seats, and its adult fare without taxes."""

    code: str
    fare: money.Money
    authorised_count: int = 0
    held_count: int = 0
    sold_count: int = 0

    @property
    def free_count(self) -> int:
        """Seats that can still be held; negative after an equipment cut."""
        return self.authorised_count - self.held_count - self.sold_count


class Allocation(msgspec.Struct, frozen=True):
    """What one booking has on the flight; `until` is None once sold."""

    cabin: str
    seat_count: int
    until: dt.datetime | None


class Flight(msgspec.Struct, frozen=True):
    """One departure: schedule, cabins and who has how many seats."""

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


def evolve(flight: Flight | None, event: FlightEvent) -> Flight:
    """The flight after the event; never rejects a stored fact."""
    match event:
        case FlightScheduled():
            return _scheduled(event)
        case SeatsHeld():
            assert flight is not None
            move = event.moves[0]
            allocation = Allocation(cabin=move.cabin, seat_count=move.held, until=event.until)
            return _changed(flight, event.moves, flight.allocations.put(event.booking, allocation))
        case SeatsReleased():
            assert flight is not None
            return _changed(flight, event.moves, flight.allocations.drop(event.booking))
        case SeatsSold():
            assert flight is not None
            move = event.moves[0]
            allocation = Allocation(cabin=move.cabin, seat_count=move.sold, until=None)
            return _changed(flight, event.moves, flight.allocations.put(event.booking, allocation))
        case _:
            assert_never(event)


def _scheduled(event: FlightScheduled) -> Flight:
    cabins = {fare.cabin: Cabin(code=fare.cabin, fare=fare.fare) for fare in event.fares}
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
    )


def _changed(
    flight: Flight, moves: tuple[CapacityMove, ...], allocations: FrozenMap[Allocation]
) -> Flight:
    return Flight(
        number=flight.number,
        origin=flight.origin,
        destination=flight.destination,
        origin_zone=flight.origin_zone,
        destination_zone=flight.destination_zone,
        departs_at=flight.departs_at,
        arrives_at=flight.arrives_at,
        domestic=flight.domestic,
        cabins=_moved(flight.cabins, moves),
        allocations=allocations,
    )


def _moved(cabins: dict[str, Cabin], moves: tuple[CapacityMove, ...]) -> dict[str, Cabin]:
    result = cabins.copy()
    for move in moves:
        cabin = result[move.cabin]
        result[move.cabin] = Cabin(
            code=cabin.code,
            fare=cabin.fare,
            authorised_count=cabin.authorised_count + move.authorised,
            held_count=cabin.held_count + move.held,
            sold_count=cabin.sold_count + move.sold,
        )
    return result
