"""Let a hold lapse: the booking expires and its seats go back on sale in one append.

The caller has asked Stripe first and made sure that no session can be paid any more.
"""

import msgspec

from application import streams
from application.orders import Decision
from application.planning import Reading
from domain.booking import decisions as booking_decisions
from domain.booking import rejections
from domain.inventory import decisions as flight_decisions

HOLD_LAPSED = "hold_lapsed"


class ExpireBooking(msgspec.Struct, frozen=True):
    """`reason` is kept in the history, such as `hold_lapsed`."""

    booking: str
    reason: str

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking; its flight becomes known with it."""
        return (self.booking,)


def expire_booking(command: ExpireBooking, reading: Reading) -> Decision:
    """Rejects BookingNotFound, TransitionRefused (paid meanwhile) and HoldStillRuns."""
    booking = reading.load(streams.BOOKING, command.booking)
    if booking is None:
        raise rejections.BookingNotFound()
    expired = booking_decisions.expire(booking, reason=command.reason, now=reading.now)
    if not expired:
        return Decision(answer_stream=command.booking)
    flight = reading.load(streams.FLIGHT, booking.flight)
    assert flight is not None
    released = flight_decisions.release(flight, booking=command.booking, reason=command.reason)
    return Decision(
        answer_stream=command.booking,
        events=((command.booking, expired), (booking.flight, released)),
    )
