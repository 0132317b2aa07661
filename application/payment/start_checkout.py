"""Start to collect the amount due: the intention is recorded before Stripe is asked."""

import msgspec

from application import streams
from application.orders import Decision
from application.planning import Reading
from domain.booking import rejections as booking_rejections
from domain.booking import rules as booking_rules
from domain.booking.states import Status
from domain.kernel import ids
from domain.payment import decisions, rejections
from domain.payment.state import evolve

# This issue knows one amount due per booking: its first.
FIRST_PAYMENT = 1


class StartCheckout(msgspec.Struct, frozen=True):
    """Collect what is due for the booking; `locale` (ar, en) is for Stripe's page."""

    booking: str
    locale: str = "en"

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking and its payment."""
        return (self.booking, ids.payment_stream(self.booking, FIRST_PAYMENT))


def start_checkout(command: StartCheckout, reading: Reading) -> Decision:
    """Rejects BookingNotFound, BookingHasExpired, TransitionRefused, AlreadyPaid.

    The answer names the live attempt; a live one is used again rather than a second opened.
    """
    booking = reading.load(streams.BOOKING, command.booking)
    if booking is None:
        raise booking_rejections.BookingNotFound()
    if booking.status is Status.EXPIRED:
        raise booking_rejections.BookingHasExpired()
    if booking.status is not Status.RESERVED:
        raise rejections.AlreadyPaid()
    if not booking_rules.is_hold_running(booking, now=reading.now):
        raise booking_rejections.BookingHasExpired()
    stream = ids.payment_stream(command.booking, FIRST_PAYMENT)
    payment = reading.load(streams.PAYMENT, stream)
    requested = decisions.request(payment, booking=command.booking, due=booking.amount_due())
    for event in requested:
        payment = evolve(payment, event)
    assert payment is not None
    live = payment.live_attempt()
    if live is not None:
        return Decision(answer_stream=stream, ids={"attempt": live.id})
    attempt = f"{stream}-a{len(payment.attempts) + 1}"
    started = decisions.start_attempt(
        payment,
        attempt=attempt,
        idempotency_key=f"checkout:{attempt}",
        locale=command.locale,
        now=reading.now,
    )
    return Decision(
        answer_stream=stream,
        events=((stream, (*requested, *started)),),
        ids={"attempt": attempt},
    )
