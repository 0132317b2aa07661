"""What a season's schedule changes in what is on sale; pure, so that a dry run can show it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from domain.inventory.season import SeasonDeparture
from domain.inventory.state import FlightStatus
from domain.kernel import ids

Kind = Literal["new", "moved", "other_aircraft", "cancelled"]
"""What happens to a departure; each has a use case of its own."""

LeftBecause = Literal[
    "past", "with_operations", "cancelled_before", "other_route", "number_not_in_the_file"
]
"""Why a difference is left as it is: the departure is over, or so near that operations run it; it
was cancelled, which only operations take back; another route needs another number; the file does
not name the number, and is not stated to be complete."""


class DepartureOnSale(msgspec.Struct, frozen=True):
    """A departure as it is on sale; `taken` is how many seats are held and sold."""

    flight_id: str
    number: str
    origin: str
    destination: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    status: str
    aircraft: str
    departure_terminal: str
    arrival_terminal: str
    taken: int


class Change(msgspec.Struct, frozen=True):
    """A difference that is to be carried out: `planned` is None for one that is cancelled,
    `on_sale` for a new one.
    """

    kind: Kind
    flight_id: str
    planned: SeasonDeparture | None = None
    on_sale: DepartureOnSale | None = None


class Left(msgspec.Struct, frozen=True):
    """A difference that is not carried out."""

    flight_id: str
    because: LeftBecause


class SeasonChanges(msgspec.Struct, frozen=True):
    """All differences, by departure; `unchanged` counts the departures without one."""

    changes: tuple[Change, ...]
    left: tuple[Left, ...]
    unchanged: int


class Scope(msgspec.Struct, frozen=True):
    """What a file speaks for: the flight numbers it names, over the days that it is meant for.

    A `complete` one names all numbers of its carrier: those that it does not name do not operate.
    Departures that leave before `operations_until` are changed by operations only.
    """

    carrier: str
    numbers: frozenset[str]
    first_day: dt.date
    last_day: dt.date
    complete: bool
    now: dt.datetime
    operations_until: dt.datetime


def compare(
    planned: Iterable[SeasonDeparture], on_sale: Mapping[str, DepartureOnSale], scope: Scope
) -> SeasonChanges:
    """Return what has to be done so that what is on sale is what is planned."""
    changes: list[Change] = []
    left: list[Left] = []
    unchanged = 0
    planned_ids = set()
    for each in planned:
        planned_ids.add(each.flight_id)
        found = _compared(each, on_sale.get(each.flight_id), scope)
        if isinstance(found, Left):
            left.append(found)
        else:
            changes.extend(found)
            unchanged += not found
    for flight_id, known in on_sale.items():
        if flight_id in planned_ids or not _is_spoken_for(known, scope):
            continue
        because = _kept_because(known, scope)
        if because is None:
            changes.append(Change("cancelled", flight_id, on_sale=known))
        else:
            left.append(Left(flight_id, because))
    changes.sort(key=lambda change: (_departs_at(change), change.flight_id))
    left.sort(key=lambda each: each.flight_id)
    return SeasonChanges(tuple(changes), tuple(left), unchanged)


def _compared(
    planned: SeasonDeparture, known: DepartureOnSale | None, scope: Scope
) -> list[Change] | Left:
    if known is None:
        if planned.departs_at <= scope.now:
            return Left(planned.flight_id, "past")
        return [Change("new", planned.flight_id, planned=planned)]
    if known.status == FlightStatus.CANCELLED:
        return Left(planned.flight_id, "cancelled_before")
    kinds = _differences(planned, known)
    if not kinds:
        return []
    if known.status == FlightStatus.DEPARTED or known.departs_at <= scope.now:
        return Left(planned.flight_id, "past")
    if (planned.origin, planned.destination) != (known.origin, known.destination):
        return Left(planned.flight_id, "other_route")
    if min(planned.departs_at, known.departs_at) < scope.operations_until:
        return Left(planned.flight_id, "with_operations")
    return [Change(kind, planned.flight_id, planned, known) for kind in kinds]


def _differences(planned: SeasonDeparture, known: DepartureOnSale) -> list[Kind]:
    """Which facts differ; a route counts as moved, until it is found that it cannot be."""
    kinds: list[Kind] = []
    facts = ("origin", "destination", "departs_at", "arrives_at")
    if any(getattr(planned, name) != getattr(known, name) for name in facts):
        kinds.append("moved")
    if planned.aircraft != known.aircraft:
        kinds.append("other_aircraft")
    return kinds


def _is_spoken_for(known: DepartureOnSale, scope: Scope) -> bool:
    """Whether the file should have named this departure if it is to operate."""
    day = ids.flight_date(known.flight_id)
    return (
        known.status == FlightStatus.SCHEDULED
        and scope.first_day <= day <= scope.last_day
        and known.number.startswith(scope.carrier)
    )


def _kept_because(known: DepartureOnSale, scope: Scope) -> LeftBecause | None:
    if known.departs_at <= scope.now:
        return "past"
    if known.number not in scope.numbers and not scope.complete:
        return "number_not_in_the_file"
    return "with_operations" if known.departs_at < scope.operations_until else None


def _departs_at(change: Change) -> dt.datetime:
    departure = change.planned or change.on_sale
    assert departure is not None, "a change is about a departure"
    return departure.departs_at
