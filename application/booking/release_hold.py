"""Expire an unpaid booking or change of one, after asking Stripe and expiring the session.

The session is expired first so that nobody pays for released seats. If Stripe cannot be reached
until an hour after the deadline, the seats are released anyway, and a later payment is parked.
While a bank is known to decide, the seats stay held and Stripe is not asked again and again:
`interfaces/worker/timers/ask_about_slow_payments.py` does that, and webhooks report the answer.
"""

import datetime as dt

from application import ports
from application.booking import live_session
from application.booking.complete_modification import ExpireModification
from application.booking.expire_booking import HOLD_LAPSED, ExpireBooking
from application.booking.order_extras import ExpireExtrasOrder
from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.commands.command import Command
from application.payment import collect, gateway
from domain.booking import states
from domain.booking.state import Booking
from domain.payment.rejections import AttemptPending

PROVIDER_PATIENCE = dt.timedelta(minutes=60)
HOLD_LAPSED_UNASKED = "hold_lapsed_provider_unreachable"


class HoldReleaser:
    """Expires bookings and changes of them after their deadline; a repeat has no effect."""

    def __init__(
        self, *, bus: CommandBus, collector: collect.Collector, clock: ports.Clock
    ) -> None:
        self._bus = bus
        self._collector = collector
        self._clock = clock

    async def release(self, booking_stream: str, *, cause: follow_up.Cause) -> None:
        """Expire the booking, or the change of it, if it is still unpaid after asking Stripe.

        Raises GatewayTimeout and GatewayUnavailable until PROVIDER_PATIENCE has passed; rejects
        AttemptPending while a bank decides.
        """
        booking = await self._current(booking_stream)
        deadline = _deadline(booking)
        if booking is None or deadline is None or self._clock() < deadline:
            return
        payment_id = collect.payment_of(booking_stream, booking)
        payment = (await self._bus.current(stream_kinds.PAYMENT, payment_id))[0]
        if payment is not None and payment.awaits_bank():
            raise AttemptPending(reason="bank_decides")
        reason = HOLD_LAPSED
        try:
            await self.end_live_session(booking_stream, booking, cause=cause)
        except (gateway.GatewayTimeout, gateway.GatewayUnavailable):
            if self._clock() < deadline + PROVIDER_PATIENCE:
                raise
            reason = HOLD_LAPSED_UNASKED
        # Stripe may have reported a payment.
        if _deadline(await self._current(booking_stream)) != deadline:
            return
        command: Command = ExpireBooking(booking_id=booking_stream, reason=reason)
        if booking.extras_order is not None:
            command = ExpireExtrasOrder(booking_id=booking_stream, reason=reason)
        if booking.modification is not None:
            command = ExpireModification(booking_id=booking_stream, reason=reason)
        await self._bus.submit(follow_up.envelope(cause, f"expire:{deadline.isoformat()}", command))

    async def _current(self, booking_stream: str) -> Booking | None:
        return (await self._bus.current(stream_kinds.BOOKING, booking_stream))[0]

    async def end_live_session(
        self, booking_id: str, booking: Booking, *, cause: follow_up.Cause
    ) -> None:
        """See `live_session.expire`."""
        await live_session.expire(self._bus, self._collector, booking_id, booking, cause=cause)


def _deadline(booking: Booking | None) -> dt.datetime | None:
    """Return the deadline of what is unpaid; None where nothing can expire."""
    if booking is None:
        return None
    if booking.awaits_change:
        return None if booking.modification_paid else booking.modification_until
    return booking.hold_until if booking.status in states.UNPAID else None
