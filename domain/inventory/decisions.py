"""What may happen to a flight: schedule, hold, release, sell. An empty list means: already so."""

import datetime as dt

from domain.inventory import rejections, rules
from domain.inventory.events import (
    CapacityMove,
    FlightEvent,
    FlightScheduled,
    SeatsHeld,
    SeatsReleased,
    SeatsSold,
)
from domain.inventory.state import Flight, evolve
from domain.kernel import money

SCHEDULE_FACTS = (
    "number",
    "origin",
    "destination",
    "origin_zone",
    "destination_zone",
    "departs_at",
    "arrives_at",
    "domestic",
)


def schedule(flight: Flight | None, *, scheduled: FlightScheduled) -> list[FlightEvent]:
    """Put a departure on sale; the same facts again record nothing."""
    if flight is None:
        rules.require_fit_schedule(scheduled)
        return [scheduled]
    fresh = evolve(None, scheduled)
    same = all(getattr(flight, name) == getattr(fresh, name) for name in SCHEDULE_FACTS)
    if not same or _on_offer(flight) != _on_offer(fresh):
        raise rejections.FlightScheduledOtherwise(flight=scheduled.number)
    return []


def _on_offer(flight: Flight) -> dict[str, tuple[int, money.Money]]:
    """Seats and fare of each cabin; what is held or sold of them is another matter."""
    return {code: (cabin.authorised_count, cabin.fare) for code, cabin in flight.cabins.items()}


def hold(
    flight: Flight | None,
    *,
    booking: str,
    cabin: str,
    seat_count: int,
    until: dt.datetime,
    now: dt.datetime,
) -> list[FlightEvent]:
    """Keep seats for a booking until the deadline (I1, I2)."""
    assert seat_count > 0
    if flight is None:
        raise rejections.FlightNotFound()
    if cabin not in flight.cabins:
        raise rejections.CabinNotFound(cabin=cabin)
    if flight.allocations.get(booking) is not None:
        return []
    if not rules.is_on_sale(flight.departs_at, now=now):
        raise rejections.SalesClosed(flight=flight.number)
    if flight.cabins[cabin].free_count < seat_count:
        raise rejections.SeatsUnavailable(
            flight=flight.number, free=max(0, flight.cabins[cabin].free_count)
        )
    move = CapacityMove(cabin=cabin, held=seat_count)
    return [SeatsHeld(booking=booking, until=until, moves=(move,))]


def release(flight: Flight, *, booking: str, reason: str) -> list[FlightEvent]:
    """Put what the booking holds on sale again (I3); sold seats are not touched."""
    allocation = flight.allocations.get(booking)
    if allocation is None or allocation.until is None:
        return []
    move = CapacityMove(cabin=allocation.cabin, held=-allocation.seat_count)
    return [SeatsReleased(booking=booking, reason=reason, moves=(move,))]


def sell(flight: Flight, *, booking: str) -> list[FlightEvent]:
    """Turn the booking's held seats into sold ones (I3)."""
    allocation = flight.allocations.get(booking)
    assert allocation is not None, "a booking is ticketed only while it holds its seats"
    if allocation.until is None:
        return []
    seats = allocation.seat_count
    move = CapacityMove(cabin=allocation.cabin, held=-seats, sold=seats)
    return [SeatsSold(booking=booking, moves=(move,))]
