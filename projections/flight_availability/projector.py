"""Seats per flight and cabin: adds up the moves of the flight events by fare class."""

import datetime as dt
import functools
import zoneinfo
from collections.abc import Collection, Iterable, Sequence
from typing import get_args

import msgspec

from application import search_cache
from domain.inventory import events as flight_events
from domain.inventory.state import FlightStatus
from projections import rows
from projections.projection import CUSTOMERS_PAUSE_SECONDS, Cursor, LoggedEvent, Projection

TABLE = "flight_availability"


class CabinRow(msgspec.Struct):
    """A row of the table; seats are counts, fares minor units, `waiting` waitlisted bookings."""

    flight: str
    cabin: str
    number: str
    origin: str
    destination: str
    origin_zone: str
    destination_zone: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    local_date: dt.date
    domestic: bool
    status: str
    currency: str
    class_codes: list[str]
    class_fares: list[int]
    class_limits: list[int | None]
    class_taken: list[int]
    class_residues: list[str]
    aircraft: str = ""
    departure_terminal: str = ""
    arrival_terminal: str = ""
    authorised: int = 0
    held: int = 0
    sold: int = 0
    waiting: list[str] = []


class ZoneUnknown(ValueError):
    """A flight departs in a time zone that IANA does not list."""


class FlightUnknown(ValueError):
    """Seats moved on a flight or cabin that was never scheduled."""


Cabins = dict[tuple[str, str], CabinRow]


def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Load the flights that the events touch, change them, write back those that changed."""
    known = rows.load(cursor, TABLE, "flight", {e.stream for e in events}, CabinRow)
    cabins = {(row.flight, row.cabin): row for row in known}
    changed: Cabins = {}
    for logged in events:
        event = logged.event
        assert isinstance(event, flight_events.FlightEvent)
        for key in _apply(cabins, logged.stream, event):
            changed[key] = cabins[key]
    rows.upsert(cursor, TABLE, ("flight", "cabin"), list(changed.values()))


def _apply(
    cabins: Cabins, flight: str, event: flight_events.FlightEvent
) -> Iterable[tuple[str, str]]:
    """Change the rows; return the keys of those that may have changed."""
    match event:
        case flight_events.FlightScheduled():
            cabins.update(((row.flight, row.cabin), row) for row in scheduled(flight, event))
            return _move(cabins, flight, event.moves)
        case flight_events.SeatsHeld() | flight_events.SeatsSold():
            return _move(cabins, flight, event.moves)
        case flight_events.SeatsReleased() | flight_events.SeatsRestored():
            return _move(cabins, flight, event.moves)
        case flight_events.EquipmentChanged():
            return _equip(cabins, flight, event)
        case flight_events.SeatsOffered():
            left = _leave(cabins, flight, event.booking)
            return [*left, *_move(cabins, flight, event.moves)]
        case flight_events.WaitlistJoined():
            row = _row(cabins, flight, event.cabin)
            row.waiting = [*row.waiting, event.booking]
            return [(flight, event.cabin)]
        case flight_events.WaitlistLeft():
            return _leave(cabins, flight, event.booking)
        case flight_events.FlightRescheduled():
            return _reschedule(cabins, flight, event)
        case flight_events.FlightCancelled():
            return _set_status(cabins, flight, FlightStatus.CANCELLED)
        case flight_events.FlightReinstated() | flight_events.DepartureWithdrawn():
            return _set_status(cabins, flight, FlightStatus.SCHEDULED)
        case flight_events.FlightDeparted():
            return _set_status(cabins, flight, FlightStatus.DEPARTED)
        case _:
            return ()


def scheduled(flight: str, event: flight_events.FlightScheduled) -> Iterable[CabinRow]:
    """Return the rows of a new flight before its first move."""
    local_date = event.departs_at.astimezone(_zone(event.origin_zone)).date()
    for cabin in dict.fromkeys(fare.cabin for fare in event.fares):
        classes = [fare for fare in event.fares if fare.cabin == cabin]
        yield CabinRow(
            flight=flight,
            cabin=cabin,
            number=event.number,
            origin=event.origin,
            destination=event.destination,
            origin_zone=event.origin_zone,
            destination_zone=event.destination_zone,
            departs_at=event.departs_at,
            arrives_at=event.arrives_at,
            local_date=local_date,
            domestic=event.domestic and event.country == flight_events.HOME_COUNTRY,
            status=FlightStatus.SCHEDULED.value,
            currency=classes[0].fare.currency,
            class_codes=[each.code for each in classes],
            class_fares=[each.fare.amount for each in classes],
            class_limits=[each.seat_limit for each in classes],
            class_taken=[0] * len(classes),
            class_residues=[each.residue for each in classes],
            aircraft=event.aircraft,
            departure_terminal=event.departure_terminal,
            arrival_terminal=event.arrival_terminal,
        )


@functools.cache
def _zone_names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _zone(name: str) -> zoneinfo.ZoneInfo:
    """Return the zone; looks up the name first, as ZoneInfo raises OSError for a folder's name."""
    if name not in _zone_names():
        raise ZoneUnknown(name)
    return zoneinfo.ZoneInfo(name)


