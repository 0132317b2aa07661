"""Expire a draft, a place on the waitlist or a hold; held seats go back on sale in one append.

The caller has asked Stripe first and made sure that no session can be paid any more.
"""

import datetime as dt

from application.booking import journey, letters
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import cancellation, rejections, sale
from domain.booking.events import BookingEvent
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.kernel import ids
from domain.payment import replacement

HOLD_LAPSED = "hold_lapsed"


class ExpireBooking(Command, frozen=True):
    """`reason` is kept in the history, such as `hold_lapsed`."""

    booking_id: str
    reason: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, TransitionRefused (paid meanwhile) and HoldStillRuns.

        An expired or cancelled booking records nothing. Its traveller is written to where Stripe
        never opened the payment page that was asked for last.
        """
        booking = journey.load(context, self.booking_id)
        if booking.was_cancelled:
            return Reply(self.booking_id)
        if booking.status is Status.PAYMENT_FAILED:
            lapsed = _cancelled(booking, self.reason, now=context.now)
        else:
            lapsed = sale.expire(booking, reason=self.reason, now=context.now)
        if lapsed:
            context.record(self.booking_id, lapsed)
            journey.release_holds(context, self.booking_id, booking, self.reason)
            if _waited_in_vain(context, self.booking_id, booking):
                context.enqueue(letters.LapsedLetter(self.booking_id))
        return Reply(self.booking_id)


def _waited_in_vain(context: DecisionContext, booking_id: str, booking: Booking) -> bool:
    """Return whether the last checkout got no session; shares have no letters."""
    payment_id = ids.payment_stream(booking_id, booking.payment_number())
    payment = context.load(stream_kinds.PAYMENT, payment_id)
    return payment is not None and replacement.waited_in_vain(payment)


def _cancelled(booking: Booking, reason: str, *, now: dt.datetime) -> list[BookingEvent]:
    """Cancel after a failed payment: the table of transitions has no expiry there."""
    if booking.hold_until is not None and now < booking.hold_until:
        raise rejections.HoldStillRuns(until=booking.hold_until.isoformat())
    return cancellation.cancel(
        booking,
        coupons=booking.coupons,
        reason=reason,
        fee=0,
        destination="none",
        obligation=None,
        entry=None,
    )
