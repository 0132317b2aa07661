"""Seats of the seat map: never two passengers in one seat (I5), and nobody where it is not safe.

Nobody is at an exit who may not open it (FAA 14 CFR 121.585, GACAR and EASA alike), and no two
infants are on one side of a row, which has one spare oxygen mask.
"""

from collections.abc import Collection, Sequence
from typing import assert_never

import msgspec
from msgspec.structs import replace

from domain.inventory import rejections, seat_map
from domain.inventory.events import (
    BoardingPlace,
    CabinLayout,
    CheckInAccepted,
    CheckInWithdrawn,
    FlightEvent,
    Place,
    SeatingEvent,
    SeatsAssigned,
)
from domain.inventory.state import Flight, Seat


class SeatNeed(msgspec.Struct, frozen=True):
    """What a passenger (index from 0) needs of a seat.

    A lap infant needs none; `infant` is whether the passenger has one on the lap. `at_exit` is
    whether the passenger may sit in an exit row.
    """

    passenger: int
    takes_seat: bool = True
    infant: bool = False
    at_exit: bool = True


def require_allowed(
    layout: CabinLayout, places: Sequence[Place], *, not_at_exit: Collection[int] = ()
) -> None:
    """The cabin has these seats, and their passengers may sit there, as far as the party alone
    decides that: otherwise SeatUnknown or SeatNotAllowed.
    """
    known = frozenset(seat_map.seats(layout))
    infants: set[tuple[int, int]] = set()
    for place in places:
        if place.seat not in known:
            raise rejections.SeatUnknown(field="seats", seat=place.seat)
        barred = place.infant or place.passenger in not_at_exit
        if barred and seat_map.is_at_exit(layout, place.seat):
            raise rejections.SeatNotAllowed(field="seats", seat=place.seat, reason="exit_row")
        side = seat_map.row_side(layout, place.seat)
        if place.infant and side in infants:
            raise rejections.SeatNotAllowed(
                field="seats", seat=place.seat, reason="infant_on_this_side"
            )
        infants |= {side} if place.infant else set()


def assign(
    flight: Flight,
    *,
    booking: str,
    places: tuple[Place, ...],
    cabin: str,
    not_at_exit: Collection[int] = (),
) -> list[FlightEvent]:
    """Assign these seats to passengers of a booking; their previous seats become free."""
    layout = flight.cabins[cabin].layout
    if len({place.seat for place in places}) != len(places):
        raise rejections.SeatTaken(seat=places[0].seat)
    if layout is None:
        raise rejections.SeatUnknown(field="seats", seat=places[0].seat)
    require_allowed(layout, places, not_at_exit=not_at_exit)
    moving = {place.passenger for place in places}
    infants = _sides_with_infants(flight, layout, booking=booking, moving=moving)
    for place in places:
        taken = flight.seats.get(place.seat)
        if taken is not None and not (taken.booking == booking and taken.passenger in moving):
            raise rejections.SeatTaken(seat=place.seat)
        if place.infant and seat_map.row_side(layout, place.seat) in infants:
            raise rejections.SeatTaken(seat=place.seat, reason="infant_on_this_side")
    fresh = tuple(
        place
        for place in places
        if flight.seats.get(place.seat) != Seat(booking, place.passenger, place.infant)
    )
    if not fresh:
        return []
    return [SeatsAssigned(booking=booking, places=places)]


def _sides_with_infants(
    flight: Flight, layout: CabinLayout, *, booking: str = "", moving: Collection[int] = ()
) -> set[tuple[int, int]]:
    """The sides of rows where an infant is, but for the passengers who are moving."""
    known = frozenset(seat_map.seats(layout))
    return {
        seat_map.row_side(layout, number)
        for number, seat in flight.seats.items()
        if seat.infant
        and number in known
        and not (seat.booking == booking and seat.passenger in moving)
    }


def accept_check_in(
    flight: Flight, *, booking: str, passengers: Sequence[SeatNeed], cabin: str
) -> list[FlightEvent]:
    """Assign sequence numbers to these passengers, and seats to those who need one.

    Chosen seats are kept where their passengers may still sit there. Who finds no seat left has a
    number only, and is on standby.
    """
    known = {each.passenger for each in flight.sequences.get(booking) or ()}
    unchecked = [each for each in passengers if each.passenger not in known]
    if not unchecked:
        return []
    seated = [each for each in unchecked if each.takes_seat]
    chosen = _kept_seats(flight, booking, seated, cabin)
    if flight.cabins[cabin].layout is not None:
        unseated = [each for each in seated if each.passenger not in chosen]
        chosen.update(automatic_seats(flight, cabin, unseated, booking=booking))
    sequence = flight.last_sequence
    places = tuple(
        BoardingPlace(each.passenger, chosen.get(each.passenger), sequence + offset)
        for offset, each in enumerate(unchecked, 1)
    )
    infants = tuple(each.passenger for each in unchecked if each.infant)
    return [CheckInAccepted(booking=booking, places=places, with_infant=infants)]


