"""Seats per flight and cabin: the moves that flight events carry, added up."""

import datetime as dt
import functools
import zoneinfo
from collections.abc import Iterable, Sequence

import msgspec

from domain.inventory import events as flight_events
from projections import rows
from projections.projection import Cursor, LoggedEvent, Projection

TABLE = "flight_availability"


class CabinRow(msgspec.Struct):
    """A row of the table; seats are counts, the fare is in minor units."""

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
    fare_amount: int
    currency: str
    authorised: int = 0
    held: int = 0
    sold: int = 0


class ZoneUnknown(ValueError):
    """A flight departs in a time zone that IANA does not list."""


class FlightUnknown(ValueError):
    """Seats moved on a flight or cabin that was never scheduled."""


def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Load the flights that the events touch, move their seats, write them back."""
    known = rows.load(cursor, TABLE, "flight", {e.stream for e in events}, CabinRow)
    cabins = {(row.flight, row.cabin): row for row in known}
    changed: dict[tuple[str, str], CabinRow] = {}
    for logged in events:
        event = logged.event
        assert isinstance(event, flight_events.FlightEvent)
        if isinstance(event, flight_events.FlightScheduled):
            cabins.update(((row.flight, row.cabin), row) for row in scheduled(logged.stream, event))
        for key in _move(cabins, logged.stream, event.moves):
            changed[key] = cabins[key]
    rows.upsert(cursor, TABLE, ("flight", "cabin"), list(changed.values()))


def scheduled(flight: str, event: flight_events.FlightScheduled) -> Iterable[CabinRow]:
    """The rows of a new flight before its first move."""
    local_date = event.departs_at.astimezone(_zone(event.origin_zone)).date()
    for fare in event.fares:
        yield CabinRow(
            flight=flight,
            cabin=fare.cabin,
            number=event.number,
            origin=event.origin,
            destination=event.destination,
            origin_zone=event.origin_zone,
            destination_zone=event.destination_zone,
            departs_at=event.departs_at,
            arrives_at=event.arrives_at,
            local_date=local_date,
            domestic=event.domestic,
            fare_amount=fare.fare.amount,
            currency=fare.fare.currency,
        )


@functools.cache
def _zone_names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _zone(name: str) -> zoneinfo.ZoneInfo:
    """Asked by name first: for the name of a folder ZoneInfo raises OSError, as for a full disk."""
    if name not in _zone_names():
        raise ZoneUnknown(name)
    return zoneinfo.ZoneInfo(name)


def _move(
    cabins: dict[tuple[str, str], CabinRow],
    flight: str,
    moves: Sequence[flight_events.CapacityMove],
) -> Iterable[tuple[str, str]]:
    for move in moves:
        row = cabins.get((flight, move.cabin))
        if row is None:
            raise FlightUnknown(f"{flight} cabin {move.cabin}")
        row.authorised += move.authorised
        row.held += move.held
        row.sold += move.sold
        yield flight, move.cabin


PROJECTION = Projection(
    name="flight_availability",
    event_types=(
        flight_events.FlightScheduled,
        flight_events.SeatsHeld,
        flight_events.SeatsReleased,
        flight_events.SeatsSold,
    ),
    apply=apply,
    stops_on_poison=False,
)