def _row(cabins: Cabins, flight: str, cabin: str) -> CabinRow:
    row = cabins.get((flight, cabin))
    if row is None:
        raise FlightUnknown(f"{flight} cabin {cabin}")
    return row


def _of(cabins: Cabins, flight: str) -> list[CabinRow]:
    found = [row for (name, _), row in cabins.items() if name == flight]
    if not found:
        raise FlightUnknown(flight)
    return found


def _move(
    cabins: Cabins, flight: str, moves: Sequence[flight_events.CapacityMove]
) -> list[tuple[str, str]]:
    for move in moves:
        row = _row(cabins, flight, move.cabin)
        row.authorised += move.authorised
        row.held += move.held
        row.sold += move.sold
        if move.fare_class in row.class_codes:
            row.class_taken[row.class_codes.index(move.fare_class)] += move.held + move.sold
    return [(flight, move.cabin) for move in moves]


def _leave(cabins: Cabins, flight: str, booking: str) -> list[tuple[str, str]]:
    left = [row for row in _of(cabins, flight) if booking in row.waiting]
    for row in left:
        row.waiting = [each for each in row.waiting if each != booking]
    return [(flight, row.cabin) for row in left]


def _equip(
    cabins: Cabins, flight: str, event: flight_events.EquipmentChanged
) -> list[tuple[str, str]]:
    """Change the aircraft in all cabins, and the seats of those whose count differs."""
    _move(cabins, flight, event.moves)
    found = _of(cabins, flight)
    for row in found:
        row.aircraft = event.aircraft
    return [(flight, row.cabin) for row in found]


def _reschedule(
    cabins: Cabins, flight: str, event: flight_events.FlightRescheduled
) -> list[tuple[str, str]]:
    """Change the times; the day of departure may change too."""
    found = _of(cabins, flight)
    for row in found:
        row.departs_at, row.arrives_at = event.departs_at, event.arrives_at
        row.local_date = event.departs_at.astimezone(_zone(row.origin_zone)).date()
    return [(flight, row.cabin) for row in found]


def _set_status(cabins: Cabins, flight: str, status: FlightStatus) -> list[tuple[str, str]]:
    found = _of(cabins, flight)
    for row in found:
        row.status = status.value
    return [(flight, row.cabin) for row in found]


def route_days(cursor: Cursor, flights: Collection[str]) -> set[str]:
    """Return the routes and days of these flights, as the rows are now."""
    found = cursor.execute(
        "SELECT DISTINCT origin, destination, local_date FROM flight_availability "
        "WHERE flight = ANY (%s)",
        (list(flights),),
    )
    return {search_cache.route_day(*row) for row in found.fetchall()}


# Seat assignments, and whose the seats are, are read from the flight itself.
IGNORED = (
    flight_events.SeatHoldExtended,
    flight_events.SeatsDivided,
    flight_events.SeatsAssigned,
    flight_events.CheckInAccepted,
    flight_events.CheckInWithdrawn,
)

PROJECTION = Projection(
    name="flight_availability",
    event_types=tuple(each for each in get_args(flight_events.FlightEvent) if each not in IGNORED),
    apply=apply,
    stops_on_poison=False,
    pause_seconds=CUSTOMERS_PAUSE_SECONDS,
    cached_by=route_days,
)
