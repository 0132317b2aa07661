"""Seats that moved from one booking to another: counters stay, all that has a name moves."""

from msgspec.structs import replace

from domain.inventory.events import SeatsDivided
from domain.inventory.state import Allocation, Flight


def divided(flight: Flight, event: SeatsDivided) -> Flight:
    """The flight after the event."""
    return _with_sequences(_with_seats(_with_allocations(flight, event), event), event)


def _with_allocations(flight: Flight, event: SeatsDivided) -> Flight:
    before = flight.allocations.get(event.booking)
    assert before is not None
    assert before.sold is not None
    moved = replace(before.sold, seat_count=event.seat_count, infant_count=event.infants)
    seats = before.sold.seat_count - event.seat_count
    infants = max(0, before.sold.infant_count - event.infants)
    allocations = flight.allocations
    if seats:
        left = replace(before.sold, seat_count=seats, infant_count=infants)
        allocations = allocations.put(event.booking, replace(before, sold=left))
    else:
        allocations = allocations.drop(event.booking)
    return replace(flight, allocations=allocations.put(event.into, Allocation(sold=moved)))


def _with_seats(flight: Flight, event: SeatsDivided) -> Flight:
    numbers = {each.before: each.after for each in event.passengers}
    seats = flight.seats
    for number, seat in list(seats.items()):
        if seat.booking == event.booking and seat.passenger in numbers:
            moved = replace(seat, booking=event.into, passenger=numbers[seat.passenger])
            seats = seats.put(number, moved)
    return replace(flight, seats=seats)


def _with_sequences(flight: Flight, event: SeatsDivided) -> Flight:
    places = flight.sequences.get(event.booking)
    if places is None:
        return flight
    numbers = {each.before: each.after for each in event.passengers}
    left = tuple(each for each in places if each.passenger not in numbers)
    moved = tuple(
        replace(each, passenger=numbers[each.passenger])
        for each in places
        if each.passenger in numbers
    )
    sequences = flight.sequences.put(event.booking, left)
    if not left:
        sequences = sequences.drop(event.booking)
    if moved:
        sequences = sequences.put(event.into, moved)
    return replace(flight, sequences=sequences)
