"""Open a checkout: the amount due is collected on a page of Stripe's."""

import datetime as dt

import msgspec

from application.booking.access import visible_booking
from application.booking.ports import BookingPorts
from application.caller import Caller
from application.payment.start_checkout import StartCheckout
from domain.payment import rejections
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


async def open_checkout(ports: BookingPorts, caller: Caller, id_or_reference: str) -> Checkout:
    """Open a checkout session for the amount due, or return the one that is open.

    Stripe is asked after the attempt was recorded. Rejects what StartCheckout does, AlreadyPaid
    and SessionEnded; raises GatewayFailure.
    """
    booking_id, _ = await visible_booking(ports, caller.principal, id_or_reference)
    command = StartCheckout(booking_id=booking_id, locale=caller.language)
    outcome = await ports.bus.submit(caller.envelope(command))
    payment_id = outcome.answer.stream
    attempt = await ports.collector.open_session(
        payment_id, outcome.answer.ids["attempt"], cause=caller.cause
    )
    return _open(payment_id, attempt, replayed=outcome.replayed)


def _open(payment_id: str, attempt: Attempt, *, replayed: bool) -> Checkout:
    if attempt.status is AttemptStatus.CAPTURED:
        raise rejections.AlreadyPaid(reason="paid")
    if attempt.status is not AttemptStatus.OPEN or attempt.url is None or attempt.session is None:
        # A session that has ended is not opened again under its own key: a fresh key is needed.
        raise rejections.SessionEnded(reason=f"session_{attempt.status.value}")
    return Checkout(
        payment_id=payment_id,
        url=attempt.url,
        session_id=attempt.session,
        expires_at=attempt.expires_at,
        replayed=replayed,
    )
