"""What may happen to a flight: schedule, hold, release, sell. An empty list means: already so."""

import datetime as dt

from domain.inventory import rejections, rules, waitlist
from domain.inventory.events import (
    CapacityMove,
    FlightEvent,
    FlightScheduled,
    SeatsHeld,
    SeatsReleased,
    SeatsSold,
)
from domain.inventory.state import Flight, evolve

SCHEDULE_FACTS = (
    "number",
    "origin",
    "destination",
    "origin_zone",
    "destination_zone",
    "scheduled_departs_at",
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


def _on_offer(flight: Flight) -> dict[str, object]:
    """Seats and classes of each cabin; what is held or sold of them is another matter."""
    return {
        code: (
            cabin.authorised_count,
            cabin.layout,
            tuple((each.code, each.fare, each.seat_limit, each.residue) for each in cabin.buckets),
        )
        for code, cabin in flight.cabins.items()
    }


def hold(
    flight: Flight | None,
    *,
    booking: str,
    cabin: str,
    fare_class: str,
    seat_count: int,
    until: dt.datetime,
    now: dt.datetime,
) -> list[FlightEvent]:
    """Keep seats for a booking until the deadline (I1, I2, I4); nobody jumps the queue, and who
    stands in it is only behind those ahead.
    """
    assert seat_count > 0
    if flight is None:
        raise rejections.FlightNotFound()
    known = flight.cabins.get(cabin)
    if known is None or known.bucket(fare_class) is None:
        raise rejections.CabinNotFound(cabin=cabin)
    allocation = flight.allocations.get(booking)
    if allocation is not None and allocation.held is not None:
        return []
    if not rules.is_bookable(flight, now=now):
        raise rejections.SalesClosed(flight=flight.number)
    free = known.free_in(fare_class)
    if flight.waitlist:
        free -= waitlist.claimed(flight, cabin, ahead_of=booking)
    if free < seat_count:
        raise rejections.SeatsUnavailable(flight=flight.number, free=max(0, free))
    move = CapacityMove(cabin=cabin, held=seat_count, fare_class=fare_class)
    return [SeatsHeld(booking=booking, until=until, moves=(move,))]


def release_hold(flight: Flight, *, booking: str, reason: str) -> list[FlightEvent]:
    """Put what the booking holds on sale again (I3); sold seats are not touched."""
    allocation = flight.allocations.get(booking)
    if allocation is None or allocation.held is None:
        return []
    block = allocation.held
    move = CapacityMove(cabin=block.cabin, held=-block.seat_count, fare_class=block.fare_class)
    vacated: tuple[str, ...] = ()
    if allocation.sold is None and len(flight.seats):
        vacated = tuple(sorted(n for n, seat in flight.seats.items() if seat.booking == booking))
    return [SeatsReleased(booking=booking, reason=reason, moves=(move,), vacated=vacated)]


def sell(flight: Flight, *, booking: str) -> list[FlightEvent]:
    """Turn the booking's held seats into sold ones (I3)."""
    allocation = flight.allocations.get(booking)
    assert allocation is not None, "a booking is ticketed only while it holds its seats"
    block = allocation.held
    if block is None:
        return []
    seats = block.seat_count
    move = CapacityMove(block.cabin, held=-seats, sold=seats, fare_class=block.fare_class)
    return [SeatsSold(booking=booking, moves=(move,))]


def give_back(
    flight: Flight, *, booking: str, passengers: tuple[int, ...], seat_count: int, reason: str
) -> list[FlightEvent]:
    """Sold seats of some passengers on sale again, with the places they had (I3)."""
    if seat_count == 0:
        return []
    allocation = flight.allocations.get(booking)
    assert allocation is not None, "only what was sold is given back"
    block = allocation.sold
    assert block is not None, "only what was sold is given back"
    assert block.seat_count >= seat_count, "only what was sold is given back"
    gone = set(passengers)
    vacated = tuple(
        sorted(
            number
            for number, seat in flight.seats.items()
            if seat.booking == booking and seat.passenger in gone
        )
    )
    move = CapacityMove(block.cabin, sold=-seat_count, fare_class=block.fare_class)
    return [SeatsReleased(booking=booking, reason=reason, moves=(move,), vacated=vacated)]
