"""Held and sold seats: hold, release, sell, restore, divide.

A decision that was made already returns no events.
"""

import datetime as dt
from typing import assert_never

from msgspec.structs import replace

from domain.inventory import (
    divided_seats,
    infant_room,
    rejections,
    sales_window,
    unpaid_seats,
    waitlist,
)
from domain.inventory.events import (
    CapacityMove,
    FlightEvent,
    MovedPassenger,
    RestoredMove,
    SeatHoldExtended,
    SeatSaleEvent,
    SeatsDivided,
    SeatsHeld,
    SeatsReleased,
    SeatsRestored,
    SeatsSold,
)
from domain.inventory.sales_window import SaleLimits
from domain.inventory.state import (
    Allocation,
    Block,
    Flight,
    with_allocation,
    with_held_seats,
    without_seats,
)


def hold(
    flight: Flight | None,
    *,
    booking: str,
    cabin: str,
    fare_class: str,
    seat_count: int,
    until: dt.datetime,
    limits: SaleLimits,
    now: dt.datetime,
    owner: str = "",
    unpaid_limit: int | None = None,
    infants: int = 0,
) -> list[FlightEvent]:
    """Hold seats for a booking until the deadline (I1, I2, I4); `infants` come on laps.

    Seats that bookings ahead of it on the waitlist could take are not free (I6). The account
    `owner` holds at most `unpaid_limit` seats of the flight without having paid (I7). `limits`
    are when sales close, and how many infants the flight takes.
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
    if not sales_window.is_bookable(flight, closes=limits.closes, now=now):
        raise rejections.SalesClosed(flight=flight.number)
    if unpaid_limit is not None:
        unpaid_seats.require_within_limit(flight, owner, seat_count, limit=unpaid_limit, now=now)
    free = known.free_in(fare_class)
    if flight.waitlist:
        free -= waitlist.claimed_seats(flight, cabin, ahead_of=booking, infants=limits.infants)
    if free < seat_count:
        raise rejections.SeatsUnavailable(flight=flight.number, free=max(0, free))
    if infants and infants > infant_room.left(flight, cabin, booking=booking, limit=limits.infants):
        raise rejections.SeatsUnavailable(
            flight=flight.number, reason="infants", limit=limits.infants
        )
    move = CapacityMove(cabin=cabin, held=seat_count, fare_class=fare_class)
    return [SeatsHeld(booking=booking, until=until, moves=(move,), owner=owner, infants=infants)]


def extend_hold(flight: Flight, *, booking: str, until: dt.datetime) -> list[FlightEvent]:
    """Hold the seats that a booking holds until a later deadline; nothing where it holds none."""
    allocation = flight.allocations.get(booking)
    if allocation is None or allocation.held is None:
        return []
    return [SeatHoldExtended(booking=booking, until=until)]


def release_hold(flight: Flight, *, booking: str, reason: str) -> list[FlightEvent]:
    """Put the held seats of a booking on sale again (I3); its sold seats are unchanged."""
    allocation = flight.allocations.get(booking)
    if allocation is None or allocation.held is None:
        return []
    block = allocation.held
    move = CapacityMove(cabin=block.cabin, held=-block.seat_count, fare_class=block.fare_class)
    vacated: tuple[str, ...] = ()
    if allocation.sold is None and len(flight.seats):
        vacated = tuple(sorted(n for n, seat in flight.seats.items() if seat.booking == booking))
    return [
        SeatsReleased(
            booking=booking,
            reason=reason,
            moves=(move,),
            vacated=vacated,
            infants=block.infant_count,
        )
    ]


def sell(flight: Flight, *, booking: str) -> list[FlightEvent]:
    """Turn the held seats of a booking into sold seats (I3)."""
    allocation = flight.allocations.get(booking)
    assert allocation is not None, "a booking is ticketed only while it holds its seats"
    block = allocation.held
    if block is None:
        return []
    seats = block.seat_count
    move = CapacityMove(block.cabin, held=-seats, sold=seats, fare_class=block.fare_class)
    return [SeatsSold(booking=booking, moves=(move,))]


def release_sold(
    flight: Flight,
    *,
    booking: str,
    passengers: tuple[int, ...],
    seat_count: int,
    reason: str,
    infants: int = 0,
) -> list[FlightEvent]:
    """Put sold seats of some passengers on sale again, with their seats of the seat map (I3).

    `infants` of them sit on laps.
    """
    if seat_count == 0 and infants == 0:
        return []
    allocation = flight.allocations.get(booking)
    assert allocation is not None, "only sold seats are released"
    block = allocation.sold
    assert block is not None, "only sold seats are released"
    assert block.seat_count >= seat_count, "only sold seats are released"
    leaving = set(passengers)
    vacated = tuple(
        sorted(
            number
            for number, seat in flight.seats.items()
            if seat.booking == booking and seat.passenger in leaving
        )
    )
    move = CapacityMove(block.cabin, sold=-seat_count, fare_class=block.fare_class)
    return [
        SeatsReleased(
            booking=booking,
            reason=reason,
            moves=(move,) if seat_count else (),
            vacated=vacated,
            infants=infants,
        )
    ]


def restore_sold(
    flight: Flight,
    *,
    booking: str,
    cabin: str,
    fare_class: str,
    seat_count: int,
    reason: str,
    infants: int = 0,
) -> list[FlightEvent]:
    """Sell seats again to the booking that lost them by a mistake, also beyond authorised.

    `infants` sit on laps. Seats that the booking still has say the class.
    """
    if seat_count == 0 and infants == 0:
        return []
    allocation = flight.allocations.get(booking)
    if allocation is not None and allocation.sold is not None:
        cabin, fare_class = allocation.sold.cabin, allocation.sold.fare_class
    move = RestoredMove(cabin, sold=seat_count, fare_class=fare_class, restored=seat_count)
    return [
        SeatsRestored(
            booking=booking,
            reason=reason,
            moves=(move,) if seat_count else (),
            infants=infants,
        )
    ]


def divide(
    flight: Flight,
    *,
    booking: str,
    into: str,
    passengers: tuple[MovedPassenger, ...],
    seat_count: int,
    infants: int,
) -> list[FlightEvent]:
    """Move sold seats of a booking to another one that has none on the flight, with the places of
    its passengers; `infants` of them sit on laps. A booking with held seats is not divided.
    """
    allocation = flight.allocations.get(booking)
    assert allocation is not None, "only sold seats are divided"
    assert allocation.held is None, "only sold seats are divided"
    assert allocation.sold is not None, "only sold seats are divided"
    assert allocation.sold.seat_count >= seat_count, "only sold seats are divided"
    assert flight.allocations.get(into) is None, "the seats go to a new booking"
    return [
        SeatsDivided(
            booking=booking,
            into=into,
            passengers=passengers,
            seat_count=seat_count,
            infants=infants,
        )
    ]


def evolve(flight: Flight, event: SeatSaleEvent) -> Flight:
    """The flight after the event; the most frequent events come first."""
    match event:
        case SeatsHeld():
            return with_held_seats(
                flight,
                event.booking,
                event.until,
                event.moves,
                owner=event.owner,
                infants=event.infants,
            )
        case SeatsSold():
            return _sold(flight, event)
        case SeatsReleased():
            return _released(flight, event)
        case SeatsRestored():
            return _restored(flight, event)
        case SeatHoldExtended():
            return _extended(flight, event)
        case SeatsDivided():
            return divided_seats.divided(flight, event)
        case _:
            assert_never(event)


def _sold(flight: Flight, event: SeatsSold) -> Flight:
    move = event.moves[0]
    before = flight.allocations.get(event.booking)
    had = before.sold if before is not None else None
    held = before.held if before is not None else None
    sold = Block(
        move.cabin,
        move.fare_class,
        (had.seat_count if had else 0) + move.sold,
        sum(each.infant_count for each in (had, held) if each),
    )
    return with_allocation(flight, event.moves, event.booking, Allocation(sold=sold))


def _released(flight: Flight, event: SeatsReleased) -> Flight:
    allocation = flight.allocations.get(event.booking)
    assert allocation is not None
    held, sold, until = allocation.held, allocation.sold, allocation.until
    from_hold = any(move.held for move in event.moves)
    for move in event.moves:
        if move.held:
            held = _less(held, -move.held)
            until = until if held is not None else None
        if move.sold:
            sold = _less(sold, -move.sold)
    if sold is not None and not from_hold:
        sold = replace(sold, infant_count=max(0, sold.infant_count - event.infants))
    owner = allocation.owner if held is not None else ""
    after = Allocation(held=held, until=until, sold=sold, owner=owner) if held or sold else None
    changed = with_allocation(flight, event.moves, event.booking, after)
    if sold is None and changed.sequences.get(event.booking) is not None:
        # None of its passengers has a seat now: after a new sale they are checked in again.
        without = changed.sequences.drop(event.booking)
        changed = replace(changed, sequences=without)
    return without_seats(changed, event.vacated)


def _restored(flight: Flight, event: SeatsRestored) -> Flight:
    before = flight.allocations.get(event.booking) or Allocation()
    sold = before.sold
    for move in event.moves:
        known = sold or Block(move.cabin, move.fare_class, 0)
        sold = replace(known, seat_count=known.seat_count + move.sold)
    assert sold is not None, "an infant travels on the lap of an adult with a seat"
    sold = replace(sold, infant_count=sold.infant_count + event.infants)
    return with_allocation(flight, event.moves, event.booking, replace(before, sold=sold))


def _extended(flight: Flight, event: SeatHoldExtended) -> Flight:
    before = flight.allocations.get(event.booking)
    assert before is not None, "only held seats are extended"
    after = replace(before, until=event.until)
    return with_allocation(flight, (), event.booking, after)


def _less(block: Block | None, count: int) -> Block | None:
    assert block is not None
    if block.seat_count == count:
        return None
    return replace(block, seat_count=block.seat_count - count)
