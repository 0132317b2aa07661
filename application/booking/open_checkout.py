"""Open a checkout: Stripe's page collects the amount due."""

import datetime as dt

import msgspec

from application.booking import live_session
from application.booking.access import visible_booking
from application.booking.ports import BookingPorts
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command
from application.payment import collect, gateway
from application.payment.extend_hold import extend_hold
from application.payment.start_checkout import StartCheckout
from domain.kernel import ids
from domain.payment import attempts, rejections
from domain.payment.state import Attempt, AttemptStatus


class Checkout(msgspec.Struct, frozen=True):
    """An open session: the traveller pays at `url` before `expires_at`.

    `replayed` when the command was carried out before.
    """

    payment_id: str
    url: str
    session_id: str
    expires_at: dt.datetime
    replayed: bool


class CheckoutDelayed(gateway.GatewayFailure):
    """Stripe did not answer: the session is opened later. The seats are held until `held_until`,
    None where none are, or where the payment is for a change of a booking.
    """

    def __init__(self, failure: gateway.GatewayFailure, held_until: dt.datetime | None) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.held_until = held_until


async def open_checkout(
    ports: BookingPorts, caller: Caller, id_or_reference: str, *, return_to: str = ""
) -> Checkout:
    """Open a checkout session for the amount due, or return the open session.

    `return_to` names where the page after the payment leads back to. Rejects and raises as
    `open_session_for` does.
    """
    booking_id, booking = await visible_booking(ports, caller.principal, id_or_reference)
    due = collect.payment_of(booking_id, booking)
    command = StartCheckout(booking_id=booking_id, locale=caller.language, return_to=return_to)
    return await open_session_for(ports, caller, due, command)


async def open_session_for(
    ports: BookingPorts, caller: Caller, due: str, command: Command
) -> Checkout:
    """Open a session for the payment `due`, whose attempt the command starts, or return the open
    one.

    Stripe is asked first whether the open one still is: an expired one is never handed out. A new
    one is opened after those before it were expired and the attempt was recorded. A repeat gets its
    session also once that is paid, or that of the attempt that took its place. Rejects what the
    command does, AlreadyPaid, AttemptPending and SessionEnded; raises GatewayFailure, and
    CheckoutDelayed where the attempt is recorded, its session is opened once Stripe answers, and
    the traveller is written to: the buyer of a gift card asks again instead.
    """
    await _learn_open_session(ports, caller, due)
    await live_session.expire_shares(ports.bus, ports.collector, due, cause=caller.cause)
    await live_session.expire_superseded(ports.bus, ports.collector, due, cause=caller.cause)
    outcome = await ports.bus.submit(caller.envelope(command))
    payment_id = outcome.answer.stream
    attempt_id = outcome.answer.ids["attempt"]
    try:
        attempt = await ports.collector.open_session(
            payment_id, attempt_id, cause=caller.cause, payment=outcome.state
        )
    except (gateway.GatewayTimeout, gateway.GatewayUnavailable) as failure:
        if ids.is_credit_id(ids.booking_of_payment(payment_id)):
            raise
        held = await extend_hold(
            ports.bus, payment_id, attempt_id, clock=ports.clock, cause=caller.cause
        )
        raise CheckoutDelayed(failure, None if held is None else held.hold_until) from None
    return _open(payment_id, attempt, replayed=outcome.replayed)


async def _learn_open_session(ports: BookingPorts, caller: Caller, payment_id: str) -> None:
    """Record the state of the session that is open by our records.

    If Stripe cannot be reached, it is open until its time is over.
    """
    payment = (await ports.bus.current(stream_kinds.PAYMENT, payment_id))[0]
    attempt = None if payment is None else payment.live_attempt()
    if attempt is None or attempt.status is not AttemptStatus.OPEN or attempt.session is None:
        return
    try:
        await ports.collector.learn_session(attempt.session, cause=caller.cause)
    except (gateway.GatewayTimeout, gateway.GatewayUnavailable):
        if ports.clock() >= attempt.expires_at:
            raise


def _open(payment_id: str, attempt: Attempt, *, replayed: bool) -> Checkout:
    if attempt.status is AttemptStatus.CAPTURED and not replayed:
        raise rejections.AlreadyPaid(reason="paid")
    attempts.require_payable(attempt)
    answerable = attempt.status in {AttemptStatus.OPEN, AttemptStatus.CAPTURED}
    if not answerable or attempt.url is None or attempt.session is None:
        # A repeat never opens a second session, and never hands out one that has ended unpaid.
        raise rejections.SessionEnded(reason=f"session_{attempt.status.value}")
    if not attempt.url:
        # Found after a lost answer, and about to end (`replacement.py`).
        raise rejections.SessionEnded(reason="session_expired")
    return Checkout(
        payment_id=payment_id,
        url=attempt.url,
        session_id=attempt.session,
        expires_at=attempt.expires_at,
        replayed=replayed,
    )
