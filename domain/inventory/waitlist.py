"""The waitlist: first come, first served among bookings for which seats are free (I6)."""

import datetime as dt
from typing import assert_never

from msgspec.structs import replace

from domain.inventory import infant_room, rejections, sales_window, unpaid_seats
from domain.inventory.events import (
    CapacityMove,
    FlightEvent,
    SeatsOffered,
    WaitlistEvent,
    WaitlistJoined,
    WaitlistLeft,
)
from domain.inventory.sales_window import SaleLimits
from domain.inventory.state import Flight, WaitlistEntry, with_held_seats


def join(
    flight: Flight,
    *,
    booking: str,
    cabin: str,
    fare_class: str,
    seat_count: int,
    limits: SaleLimits,
    now: dt.datetime,
    owner: str = "",
    unpaid_limit: int | None = None,
    infants: int = 0,
) -> list[FlightEvent]:
    """Join the end of the waitlist; idempotent. `infants` come on laps. An offer is a hold: the
    limit counts here (I7).
    """
    if flight.is_waitlisted(booking):
        return []
    if not sales_window.is_bookable(flight, closes=limits.closes, now=now):
        raise rejections.SalesClosed(flight=flight.number)
    if unpaid_limit is not None:
        unpaid_seats.require_within_limit(flight, owner, seat_count, limit=unpaid_limit, now=now)
    return [
        WaitlistJoined(
            booking=booking,
            cabin=cabin,
            fare_class=fare_class,
            seat_count=seat_count,
            owner=owner,
            infants=infants,
        )
    ]


def leave(flight: Flight, *, booking: str, reason: str) -> list[FlightEvent]:
    """Leave the waitlist."""
    if not flight.is_waitlisted(booking):
        return []
    return [WaitlistLeft(booking=booking, reason=reason)]


def claimed_seats(flight: Flight, cabin: str, *, ahead_of: str, infants: int) -> int:
    """Free seats of the cabin that bookings ahead of this one on the waitlist could take now.

    The flight takes so many `infants`.
    """
    free = flight.cabins[cabin].free_count
    taken = 0
    for entry in flight.waitlist:
        if entry.booking == ahead_of:
            break
        if entry.cabin == cabin and _fits(flight, entry, free - taken, infants):
            taken += entry.seat_count
    return taken


def _fits(flight: Flight, entry: WaitlistEntry, free: int, infants: int) -> bool:
    in_class = flight.cabins[entry.cabin].free_in(entry.fare_class)
    if entry.infant_count and entry.infant_count > infant_room.left(
        flight, entry.cabin, booking=entry.booking, limit=infants
    ):
        return False
    return entry.seat_count <= min(free, in_class)


def next_in_line(flight: Flight, *, limits: SaleLimits, now: dt.datetime) -> WaitlistEntry | None:
    """The first waitlisted booking for which seats are free now; None once sales are closed."""
    if not sales_window.is_bookable(flight, closes=limits.closes, now=now):
        return None
    return next(
        (
            entry
            for entry in flight.waitlist
            if _fits(flight, entry, flight.cabins[entry.cabin].free_count, limits.infants)
        ),
        None,
    )


def offer(
    flight: Flight, *, booking: str, until: dt.datetime, limits: SaleLimits, now: dt.datetime
) -> list[FlightEvent]:
    """Hold the seats of the next booking in line; rejects SeatsUnavailable for any other one."""
    following = next_in_line(flight, limits=limits, now=now)
    if following is None or following.booking != booking:
        raise rejections.SeatsUnavailable(flight=flight.number, free=0)
    move = CapacityMove(following.cabin, held=following.seat_count, fare_class=following.fare_class)
    infants = following.infant_count
    return [SeatsOffered(booking=booking, until=until, moves=(move,), infants=infants)]


def evolve(flight: Flight, event: WaitlistEvent) -> Flight:
    """The flight after the event."""
    match event:
        case WaitlistJoined():
            entry = WaitlistEntry(
                event.booking,
                event.cabin,
                event.fare_class,
                event.seat_count,
                owner=event.owner,
                infant_count=event.infants,
            )
            return replace(flight, waitlist=(*flight.waitlist, entry))
        case WaitlistLeft():
            return _without(flight, event.booking)
        case SeatsOffered():
            left = _without(flight, event.booking)
            owner = next(each.owner for each in flight.waitlist if each.booking == event.booking)
            return with_held_seats(
                left, event.booking, event.until, event.moves, owner=owner, infants=event.infants
            )
        case _:
            assert_never(event)


def _without(flight: Flight, booking: str) -> Flight:
    left = tuple(each for each in flight.waitlist if each.booking != booking)
    return replace(flight, waitlist=left)
