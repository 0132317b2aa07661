"""Request and withdraw special services (SSR) of a passenger on a flight."""

from application.booking import journey
from application.booking.access import changeable_booking
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.ports import BookingPorts
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import passenger_details, preconditions
from domain.booking.preconditions import CheckInWindow
from domain.booking.state import Booking
from domain.identity import roles


async def request_special_service(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    *,
    passenger: int,
    segment: int,
    code: str,
    withdraw: bool = False,
) -> BookingDetails:
    """Request a service, or withdraw it, and return the booking.

    Rejects BookingNotFound, NotAllowed and what the command does.
    """
    booking_id, _ = await changeable_booking(
        ports, caller.principal, id_or_reference, by_staff="handle_passengers"
    )
    command = ChangeSpecialService(
        booking_id=booking_id,
        passenger=passenger,
        segment=segment,
        code=code,
        withdraw=withdraw,
        window=ports.check_in_window,
        by_staff=roles.may(caller.principal.role, "handle_passengers"),
    )
    return await carry_out_and_read(ports, caller, command)


class ChangeSpecialService(Command, frozen=True):
    """Request one service of a passenger on a segment, or withdraw it."""

    booking_id: str
    passenger: int
    segment: int
    code: str
    withdraw: bool
    window: CheckInWindow
    by_staff: bool

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, NoSuchPart, CouponNotOpen, CheckInClosed and
        SpecialServiceRefused.
        """
        booking = journey.load(context, self.booking_id)
        preconditions.require_segment(booking, self.segment)
        flight = journey.load_flight(context, booking.segments[self.segment].flight)
        passenger_details.require_special_service(
            booking,
            self.passenger,
            self.segment,
            journey.facts_of(flight),
            window=self.window,
            by_staff=self.by_staff,
            now=context.now,
        )
        place = {"passenger": self.passenger, "segment": self.segment}
        if self.withdraw:
            events = passenger_details.withdraw_special_service(booking, **place, code=self.code)
        else:
            events = passenger_details.request_special_service(
                booking, **place, code=self.code, wheelchairs=self._wheelchairs(context, booking)
            )
        context.record(self.booking_id, events)
        return Reply(self.booking_id)

    def _wheelchairs(self, context: DecisionContext, booking: Booking) -> int:
        """Return how many wheelchairs others on the flight have requested.

        All bookings of the flight are read, so that of two requests for the last wheelchair the
        append accepts one.
        """
        if self.code not in passenger_details.WHEELCHAIRS:
            return 0
        flight_id = booking.segments[self.segment].flight
        flight = journey.load_flight(context, flight_id)
        booking_ids = sorted(booking_id for booking_id, _ in flight.allocations.items())
        bookings = context.load_all(stream_kinds.BOOKING, booking_ids)
        return sum(
            passenger_details.wheelchairs_on(other, flight_id)
            for other in bookings.values()
            if other is not None
        )
