"""The operation of a flight: change of equipment, other times, cancellation, departure."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import assert_never

from msgspec.structs import replace

from domain.inventory import rejections, schedule, seat_map
from domain.inventory.events import (
    CabinLayout,
    CapacityMove,
    DepartureWithdrawn,
    EquipmentChanged,
    FlightCancelled,
    FlightDeparted,
    FlightEvent,
    FlightReinstated,
    FlightRescheduled,
    OperationEvent,
)
from domain.inventory.state import Change, Flight, FlightStatus, with_moves, without_seats
from domain.kernel import sealed

# Why operations change a flight. Passengers are told the reason; free text could name a person.
REASONS = (
    "weather",
    "technical",
    "crew",
    "air_traffic",
    "airport",
    "security",
    "late_inbound",
    "commercial",
    "operational",
)
# The reason where staff wrote words of their own.
OPERATIONAL = "operational"


def change_equipment(
    flight: Flight,
    *,
    layouts: tuple[CabinLayout, ...],
    authorised: Mapping[str, int],
    reason: str,
    note: sealed.Sealed | None = None,
    aircraft: str = "",
) -> list[FlightEvent]:
    """Assign another aircraft; cabins that it lacks have no seats. Oversold is never clamped."""
    _require_scheduled(flight)
    if any(layout.cabin not in flight.cabins for layout in layouts):
        raise rejections.CabinNotFound(field="cabins", cabin=next(iter(layouts)).cabin)
    schedule.require_valid_layouts(layouts, flight.cabins)
    fitted = {layout.cabin: layout for layout in layouts}
    complete = tuple(fitted.get(code) or CabinLayout(code, 0, 1, "A") for code in flight.cabins)
    moves = tuple(
        CapacityMove(code, authorised=authorised.get(code, 0) - cabin.authorised_count)
        for code, cabin in flight.cabins.items()
        if authorised.get(code, 0) != cabin.authorised_count
    )
    is_same = all(flight.cabins[each.cabin].layout == each for each in complete)
    if not moves and is_same and aircraft in ("", flight.aircraft):
        return []
    return [
        EquipmentChanged(
            reason=reason,
            layouts=complete,
            moves=moves,
            vacated=_vacated(flight, complete),
            oversold={
                code: over
                for code, cabin in flight.cabins.items()
                if (over := cabin.held_count + cabin.sold_count - authorised.get(code, 0)) > 0
            },
            note=note,
            aircraft=aircraft,
        )
    ]


def _vacated(flight: Flight, layouts: Sequence[CabinLayout]) -> tuple[str, ...]:
    """The taken seats that their cabin has no more, also where another cabin has them now, and
    those that nobody may be left in: at a new exit, or a second infant's on one side of a row.
    """
    left: set[str] = set()
    for layout in layouts:
        before = flight.cabins[layout.cabin].layout
        if before is not None:
            left |= _kept(flight, before, layout)
    return tuple(sorted(seat for seat, _ in flight.seats.items() if seat not in left))


def _kept(flight: Flight, before: CabinLayout, after: CabinLayout) -> set[str]:
    """The taken seats of a cabin whose passengers may stay in them."""
    both = set(seat_map.seats(before)) & set(seat_map.seats(after))
    kept: set[str] = set()
    infants: set[tuple[int, int]] = set()
    for number, seat in sorted(flight.seats.items()):
        if number not in both:
            continue
        if seat_map.is_at_exit(after, number) and not seat_map.is_at_exit(before, number):
            continue
        side = seat_map.row_side(after, number)
        if seat.infant and side in infants:
            continue
        infants |= {side} if seat.infant else set()
        kept.add(number)
    return kept


def reschedule(
    flight: Flight,
    *,
    departs_at: dt.datetime,
    arrives_at: dt.datetime,
    reason: str,
    material: dt.timedelta,
    now: dt.datetime,
    note: sealed.Sealed | None = None,
) -> list[FlightEvent]:
    """Move the flight to other times: in the future, in order, and no longer than a day.

    `material` is by how much it must move for its passengers to be free to leave.
    """
    _require_scheduled(flight)
    if (departs_at, arrives_at) == (flight.departs_at, flight.arrives_at):
        return []
    require_times(departs_at, arrives_at, now=now)
    return [
        FlightRescheduled(
            departs_at=departs_at,
            arrives_at=arrives_at,
            reason=reason,
            material=_is_material(
                flight, departs_at=departs_at, arrives_at=arrives_at, least=material
            ),
            note=note,
        )
    ]


def require_times(departs_at: dt.datetime, arrives_at: dt.datetime, *, now: dt.datetime) -> None:
    """In the future, in order, and no longer than a day; otherwise InvalidSchedule."""
    if not now < departs_at < arrives_at <= departs_at + schedule.LONGEST:
        raise rejections.InvalidSchedule(field="departureTime", reason="times")


def _is_material(
    flight: Flight, *, departs_at: dt.datetime, arrives_at: dt.datetime, least: dt.timedelta
) -> bool:
    """Whether this step is material, or becomes it with earlier steps since the sale began."""
    step = difference((flight.departs_at, flight.arrives_at), (departs_at, arrives_at))
    published = flight.scheduled_departs_at
    assert published is not None, "a flight is scheduled with its times"
    before, after = abs(flight.departs_at - published), abs(departs_at - published)
    return step >= least or before < least <= after


def difference(
    before: tuple[dt.datetime, dt.datetime], after: tuple[dt.datetime, dt.datetime]
) -> dt.timedelta:
    """Return by how much departure or arrival differ, whichever differs more."""
    return max(abs(after[0] - before[0]), abs(after[1] - before[1]))


def cancel(flight: Flight, *, reason: str, note: sealed.Sealed | None = None) -> list[FlightEvent]:
    """Cancel the flight."""
    if flight.status is FlightStatus.CANCELLED:
        return []
    _require_scheduled(flight)
    return [FlightCancelled(reason=reason, note=note)]


def reinstate(
    flight: Flight, *, reason: str, now: dt.datetime, note: sealed.Sealed | None = None
) -> list[FlightEvent]:
    """Let a cancelled flight operate after all; InvalidSchedule once its time is past."""
    if flight.status is FlightStatus.SCHEDULED:
        return []
    if flight.status is not FlightStatus.CANCELLED:
        raise rejections.FlightOver(status=flight.status)
    if flight.departs_at <= now:
        raise rejections.InvalidSchedule(field="flight_id", reason="times")
    return [
        FlightReinstated(
            reason=reason, departs_at=flight.departs_at, arrives_at=flight.arrives_at, note=note
        )
    ]


def depart(
    flight: Flight, *, boarding_closes: dt.timedelta, departed_at: dt.datetime
) -> list[FlightEvent]:
    """Record the departure; rejects FlightNotDue before the gate has closed, so long before the
    time of departure.
    """
    if flight.status is FlightStatus.DEPARTED:
        return []
    _require_scheduled(flight)
    if departed_at < flight.departs_at - boarding_closes:
        raise rejections.FlightNotDue(departs=flight.departs_at.isoformat())
    return [FlightDeparted(departed_at=departed_at)]


def _require_scheduled(flight: Flight) -> None:
    if flight.status is not FlightStatus.SCHEDULED:
        raise rejections.FlightOver(status=flight.status)


def evolve(flight: Flight, event: OperationEvent) -> Flight:
    """The flight after the event."""
    if not isinstance(event, FlightDeparted):
        change = Change(event.tag, event.reason, event.note)
        flight = replace(flight, changes=(*flight.changes, change))
    match event:
        case EquipmentChanged():
            return _equipped(flight, event)
        case FlightRescheduled():
            latest = max(flight.latest_departs_at or flight.departs_at, event.departs_at)
            return replace(
                flight,
                departs_at=event.departs_at,
                arrives_at=event.arrives_at,
                latest_departs_at=latest,
            )
        case FlightCancelled():
            return replace(flight, status=FlightStatus.CANCELLED)
        case FlightReinstated():
            return replace(flight, status=FlightStatus.SCHEDULED)
        case FlightDeparted():
            return replace(flight, status=FlightStatus.DEPARTED, departed_at=event.departed_at)
        case DepartureWithdrawn():
            return replace(flight, status=FlightStatus.SCHEDULED, departed_at=None)
        case _:
            assert_never(event)


def _equipped(flight: Flight, event: EquipmentChanged) -> Flight:
    cabins = flight.cabins.copy()
    for layout in event.layouts:
        cabins[layout.cabin] = replace(cabins[layout.cabin], layout=layout)
    moved = replace(flight, cabins=with_moves(cabins, event.moves), aircraft=event.aircraft)
    return without_seats(moved, event.vacated)
