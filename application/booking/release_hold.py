"""Let a lapsed hold go: ask Stripe, end the session, then expire the booking.

Stripe comes first so that nobody pays for seats that are gone. If it cannot be reached for an
hour after the deadline the seats are released all the same, and money that still comes is parked.
"""

import datetime as dt

from application import ports, steps, streams
from application.booking.expire_booking import HOLD_LAPSED, ExpireBooking
from application.desk import Desk
from application.payment import collect, gateway
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.payment.state import AttemptStatus

PROVIDER_PATIENCE = dt.timedelta(minutes=60)
HOLD_LAPSED_UNASKED = "hold_lapsed_provider_unreachable"


class HoldReleaser:
    """Carries out the release of one booking's hold, any number of times."""

    def __init__(self, *, desk: Desk, collector: collect.Collector, clock: ports.Clock) -> None:
        self._desk = desk
        self._collector = collector
        self._clock = clock

    async def release(self, booking_stream: str, *, cause: steps.Cause) -> None:
        """Expire the booking if it is still unpaid after asking Stripe.

        Raises GatewayTimeout and GatewayUnavailable while there is patience left.
        """
        booking = await self._lapsed(booking_stream)
        if booking is None:
            return
        assert booking.hold_until is not None
        reason = HOLD_LAPSED
        try:
            await self._end_live_session(booking_stream, cause)
        except (gateway.GatewayTimeout, gateway.GatewayUnavailable):
            if self._clock() < booking.hold_until + PROVIDER_PATIENCE:
                raise
            reason = HOLD_LAPSED_UNASKED
        if await self._lapsed(booking_stream) is None:
            return
        command = ExpireBooking(booking=booking_stream, reason=reason)
        await self._desk.submit(steps.order(cause, "expire", command))

    async def _lapsed(self, booking_stream: str) -> Booking | None:
        found = await self._desk.current(streams.BOOKING, booking_stream)
        booking = found[0]
        if booking is None or booking.status is not Status.RESERVED:
            return None
        assert booking.hold_until is not None
        return booking if booking.hold_until <= self._clock() else None

    async def _end_live_session(self, booking_stream: str, cause: steps.Cause) -> None:
        stream = collect.payment_of(booking_stream)
        found = await self._desk.current(streams.PAYMENT, stream)
        payment = found[0]
        attempt = payment.live_attempt() if payment is not None else None
        if attempt is None:
            return
        if attempt.status is not AttemptStatus.OPEN:
            try:
                attempt = await self._collector.open_session(stream, attempt.id, cause=cause)
            except gateway.GatewayRejected:
                return
        if attempt.session is not None:
            await self._collector.end_session(attempt.session, cause=cause)
