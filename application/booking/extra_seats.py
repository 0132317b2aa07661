"""Seats among the extras of an order: whether they are free, and which seat is given in the end.

A passenger with a special service gets none at an exit: its code is sealed, and could be one with
which nobody may sit there.
"""

from collections.abc import Mapping, Sequence

from application.booking import seat_needs
from application.pricing.seat_extras import category_of
from domain.booking.state import Booking
from domain.booking.values import SeatChoice
from domain.inventory import fold, rejections, seat_map, seating
from domain.inventory.events import FlightEvent, Place
from domain.inventory.state import Flight
from domain.pricing.extras import ExtraChoice, is_seat
from domain.pricing.price import ExtraPrice

SoldExtra = ExtraChoice | ExtraPrice


def chosen_seats(seats: Sequence[SeatChoice]) -> Mapping[tuple[int, int], str]:
    """Return the seats by passenger and segment."""
    return {(each.passenger, each.segment): each.seat for each in seats}


def require_free(
    booking_id: str,
    booking: Booking,
    flights: Sequence[Flight],
    *,
    wanted: Sequence[SoldExtra],
    seats: Sequence[SeatChoice],
) -> None:
    """Require that all seats that are bought could be given now, one beside the other.

    Rejects SeatsUnavailable, SeatTaken, SeatUnknown and SeatNotAllowed.
    """
    chosen = chosen_seats(seats)
    for segment, flight in enumerate(flights):
        bought = [each for each in wanted if each.segment == segment and is_seat(each.code)]
        for each in sorted(bought, key=lambda one: (one.passenger, one.segment) not in chosen):
            seat = chosen.get((each.passenger, segment))
            seat = seat or _free_seat(booking_id, booking, flight, each)
            if seat is None:
                raise rejections.SeatsUnavailable(flight=flight.number, free=0, extra=each.code)
            for event in _assigned(booking_id, booking, flight, each, seat):
                flight = fold.evolve(flight, event)


def seat_for(
    booking_id: str, booking: Booking, flight: Flight, extra: SoldExtra, *, chosen: str | None
) -> str | None:
    """Return the chosen seat where the passenger can have it still, else a free one of the
    category; None where there is none.
    """
    layout = flight.cabins[booking.segments[extra.segment].cabin].layout
    if chosen is not None and layout is not None and chosen in seat_map.seats(layout):
        try:
            _assigned(booking_id, booking, flight, extra, chosen)
        except (rejections.SeatTaken, rejections.SeatNotAllowed):
            chosen = None
        if chosen is not None and seat_map.category(layout, chosen) == category_of(extra.code):
            return chosen
    return _free_seat(booking_id, booking, flight, extra)


def _free_seat(booking_id: str, booking: Booking, flight: Flight, extra: SoldExtra) -> str | None:
    (need,) = seat_needs.needs_of(booking, extra.segment, [extra.passenger])
    cabin = booking.segments[extra.segment].cabin
    return seating.free_seat_of(flight, cabin, need, category_of(extra.code), booking=booking_id)


def _assigned(
    booking_id: str, booking: Booking, flight: Flight, extra: SoldExtra, seat: str
) -> list[FlightEvent]:
    """Return what assigning the seat would record; rejects what `seating.assign` does."""
    (need,) = seat_needs.needs_of(booking, extra.segment, [extra.passenger])
    return seating.assign(
        flight,
        booking=booking_id,
        places=(Place(extra.passenger, seat, need.infant),),
        cabin=booking.segments[extra.segment].cabin,
        not_at_exit=() if need.at_exit else (extra.passenger,),
    )
