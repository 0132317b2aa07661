"""Request and withdraw special services (SSR) of a passenger on a flight."""

import contextlib
from collections.abc import Callable

import msgspec

from application.booking import journey, paid_seats, seat_needs
from application.booking.access import changeable_booking
from application.booking.booking_details import (
    BookingDetails,
    booked_flight,
    bookings_on,
    carry_out_and_read,
)
from application.booking.opened_needs import opened_codes
from application.booking.people import sealed_beside
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies import operating_rules
from domain.booking import passenger_details, preconditions, rejections, states
from domain.booking import seats as booking_seats
from domain.booking.passenger_details import OpenedCodes
from domain.booking.state import Booking
from domain.booking.values import SeatChoice
from domain.identity import roles
from domain.inventory import seat_map, seating
from domain.kernel import sealed

# Each attempt but one fails only because another service of the flight was stored before it.
ATTEMPT_LIMIT = 12
# Why a paid seat is lost whose passenger may not open an exit.
SPECIAL_SERVICE = "special_service"


class Place(msgspec.Struct, frozen=True):
    """A passenger on a segment, and until when the caller may change services there."""

    passenger: int
    segment: int
    by_staff: bool


@stored_answer_first
async def request_special_service(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    *,
    passenger: int,
    segment: int,
    code: str,
) -> BookingDetails:
    """Request a service and return the booking.

    Rejects BookingNotFound, NotAllowed, NoSuchPart, PersonErased and what the command does.
    """
    booking_id, booking = await _changeable(ports, caller, id_or_reference)
    if passenger >= len(booking.passengers):
        raise rejections.NoSuchPart(passenger=passenger)
    box = await sealed_beside(ports.vault, booking.passengers[passenger].name, code.encode())
    if box is None:
        raise rejections.PersonErased(passenger=passenger)
    place = _place(caller, passenger, segment)
    return await _with_opened_codes(
        ports,
        caller,
        booking_id,
        lambda codes: RequestSpecialService(booking_id, place, code, box, codes),
        others_on=segment if code in passenger_details.WHEELCHAIRS else None,
    )


@stored_answer_first
async def withdraw_special_service(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    *,
    passenger: int,
    segment: int,
    code: str,
) -> BookingDetails:
    """Withdraw a service and return the booking; rejections as for a request."""
    booking_id, _ = await _changeable(ports, caller, id_or_reference)
    place = _place(caller, passenger, segment)
    return await _with_opened_codes(
        ports,
        caller,
        booking_id,
        lambda codes: WithdrawSpecialService(booking_id, place, code, codes),
    )


async def _changeable(
    ports: BookingPorts, caller: Caller, id_or_reference: str
) -> tuple[str, Booking]:
    by_staff = roles.may(caller.principal.role, "handle_passengers")
    return await changeable_booking(
        ports,
        caller.principal,
        id_or_reference,
        by_staff="handle_passengers" if by_staff else "change_any_booking",
    )


def _place(caller: Caller, passenger: int, segment: int) -> Place:
    by_staff = roles.may(caller.principal.role, "handle_passengers")
    return Place(passenger, segment, by_staff)


async def _with_opened_codes(
    ports: BookingPorts,
    caller: Caller,
    booking_id: str,
    command: Callable[[OpenedCodes], Command],
    *,
    others_on: int | None = None,
) -> BookingDetails:
    """Carry the command out on opened codes of the booking, or of all bookings of the flight
    of this segment.

    A code that was stored meanwhile is unknown to the decision: then they are opened again.
    """
    for _ in range(ATTEMPT_LIMIT - 1):
        with contextlib.suppress(rejections.NeedsChanged):
            codes = await _opened(ports, booking_id, others_on=others_on)
            return await carry_out_and_read(ports, caller, command(codes))
    codes = await _opened(ports, booking_id, others_on=others_on)
    return await carry_out_and_read(ports, caller, command(codes))


async def _opened(ports: BookingPorts, booking_id: str, *, others_on: int | None) -> OpenedCodes:
    booking = (await ports.bus.current(stream_kinds.BOOKING, booking_id))[0]
    assert booking is not None, "it was found before"
    bookings = [booking]
    if others_on is not None:
        flight = await booked_flight(ports, booking, others_on)
        bookings += (await bookings_on(ports, flight)).values()
    return await opened_codes(ports.vault, bookings)


