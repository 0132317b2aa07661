"""The queue for seats: first come, first served among those whose seats are free (I6)."""

import datetime as dt

from domain.inventory import rejections, rules
from domain.inventory.events import (
    CapacityMove,
    FlightEvent,
    SeatsOffered,
    WaitlistJoined,
    WaitlistLeft,
)
from domain.inventory.state import Flight, Waiting


def join(
    flight: Flight,
    *,
    booking: str,
    cabin: str,
    fare_class: str,
    seat_count: int,
    now: dt.datetime,
) -> list[FlightEvent]:
    """Queue at the end; twice records nothing."""
    if flight.is_waiting(booking):
        return []
    if not rules.is_bookable(flight, now=now):
        raise rejections.SalesClosed(flight=flight.number)
    return [
        WaitlistJoined(booking=booking, cabin=cabin, fare_class=fare_class, seat_count=seat_count)
    ]


def leave(flight: Flight, *, booking: str, reason: str) -> list[FlightEvent]:
    """Give the place up."""
    if not flight.is_waiting(booking):
        return []
    return [WaitlistLeft(booking=booking, reason=reason)]


def claimed(flight: Flight, cabin: str, *, ahead_of: str) -> int:
    """Seats of the cabin that those in the queue could take now, in its order, up to a booking."""
    free = flight.cabins[cabin].free_count
    taken = 0
    for waiting in flight.waitlist:
        if waiting.booking == ahead_of:
            break
        if waiting.cabin == cabin and _fits(flight, waiting, free - taken):
            taken += waiting.seat_count
    return taken


def _fits(flight: Flight, waiting: Waiting, free: int) -> bool:
    in_class = flight.cabins[waiting.cabin].free_in(waiting.fare_class)
    return waiting.seat_count <= min(free, in_class)


def next_in_line(flight: Flight, *, now: dt.datetime) -> Waiting | None:
    """The first whose seats are free now; nobody once sales are closed."""
    if not rules.is_bookable(flight, now=now):
        return None
    return next(
        (
            waiting
            for waiting in flight.waitlist
            if _fits(flight, waiting, flight.cabins[waiting.cabin].free_count)
        ),
        None,
    )


def offer(
    flight: Flight, *, booking: str, until: dt.datetime, now: dt.datetime
) -> list[FlightEvent]:
    """Hold the seats of the next in line."""
    following = next_in_line(flight, now=now)
    if following is None or following.booking != booking:
        raise rejections.SeatsUnavailable(flight=flight.number, free=0)
    move = CapacityMove(following.cabin, held=following.seat_count, fare_class=following.fare_class)
    return [SeatsOffered(booking=booking, until=until, moves=(move,))]
