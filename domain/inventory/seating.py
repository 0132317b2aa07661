"""Seats of the seat map: never two passengers in one seat (I5)."""

from typing import assert_never

from msgspec.structs import replace

from domain.inventory import rejections, seat_map
from domain.inventory.events import (
    BoardingPlace,
    CheckInAccepted,
    CheckInWithdrawn,
    FlightEvent,
    Place,
    SeatingEvent,
    SeatsAssigned,
)
from domain.inventory.state import Flight, Seat


def assign(
    flight: Flight, *, booking: str, places: tuple[Place, ...], cabin: str
) -> list[FlightEvent]:
    """Assign these seats to passengers of a booking; their previous seats become free."""
    layout = flight.cabins[cabin].layout
    known = frozenset(seat_map.seats(layout)) if layout is not None else frozenset()
    if len({place.seat for place in places}) != len(places):
        raise rejections.SeatTaken(seat=places[0].seat)
    moving = {place.passenger for place in places}
    for place in places:
        if place.seat not in known:
            raise rejections.SeatUnknown(seat=place.seat)
        taken = flight.seats.get(place.seat)
        if taken is not None and not (taken.booking == booking and taken.passenger in moving):
            raise rejections.SeatTaken(seat=place.seat)
    fresh = tuple(
        place for place in places if flight.seats.get(place.seat) != Seat(booking, place.passenger)
    )
    if not fresh:
        return []
    return [SeatsAssigned(booking=booking, places=places)]


def accept_check_in(
    flight: Flight, *, booking: str, passengers: tuple[tuple[int, bool], ...], cabin: str
) -> list[FlightEvent]:
    """Assign sequence numbers to these passengers, and seats to those who need one.

    `passengers` are indexes with whether they take a seat. Chosen seats are kept; the others are
    in one row where the cabin allows. Rejects NoSeatLeft.
    """
    known = {each.passenger for each in flight.sequences.get(booking) or ()}
    unchecked = [(index, seated) for index, seated in passengers if index not in known]
    if not unchecked:
        return []
    chosen = {index: flight.seat_of(booking, index) for index, seated in unchecked if seated}
    layout = flight.cabins[cabin].layout
    if layout is not None:
        unseated = [index for index, seat in chosen.items() if seat is None]
        free = [seat for seat in seat_map.seats(layout) if flight.seats.get(seat) is None]
        if len(free) < len(unseated):
            raise rejections.NoSeatLeft(flight=flight.number, reason="standby")
        chosen.update(zip(unseated, _together(free, len(unseated)), strict=True))
    sequence = flight.last_sequence
    places = tuple(
        BoardingPlace(index, chosen.get(index), sequence + offset)
        for offset, (index, _) in enumerate(unchecked, 1)
    )
    return [CheckInAccepted(booking=booking, places=places)]


def withdraw_check_in(
    flight: Flight, *, booking: str, passengers: tuple[int, ...]
) -> list[FlightEvent]:
    """Take back the sequence numbers of these passengers; their seats stay theirs."""
    known = {each.passenger for each in flight.sequences.get(booking) or ()}
    withdrawn = tuple(each for each in passengers if each in known)
    return [CheckInWithdrawn(booking=booking, passengers=withdrawn)] if withdrawn else []


def free_seats(flight: Flight, cabin: str) -> list[str]:
    """Return the free seats of a cabin, those that are sold as an extra last."""
    layout = flight.cabins[cabin].layout
    if layout is None:
        return []
    free = [seat for seat in seat_map.seats(layout) if flight.seats.get(seat) is None]
    return sorted(free, key=lambda seat: seat_map.category(layout, seat) != "plain")


def _together(free: list[str], count: int) -> list[str]:
    """Free seats of one row if any row has enough, otherwise the first free seats."""
    rows: dict[str, list[str]] = {}
    for seat in free:
        rows.setdefault(seat[:-1], []).append(seat)
    for seats in rows.values():
        if len(seats) >= count:
            return seats[:count]
    return free[:count]


def evolve(flight: Flight, event: SeatingEvent) -> Flight:
    """The flight after the event."""
    match event:
        case SeatsAssigned():
            return _assigned(flight, event.booking, event.places)
        case CheckInAccepted():
            return _checked_in(flight, event)
        case CheckInWithdrawn():
            before = flight.sequences.get(event.booking) or ()
            left = tuple(each for each in before if each.passenger not in event.passengers)
            return replace(flight, sequences=flight.sequences.put(event.booking, left))
        case _:
            assert_never(event)


def _assigned(flight: Flight, booking: str, places: tuple[Place, ...]) -> Flight:
    moving = {place.passenger for place in places}
    seats = flight.seats
    for number, seat in list(seats.items()):
        if seat.booking == booking and seat.passenger in moving:
            seats = seats.drop(number)
    for place in places:
        seats = seats.put(place.seat, Seat(booking, place.passenger))
    return replace(flight, seats=seats)


def _checked_in(flight: Flight, event: CheckInAccepted) -> Flight:
    seated = tuple(Place(each.passenger, each.seat) for each in event.places if each.seat)
    before = flight.sequences.get(event.booking) or ()
    return replace(
        _assigned(flight, event.booking, seated),
        sequences=flight.sequences.put(event.booking, (*before, *event.places)),
        last_sequence=max(flight.last_sequence, *(each.sequence for each in event.places)),
    )
