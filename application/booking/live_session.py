"""The checkout session that can still be paid for a booking: expired before it must not be."""

from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.payment import collect, gateway
from domain.booking.state import Booking
from domain.payment.state import AttemptStatus


async def expire(
    bus: CommandBus,
    collector: collect.Collector,
    booking_id: str,
    booking: Booking,
    *,
    cause: follow_up.Cause,
) -> None:
    """Make sure that nobody can pay any more; a payment made meanwhile is recorded.

    Raises GatewayTimeout and GatewayUnavailable.
    """
    payment_id = collect.payment_of(booking_id, booking)
    payment = (await bus.current(stream_kinds.PAYMENT, payment_id))[0]
    attempt = payment.live_attempt() if payment is not None else None
    if attempt is None:
        return
    if attempt.status is not AttemptStatus.OPEN:
        try:
            attempt = await collector.open_session(payment_id, attempt.id, cause=cause)
        except gateway.GatewayRejected:
            return
    if attempt.session is not None:
        await collector.end_session(attempt.session, cause=cause)
