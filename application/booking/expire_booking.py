"""Let a draft, a place on the waitlist or a hold lapse; held seats go back on sale in one append.

The caller has asked Stripe first and made sure that no session can be paid any more.
"""

import msgspec

from application.booking import journey
from application.orders import Decision
from application.planning import Reading
from domain.booking import cancellation, rejections
from domain.booking import decisions as booking_decisions
from domain.booking.events import BookingEvent
from domain.booking.state import Booking
from domain.booking.states import Status

HOLD_LAPSED = "hold_lapsed"


class ExpireBooking(msgspec.Struct, frozen=True):
    """`reason` is kept in the history, such as `hold_lapsed`."""

    booking: str
    reason: str

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking; its flights become known with it."""
        return (self.booking,)


def expire_booking(command: ExpireBooking, reading: Reading) -> Decision:
    """Rejects BookingNotFound, TransitionRefused (paid meanwhile) and HoldStillRuns.

    Expired or cancelled already records nothing.
    """
    booking = journey.load(reading, command.booking)
    if booking.was_cancelled:
        return Decision(answer_stream=command.booking)
    if booking.status is Status.PAYMENT_FAILED:
        lapsed = _cancelled(booking, command, reading)
    else:
        lapsed = booking_decisions.expire(booking, reason=command.reason, now=reading.now)
    if not lapsed:
        return Decision(answer_stream=command.booking)
    released = journey.holds_released(reading, command.booking, booking, command.reason)
    return Decision(
        answer_stream=command.booking,
        events=((command.booking, lapsed), *journey.merged(released)),
    )


def _cancelled(booking: Booking, command: ExpireBooking, reading: Reading) -> list[BookingEvent]:
    """After a failed payment the table knows no expiry: what lapses there is cancelled."""
    if booking.hold_until is not None and reading.now < booking.hold_until:
        raise rejections.HoldStillRuns(until=booking.hold_until.isoformat())
    return cancellation.cancel(
        booking,
        coupons=booking.coupons,
        reason=command.reason,
        fee=0,
        destination="none",
        obligation=None,
        entry=None,
    )
