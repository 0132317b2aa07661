"""What operations do to a flight: other aircraft, other times, no flight, gone."""

import datetime as dt
from collections.abc import Mapping

from domain.inventory import rejections, rules, seat_map
from domain.inventory.events import (
    CabinLayout,
    CapacityMove,
    EquipmentChanged,
    FlightCancelled,
    FlightDeparted,
    FlightEvent,
    FlightRescheduled,
)
from domain.inventory.state import Flight, FlightStatus


def change_equipment(
    flight: Flight,
    *,
    layouts: tuple[CabinLayout, ...],
    authorised: Mapping[str, int],
    reason: str,
) -> list[FlightEvent]:
    """Another aircraft; cabins that it lacks have no seats. Oversold is flagged, never clamped."""
    _require_scheduled(flight)
    if any(layout.cabin not in flight.cabins for layout in layouts):
        raise rejections.CabinNotFound(cabin=next(iter(layouts)).cabin)
    fitted = {layout.cabin: layout for layout in layouts}
    complete = tuple(fitted.get(code) or CabinLayout(code, 0, 1, "A") for code in flight.cabins)
    moves = tuple(
        CapacityMove(code, authorised=authorised.get(code, 0) - cabin.authorised_count)
        for code, cabin in flight.cabins.items()
        if authorised.get(code, 0) != cabin.authorised_count
    )
    if not moves and all(flight.cabins[each.cabin].layout == each for each in complete):
        return []
    known = {seat for layout in complete for seat in seat_map.seats(layout)}
    return [
        EquipmentChanged(
            reason=reason,
            layouts=complete,
            moves=moves,
            vacated=tuple(sorted(seat for seat, _ in flight.seats.items() if seat not in known)),
            oversold={
                code: over
                for code, cabin in flight.cabins.items()
                if (over := cabin.held_count + cabin.sold_count - authorised.get(code, 0)) > 0
            },
        )
    ]


def reschedule(
    flight: Flight,
    *,
    departs_at: dt.datetime,
    arrives_at: dt.datetime,
    reason: str,
    now: dt.datetime,
) -> list[FlightEvent]:
    """Other times, in the future and in order."""
    _require_scheduled(flight)
    if (departs_at, arrives_at) == (flight.departs_at, flight.arrives_at):
        return []
    if arrives_at <= departs_at or departs_at <= now:
        raise rejections.ScheduleUnfit(reason="times")
    return [
        FlightRescheduled(
            departs_at=departs_at,
            arrives_at=arrives_at,
            reason=reason,
            material=_is_material(flight, departs_at=departs_at, arrives_at=arrives_at),
        )
    ]


def _is_material(flight: Flight, *, departs_at: dt.datetime, arrives_at: dt.datetime) -> bool:
    """In one step, or in small ones that add up since the flight went on sale."""
    step = max(abs(departs_at - flight.departs_at), abs(arrives_at - flight.arrives_at))
    published = flight.scheduled_departs_at
    assert published is not None, "a flight went on sale with a time"
    before, after = abs(flight.departs_at - published), abs(departs_at - published)
    return step >= rules.MATERIAL_CHANGE or before < rules.MATERIAL_CHANGE <= after


def cancel(flight: Flight, *, reason: str) -> list[FlightEvent]:
    """The flight does not operate."""
    if flight.status is FlightStatus.CANCELLED:
        return []
    _require_scheduled(flight)
    return [FlightCancelled(reason=reason)]


def depart(flight: Flight, *, departed_at: dt.datetime) -> list[FlightEvent]:
    """The doors are shut. Not before the gate has closed."""
    if flight.status is FlightStatus.DEPARTED:
        return []
    _require_scheduled(flight)
    if departed_at < flight.departs_at - rules.BOARDING_CLOSES:
        raise rejections.FlightNotDue(departs=flight.departs_at.isoformat())
    return [FlightDeparted(departed_at=departed_at)]


def _require_scheduled(flight: Flight) -> None:
    if flight.status is not FlightStatus.SCHEDULED:
        raise rejections.FlightOver(status=flight.status.value)
