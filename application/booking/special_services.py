"""Request and withdraw special services (SSR) of a passenger on a flight."""

from application.booking import journey
from application.booking.access import changeable_booking
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import passenger_details, preconditions
from domain.booking.preconditions import CheckInWindow
from domain.booking.state import Booking
from domain.identity import roles
from domain.inventory import seat_map


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

    Rejects BookingNotFound, NotAllowed and what the command does.
    """
    place = await _place(ports, caller, id_or_reference, passenger, segment)
    return await carry_out_and_read(ports, caller, RequestSpecialService(*place, code=code))


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
    place = await _place(ports, caller, id_or_reference, passenger, segment)
    return await carry_out_and_read(ports, caller, WithdrawSpecialService(*place, code=code))


async def _place(
    ports: BookingPorts, caller: Caller, id_or_reference: str, passenger: int, segment: int
) -> tuple[str, int, int, CheckInWindow, bool]:
    """Return what both commands begin with: the place, and until when the caller may change it."""
    by_staff = roles.may(caller.principal.role, "handle_passengers")
    booking_id, _ = await changeable_booking(
        ports,
        caller.principal,
        id_or_reference,
        by_staff="handle_passengers" if by_staff else "change_any_booking",
    )
    return booking_id, passenger, segment, ports.check_in_window, by_staff


class RequestSpecialService(Command, frozen=True):
    """Request one service of a passenger on a segment; staff may do so until boarding ends."""

    booking_id: str
    passenger: int
    segment: int
    window: CheckInWindow
    by_staff: bool
    code: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, NoSuchPart, CouponNotOpen, CheckInClosed and
        SpecialServiceRefused.
        """
        booking = _open_booking(self, context)
        wheelchairs = 0
        if self.code in passenger_details.WHEELCHAIRS:
            wheelchairs = _wheelchairs(context, booking.segments[self.segment].flight)
        requested = passenger_details.request_special_service(
            booking,
            passenger=self.passenger,
            segment=self.segment,
            code=self.code,
            wheelchairs=wheelchairs,
            at_exit=_sits_at_exit(context, booking, self.passenger, self.segment),
        )
        context.record(self.booking_id, requested)
        return Reply(self.booking_id)


class WithdrawSpecialService(Command, frozen=True):
    """Withdraw one service of a passenger on a segment."""

    booking_id: str
    passenger: int
    segment: int
    window: CheckInWindow
    by_staff: bool
    code: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects what a request does; a service that is not requested records nothing."""
        withdrawn = passenger_details.withdraw_special_service(
            _open_booking(self, context),
            passenger=self.passenger,
            segment=self.segment,
            code=self.code,
        )
        context.record(self.booking_id, withdrawn)
        return Reply(self.booking_id)


def _open_booking(
    command: RequestSpecialService | WithdrawSpecialService, context: DecisionContext
) -> Booking:
    """Return the booking while services of the passenger on the segment may be changed."""
    booking = journey.load(context, command.booking_id)
    preconditions.require_segment(booking, command.segment)
    flight = journey.load_flight(context, booking.segments[command.segment].flight)
    passenger_details.require_special_service(
        booking,
        command.passenger,
        command.segment,
        journey.facts_of(flight),
        window=command.window,
        by_staff=command.by_staff,
        now=context.now,
    )
    return booking


def _sits_at_exit(context: DecisionContext, booking: Booking, passenger: int, segment: int) -> bool:
    """Return whether the passenger has a seat in an exit row."""
    flight = journey.load_flight(context, booking.segments[segment].flight)
    layout = flight.cabins[booking.segments[segment].cabin].layout
    coupon = booking.coupon(passenger, segment)
    seat = coupon.seat if coupon is not None else None
    if layout is None or seat is None or seat not in seat_map.seats(layout):
        return False
    return seat_map.is_at_exit(layout, seat)


def _wheelchairs(context: DecisionContext, flight_id: str) -> int:
    """Return how many wheelchairs are requested on the flight.

    All bookings of the flight are read, so that of two requests for the last wheelchair the
    append accepts one.
    """
    flight = journey.load_flight(context, flight_id)
    booking_ids = sorted(booking_id for booking_id, _ in flight.allocations.items())
    bookings = context.load_all(stream_kinds.BOOKING, booking_ids)
    return sum(
        passenger_details.wheelchairs_on(booking, flight_id)
        for booking in bookings.values()
        if booking is not None
    )
