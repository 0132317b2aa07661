"""Expires checkout sessions that can still be paid for a booking, and must not be any more."""

from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.payment import collect, gateway
from domain.booking.state import Booking
from domain.payment.state import Attempt, AttemptStatus


async def expire(
    bus: CommandBus,
    collector: collect.Collector,
    booking_id: str,
    booking: Booking,
    *,
    cause: follow_up.Cause,
) -> None:
    """Expire the live session of the amount due; record a payment that was made before.

    Raises GatewayTimeout and GatewayUnavailable.
    """
    await expire_of(bus, collector, collect.payment_of(booking_id, booking), cause=cause)


async def expire_of(
    bus: CommandBus, collector: collect.Collector, payment_id: str, *, cause: follow_up.Cause
) -> None:
    """Expire the live sessions of the payment; record payments that were made before.

    Raises GatewayTimeout and GatewayUnavailable.
    """
    payment = (await bus.current(stream_kinds.PAYMENT, payment_id))[0]
    for attempt in () if payment is None else payment.live_attempts():
        await _expire_one(collector, payment_id, attempt, cause=cause)


async def expire_attempt(
    bus: CommandBus,
    collector: collect.Collector,
    payment_id: str,
    attempt_id: str,
    *,
    cause: follow_up.Cause,
) -> None:
    """Expire the session of this attempt while it is live; record a payment made before.

    Raises GatewayTimeout and GatewayUnavailable; rejects AttemptPending while its bank decides.
    """
    payment = (await bus.current(stream_kinds.PAYMENT, payment_id))[0]
    for attempt in () if payment is None else payment.live_attempts():
        if attempt.id == attempt_id:
            await _expire_one(collector, payment_id, attempt, cause=cause)


async def expire_shares(
    bus: CommandBus, collector: collect.Collector, payment_id: str, *, cause: follow_up.Cause
) -> None:
    """Expire live shares, which one session for all is about to follow.

    A payment that was made counts. Raises GatewayFailure; rejects AttemptPending.
    """
    payment = (await bus.current(stream_kinds.PAYMENT, payment_id))[0]
    live = None if payment is None else payment.live_attempt()
    if live is not None and live.is_share:
        await expire_of(bus, collector, payment_id, cause=cause)


async def _expire_one(
    collector: collect.Collector, payment_id: str, attempt: Attempt, *, cause: follow_up.Cause
) -> None:
    if attempt.status is not AttemptStatus.OPEN:
        try:
            attempt = await collector.settle_session(payment_id, attempt.id, cause=cause)
        except gateway.GatewayRejected:
            return
    if attempt.session is not None:
        await collector.end_session(attempt.session, cause=cause)


async def expire_superseded(
    bus: CommandBus, collector: collect.Collector, payment_id: str, *, cause: follow_up.Cause
) -> None:
    """Expire sessions that another one is about to follow; a payment that was made counts.

    Those that are known to be over are not asked about again: Stripe has said so. One may be open
    whose attempt brought money that is a part or does not fit. Raises GatewayFailure; rejects
    AttemptPending.
    """
    payment = (await bus.current(stream_kinds.PAYMENT, payment_id))[0]
    if payment is None or payment.is_settled() or payment.live_attempt() is not None:
        return
    for attempt in payment.attempts:
        if attempt.status is AttemptStatus.CAPTURED and attempt.session is not None:
            await collector.end_session(attempt.session, cause=cause)