def _kept_seats(
    flight: Flight, booking: str, needs: Sequence[SeatNeed], cabin: str
) -> dict[int, str]:
    """The seats that these passengers have and may keep."""
    layout = flight.cabins[cabin].layout
    kept: dict[int, str] = {}
    for need in needs:
        seat = flight.seat_of(booking, need.passenger)
        if seat is None or layout is None:
            continue
        place = Place(need.passenger, seat, need.infant)
        others = _sides_with_infants(flight, layout, booking=booking, moving=(need.passenger,))
        barred = () if need.at_exit else (need.passenger,)
        try:
            require_allowed(layout, (place,), not_at_exit=barred)
        except (rejections.SeatNotAllowed, rejections.SeatUnknown):
            continue
        if not (need.infant and seat_map.row_side(layout, seat) in others):
            kept[need.passenger] = seat
    return kept


def withdraw_check_in(
    flight: Flight, *, booking: str, passengers: tuple[int, ...]
) -> list[FlightEvent]:
    """Take back the sequence numbers of these passengers; their seats stay theirs."""
    known = {each.passenger for each in flight.sequences.get(booking) or ()}
    withdrawn = tuple(each for each in passengers if each in known)
    return [CheckInWithdrawn(booking=booking, passengers=withdrawn)] if withdrawn else []


def automatic_seats(
    flight: Flight, cabin: str, needs: Sequence[SeatNeed], *, booking: str
) -> dict[int, str]:
    """Free seats for these passengers of a booking, as far as there are any; never exit rows.

    Plain seats come first, in one row where the cabin has one; seats that are sold as an extra are
    given only where plain ones do not suffice.
    """
    layout = flight.cabins[cabin].layout
    if layout is None or not needs:
        return {}
    free = [
        seat
        for seat in seat_map.seats(layout)
        if flight.seats.get(seat) is None and not seat_map.is_at_exit(layout, seat)
    ]
    plain = [seat for seat in free if seat_map.category(layout, seat) == "plain"]
    sold = [seat for seat in free if seat not in set(plain)]
    moving = {each.passenger for each in needs}
    infants = _sides_with_infants(flight, layout, booking=booking, moving=moving)
    found: dict[int, str] = {}
    for candidates in (plain, [*plain, *sold]):
        for row in (*_rows(candidates), candidates):
            found = _seated(layout, row, needs, infants)
            if len(found) == len(needs):
                return found
    return found


def bookings_on_standby(flight: Flight) -> list[str]:
    """The bookings with checked-in passengers who had a seat and have none, the first who checked
    in first; also those whose passengers are taken off the flight.
    """
    seated = {(seat.booking, seat.passenger) for _, seat in flight.seats.items()}
    waiting = [
        (place.sequence, booking)
        for booking, places in flight.sequences.items()
        for place in places
        if place.seat is not None and (booking, place.passenger) not in seated
    ]
    return list(dict.fromkeys(booking for _, booking in sorted(waiting)))


def _rows(seats: Sequence[str]) -> list[list[str]]:
    rows: dict[str, list[str]] = {}
    for seat in seats:
        rows.setdefault(seat[:-1], []).append(seat)
    return list(rows.values())


def _seated(
    layout: CabinLayout,
    seats: Sequence[str],
    needs: Sequence[SeatNeed],
    infants: Collection[tuple[int, int]],
) -> dict[int, str]:
    """The first of these seats for each passenger, as far as they suffice; adults with infants
    come first, on sides of rows without one.
    """
    left, taken = list(seats), set(infants)
    found: dict[int, str] = {}
    for need in sorted(needs, key=lambda each: not each.infant):
        fitting = (
            seat for seat in left if not need.infant or seat_map.row_side(layout, seat) not in taken
        )
        seat = next(fitting, None)
        if seat is None:
            continue
        left.remove(seat)
        found[need.passenger] = seat
        if need.infant:
            taken.add(seat_map.row_side(layout, seat))
    return found


def free_seat_of(
    flight: Flight, cabin: str, need: SeatNeed, wanted: seat_map.Category, *, booking: str
) -> str | None:
    """The first free seat of a category where the passenger may sit; None where there is none."""
    layout = flight.cabins[cabin].layout
    if layout is None:
        return None
    free = [
        seat
        for seat in seat_map.seats(layout)
        if flight.seats.get(seat) is None
        and seat_map.category(layout, seat) == wanted
        and (need.at_exit or not seat_map.is_at_exit(layout, seat))
    ]
    infants = _sides_with_infants(flight, layout, booking=booking, moving=(need.passenger,))
    return _seated(layout, free, [need], infants).get(need.passenger)


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
        seats = seats.put(place.seat, Seat(booking, place.passenger, place.infant))
    return replace(flight, seats=seats)


def _checked_in(flight: Flight, event: CheckInAccepted) -> Flight:
    seated = tuple(
        Place(each.passenger, each.seat, each.passenger in event.with_infant)
        for each in event.places
        if each.seat
    )
    before = flight.sequences.get(event.booking) or ()
    return replace(
        _assigned(flight, event.booking, seated),
        sequences=flight.sequences.put(event.booking, (*before, *event.places)),
        last_sequence=max(flight.last_sequence, *(each.sequence for each in event.places)),
    )