class RequestSpecialService(Command, frozen=True):
    """Request one service of a passenger on a segment; staff may do so until boarding ends.

    `box` is the sealed code, `codes` are those of the services that were requested before.
    """

    booking_id: str
    place: Place
    code: str
    box: sealed.Sealed
    codes: OpenedCodes

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, NoSuchPart, CouponNotOpen, CheckInClosed, NeedsChanged and
        SpecialServiceRefused.
        """
        place = self.place
        booking = _open_booking(self.booking_id, place, context)
        flight_id, wheelchairs = booking.segments[place.segment].flight, 0
        if self.code in passenger_details.WHEELCHAIRS:
            wheelchairs = _wheelchairs(context, flight_id, self.codes)
        at_exit = _sits_at_exit(context, booking, place)
        other_seat = _other_seat(context, self.booking_id, place) if at_exit else None
        requested = passenger_details.request_special_service(
            booking,
            passenger=place.passenger,
            segment=place.segment,
            code=self.code,
            box=self.box,
            codes=self.codes,
            wheelchairs=wheelchairs,
            wheelchair_limit=operating_rules.places(
                context, journey.load_flight(context, flight_id)
            ).wheelchairs,
            at_exit=at_exit and other_seat is None,
        )
        context.record(self.booking_id, requested)
        if requested and other_seat is not None and self.code in passenger_details.NOT_AT_EXITS:
            _leave_exit(context, self.booking_id, place, other_seat)
        return Reply(self.booking_id)


class WithdrawSpecialService(Command, frozen=True):
    """Withdraw one service of a passenger on a segment; `codes` are those of its services."""

    booking_id: str
    place: Place
    code: str
    codes: OpenedCodes

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects what a request does; a service that is not requested records nothing."""
        place = self.place
        withdrawn = passenger_details.withdraw_special_service(
            _open_booking(self.booking_id, place, context),
            passenger=place.passenger,
            segment=place.segment,
            code=self.code,
            codes=self.codes,
        )
        context.record(self.booking_id, withdrawn)
        return Reply(self.booking_id)


def _open_booking(booking_id: str, place: Place, context: DecisionContext) -> Booking:
    """Return the booking while services of the passenger on the segment may be changed."""
    booking = journey.load(context, booking_id)
    preconditions.require_segment(booking, place.segment)
    flight = journey.load_flight(context, booking.segments[place.segment].flight)
    passenger_details.require_special_service(
        booking,
        place.passenger,
        place.segment,
        journey.facts_of(flight),
        window=operating_rules.check_in_window(context, flight),
        by_staff=place.by_staff,
        now=context.now,
    )
    return booking


def _sits_at_exit(context: DecisionContext, booking: Booking, place: Place) -> bool:
    """Return whether the passenger has a seat in an exit row."""
    flight = journey.load_flight(context, booking.segments[place.segment].flight)
    layout = flight.cabins[booking.segments[place.segment].cabin].layout
    coupon = booking.coupon(place.passenger, place.segment)
    seat = coupon.seat if coupon is not None else None
    if layout is None or seat is None or seat not in seat_map.seats(layout):
        return False
    return seat_map.is_at_exit(layout, seat)


def _other_seat(context: DecisionContext, booking_id: str, place: Place) -> str | None:
    """Return a free seat away from the exits for a passenger who paid for one there; None where
    there is none, and while what was paid for it could not be refunded.
    """
    booking = journey.load(context, booking_id)
    paid = {each.passenger for each in paid_seats.sold_seats(booking, place.segment)}
    if booking.status not in states.TICKETED or booking.modification is not None:
        return None
    if place.passenger not in paid:
        return None
    segment = booking.segments[place.segment]
    given = seating.automatic_seats(
        journey.load_flight(context, segment.flight),
        segment.cabin,
        seat_needs.needs_of(booking, place.segment, [place.passenger]),
        booking=booking_id,
    )
    return given.get(place.passenger)


def _leave_exit(context: DecisionContext, booking_id: str, place: Place, seat: str) -> None:
    """Give the passenger the seat, and what was paid for the one at the exit back."""
    booking = journey.load(context, booking_id)
    choice = SeatChoice(place.passenger, place.segment, seat)
    context.record(booking_id, booking_seats.give_seats(booking, seats=(choice,)))
    seat_needs.assign(context, booking_id, segment=place.segment, seats=[(place.passenger, seat)])
    paid_seats.restore_and_report(context, booking_id, reason=SPECIAL_SERVICE)


def _wheelchairs(context: DecisionContext, flight_id: str, codes: OpenedCodes) -> int:
    """Return how many wheelchairs are requested on the flight.

    All bookings of the flight are read, so that of two requests for the last wheelchair the
    append accepts one.
    """
    flight = journey.load_flight(context, flight_id)
    booking_ids = sorted(booking_id for booking_id, _ in flight.allocations.items())
    bookings = context.load_all(stream_kinds.BOOKING, booking_ids)
    return sum(
        passenger_details.wheelchairs_on(booking, flight_id, codes)
        for booking in bookings.values()
        if booking is not None
    )
