"""Who sits where: never two people in one seat (I5)."""

from domain.inventory import rejections, seat_map
from domain.inventory.events import (
    BoardingPlace,
    CheckInAccepted,
    FlightEvent,
    Place,
    SeatsAssigned,
)
from domain.inventory.state import Flight, Seat


def assign(
    flight: Flight, *, booking: str, places: tuple[Place, ...], cabin: str
) -> list[FlightEvent]:
    """Give these seats to passengers of a booking; their former ones are free with it."""
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
    """Sequence numbers for these passengers, and seats for those who need one.

    Who chose a seat keeps it; the others sit together where the cabin allows.
    """
    known = {each.passenger for each in flight.sequences.get(booking) or ()}
    waiting = [(index, seated) for index, seated in passengers if index not in known]
    if not waiting:
        return []
    chosen = {index: flight.seat_of(booking, index) for index, seated in waiting if seated}
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
        for offset, (index, _) in enumerate(waiting, 1)
    )
    return [CheckInAccepted(booking=booking, places=places)]


def _together(free: list[str], count: int) -> list[str]:
    """Free seats of one row where there is one with enough, else the first ones."""
    rows: dict[str, list[str]] = {}
    for seat in free:
        rows.setdefault(seat[:-1], []).append(seat)
    for seats in rows.values():
        if len(seats) >= count:
            return seats[:count]
    return free[:count]
