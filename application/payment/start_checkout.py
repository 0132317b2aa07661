"""Start to collect the amount due: the intention is recorded before Stripe is called."""

import datetime as dt

from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies import operating_rules
from domain.booking import rejections as booking_rejections
from domain.booking import sale, states
from domain.booking.state import Booking
from domain.booking.values import Segment
from domain.inventory import seat_sale, waitlist
from domain.inventory.sales_window import SaleLimits
from domain.inventory.state import Flight
from domain.kernel import ids
from domain.payment import attempts, rejections
from domain.payment.state import Payment


class StartCheckout(Command, frozen=True):
    """Collect what is due for the booking; `locale` (ar, en) is for Stripe's page.

    `return_to` names where the page after the payment leads back to; a live attempt keeps its own.
    """

    booking_id: str
    locale: str = "en"
    return_to: str = ""

    @property
    def streams(self) -> tuple[str, ...]:
        """The booking and its first payment; that of a change becomes known with it."""
        return (self.booking_id, ids.payment_stream(self.booking_id, ids.FIRST_PAYMENT))

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, BookingHasExpired, NothingDue, AlreadyPaid, AttemptPending,
        SeatsUnavailable.

        The answer names the live attempt; a live one is used again rather than a second opened.
        """
        booking = context.load(stream_kinds.BOOKING, self.booking_id)
        if booking is None:
            raise booking_rejections.BookingNotFound()
        sale.require_checkout(booking, now=context.now)
        if booking.status in states.WAITLISTED:
            _wait_again(context, self.booking_id, booking)
        payment_id, payment = requested_payment(context, self.booking_id, booking)
        live = payment.live_attempt()
        if live is not None:
            if live.is_share:
                raise rejections.AttemptPending(reason="shares_open")
            attempts.require_payable(live)
            return Reply(payment_id, {"attempt": live.id})
        attempt = ids.attempt_id(payment_id, len(payment.attempts) + 1)
        started = attempts.start_attempt(
            payment,
            attempt=attempt,
            idempotency_key=f"checkout:{attempt}",
            locale=self.locale,
            lasts=operating_rules.hold_times(context).session,
            now=context.now,
            return_to=self.return_to,
        )
        context.record(payment_id, started)
        return Reply(payment_id, {"attempt": attempt})


def requested_payment(
    context: DecisionContext, booking_id: str, booking: Booking
) -> tuple[str, Payment]:
    """Return the payment of the amount due, which is requested if it was not before."""
    payment_id = ids.payment_stream(booking_id, booking.payment_number())
    payment = context.load(stream_kinds.PAYMENT, payment_id)
    requested = attempts.request(payment, booking=booking_id, due=booking.amount_due())
    context.record(payment_id, requested)
    payment = context.load(stream_kinds.PAYMENT, payment_id)
    assert payment is not None
    return payment_id, payment


def payable_in_parts(context: DecisionContext, booking_id: str) -> Booking:
    """Return the booking if what is due for it may be paid in parts.

    Rejects BookingNotFound, BookingHasExpired, NothingDue, and TransitionRefused for a booking on
    the waitlist: its seats are taken with the payment, so nobody can wait for the rest.
    """
    booking = context.load(stream_kinds.BOOKING, booking_id)
    if booking is None:
        raise booking_rejections.BookingNotFound()
    sale.require_checkout(booking, now=context.now)
    if booking.status in states.WAITLISTED:
        raise booking_rejections.TransitionRefused(before=booking.status, after=states.Status.PAID)
    return booking


def _wait_again(context: DecisionContext, booking_id: str, booking: Booking) -> None:
    """A booking without held seats may be paid only while there are some: rejects
    SeatsUnavailable.

    After a failed payment the booking waits again, at the end of the queue if its turn was
    missed meanwhile.
    """
    for segment in booking.segments:
        flight = context.load(stream_kinds.FLIGHT, segment.flight)
        assert flight is not None
        limits = operating_rules.sale_limits(context, flight)
        joined = waitlist.join(
            flight,
            booking=booking_id,
            cabin=segment.cabin,
            fare_class=segment.fare_class,
            seat_count=booking.seat_count,
            infants=booking.infant_count,
            limits=limits,
            now=context.now,
        )
        context.record(segment.flight, joined)
        require_seats(booking_id, booking, segment, flight, limits=limits, now=context.now)
    assert booking.hold_until is not None
    retried = sale.retry_payment(booking, waits_until=booking.hold_until)
    context.record(booking_id, retried)


def require_seats(
    booking_id: str,
    booking: Booking,
    segment: Segment,
    flight: Flight,
    *,
    limits: SaleLimits,
    now: dt.datetime,
) -> None:
    """Require that the seats could be held now; rejects SeatsUnavailable and SalesClosed."""
    seat_sale.hold(
        flight,
        booking=booking_id,
        cabin=segment.cabin,
        fare_class=segment.fare_class,
        seat_count=booking.seat_count,
        infants=booking.infant_count,
        until=now,
        limits=limits,
        now=now,
    )
