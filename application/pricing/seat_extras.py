"""Seats that are sold as extras: one for a passenger, and no more than the cabin has free.

Such an extra may be sold without a seat of the map: the hold then assigns one of its category.
"""

from collections.abc import Sequence

import msgspec

from domain.booking import seats as booking_seats
from domain.booking.values import SeatChoice
from domain.inventory import rejections as flight_rejections
from domain.inventory import seat_map, seating
from domain.inventory.events import CabinLayout, Place
from domain.inventory.seat_map import Category
from domain.inventory.state import Flight
from domain.pricing import rejections
from domain.pricing.extras import SEAT_EXTRAS, ExtraChoice
from domain.pricing.price import PassengerType


class WantedSeats(msgspec.Struct, frozen=True):
    """Seat extras and chosen seats of a party; `flights` and the `layouts` of its cabins by
    segment.
    """

    passengers: tuple[PassengerType, ...]
    extras: tuple[ExtraChoice, ...]
    seats: tuple[SeatChoice, ...]
    flights: tuple[Flight, ...]
    layouts: tuple[CabinLayout | None, ...]


def category_of(code: str) -> Category:
    """Return the category of seats that the extra buys."""
    return "legroom" if SEAT_EXTRAS["legroom"] == code else "front"


def of_chosen_seats(wanted: WantedSeats) -> list[ExtraChoice]:
    """Return the extras that chosen seats cost and that are not among the wanted ones already.

    Rejects SeatUnknown, SeatNotAllowed, ExtraRefused and SeatsUnavailable.
    """
    if not wanted.extras and not wanted.seats:
        return []
    _require_allowed(wanted)
    sold: dict[tuple[int, int], ExtraChoice] = {}
    for extra in wanted.extras:
        _require_sellable(wanted, extra)
        if (extra.passenger, extra.segment) in sold:
            raise _refused(extra, "second_seat")
        sold[extra.passenger, extra.segment] = extra
    added = []
    for choice in wanted.seats:
        code = _code_of(wanted, choice)
        bought = sold.get((choice.passenger, choice.segment))
        if bought is not None and bought.code != code:
            raise _refused(bought, "seat_of_another_kind")
        if code is not None and bought is None:
            added.append(ExtraChoice(code, choice.passenger, choice.segment))
    _require_enough(wanted, [*sold.values(), *added])
    return added


def _require_allowed(wanted: WantedSeats) -> None:
    """Require that the cabins have the chosen seats, and that their passengers may sit there."""
    infants = booking_seats.laps(wanted.passengers)
    minors = [index for index, each in enumerate(wanted.passengers) if each != "ADT"]
    for segment, layout in enumerate(wanted.layouts):
        places = [
            Place(each.passenger, each.seat, each.passenger in infants)
            for each in wanted.seats
            if each.segment == segment
        ]
        if layout is not None:
            seating.require_allowed(layout, places, not_at_exit=minors)
        elif places:
            raise flight_rejections.SeatUnknown(field="seats", seat=places[0].seat)


def _require_sellable(wanted: WantedSeats, extra: ExtraChoice) -> None:
    """Require that the passenger takes a seat, may sit there, and that the cabin has such seats."""
    kind = wanted.passengers[extra.passenger]
    if kind == "INF":
        raise _refused(extra, "sits_on_a_lap")
    if not _seats_of(wanted, extra):
        raise _refused(extra, "none_in_cabin")
    barred = kind == "CHD" or extra.passenger in booking_seats.laps(wanted.passengers)
    layout = wanted.layouts[extra.segment]
    assert layout is not None
    at_exit = all(seat_map.is_at_exit(layout, each) for each in _seats_of(wanted, extra))
    if barred and at_exit:
        raise _refused(extra, "exit_row")


def _require_enough(wanted: WantedSeats, sold: Sequence[ExtraChoice]) -> None:
    """Require that so many seats of the category are free in the cabin."""
    for extra in sold:
        flight = wanted.flights[extra.segment]
        free = [each for each in _seats_of(wanted, extra) if flight.seats.get(each) is None]
        count = sum((each.code, each.segment) == (extra.code, extra.segment) for each in sold)
        if len(free) < count:
            raise flight_rejections.SeatsUnavailable(
                flight=flight.number, free=len(free), extra=extra.code
            )


def _seats_of(wanted: WantedSeats, extra: ExtraChoice) -> list[str]:
    """Return all seats of the cabin that the extra buys."""
    layout = wanted.layouts[extra.segment]
    if layout is None:
        return []
    category = category_of(extra.code)
    return [each for each in seat_map.seats(layout) if seat_map.category(layout, each) == category]


def _code_of(wanted: WantedSeats, choice: SeatChoice) -> str | None:
    """Return the extra that a seat is sold as; None where it is free."""
    layout = wanted.layouts[choice.segment]
    assert layout is not None
    return SEAT_EXTRAS.get(seat_map.category(layout, choice.seat))


def _refused(extra: ExtraChoice, reason: str) -> rejections.ExtraRefused:
    return rejections.ExtraRefused(
        field="extras",
        reason=reason,
        code=extra.code,
        passenger=extra.passenger,
        segment=extra.segment,
    )
