"""Record money that Stripe captured: the capture and the booking's `paid` are one append.

Money that does not fit (booking expired, paid already, too much or too little) is recorded all the
same, stays in unapplied funds and is parked with the reason: nothing that was taken is ever lost.
What becomes of it is decided next, by `application/booking/settle_parked_funds.py`.
"""

import datetime as dt
from typing import ClassVar

from application import ports
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext, EventsByStream
from application.credit.pay_gift_card import pay_gift_card
from application.payment import record_unmatched
from application.payment.check_captures import CheckCaptures, NamedCapture
from application.policies import operating_rules
from application.policies.rules_now import load_rule
from domain.booking import rejections as booking_rejections
from domain.booking import sale
from domain.booking.events import BookingEvent
from domain.booking.fold import evolve
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.inventory import rejections as flight_rejections
from domain.inventory import seat_sale, waitlist
from domain.inventory.events import FlightEvent
from domain.kernel import ids, money
from domain.ledger import rules as ledger_rules
from domain.payment import captures, rejections
from domain.payment.captures import ParkReason
from domain.payment.state import Payment
from domain.policies.money_values import LeastCharges


class RestDue(ports.BackgroundTask, frozen=True):
    """Tell the traveller that a part of the amount due has come, and that the rest is due.

    Amounts in minor units of the currency; `intent` is Stripe's id of the part.
    """

    topic: ClassVar[str] = "rest_due"

    booking_id: str
    intent: str
    received: int
    rest: int
    currency: str


class EndSession(ports.BackgroundTask, frozen=True):
    """Expire the session that is still open for what has been paid by another one."""

    topic: ClassVar[str] = "end_session"

    payment_id: str
    attempt: str


class RecordCapture(Command, frozen=True):
    """Record the money of a payment intent that has succeeded.

    `booking_id` is the gift card where it pays for one.
    `from_signed_event`: Stripe was not asked; a timer checks it. `paid_at` is Stripe's instant of
    the payment, None where it is not known; `card` is the last four digits of its card, None where
    Stripe's charge was not read.
    """

    payment_id: str
    booking_id: str
    attempt: str
    intent: str
    charge: str
    amount: money.Money
    from_signed_event: bool = False
    paid_at: dt.datetime | None = None
    card: str | None = None

    @property
    def streams(self) -> tuple[str, ...]:
        """Payment and booking, and where the money was recorded if it matched none before."""
        return (self.payment_id, self.booking_id, record_unmatched.stream_of(self.intent))

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PaymentNotFound; the same capture again records nothing."""
        unmatched = record_unmatched.stream_of(self.intent)
        if context.load(stream_kinds.PAYMENT, unmatched) is not None:
            return Reply(unmatched)  # its ids were filled in at Stripe only later
        payment = context.load(stream_kinds.PAYMENT, self.payment_id)
        if payment is None or payment.booking != self.booking_id:
            raise rejections.PaymentNotFound()
        captured = captures.capture(
            payment,
            attempt=self.attempt,
            intent=self.intent,
            charge=self.charge,
            amount=self.amount,
            entry=ledger_rules.capture_entry(
                booking=self.booking_id,
                amount=self.amount,
                references=(self.intent, self.charge),
                now=context.now,
            ),
            from_signed_event=self.from_signed_event,
            card=self.card,
        )
        if not captured:
            return Reply(self.payment_id)
        context.record(self.payment_id, captured)
        if ids.is_credit_id(self.booking_id):
            pay_gift_card(context, self.payment_id, self.intent)
            if self.from_signed_event:
                # The buyer waits for the code: Stripe is asked now and not with the next list.
                named = NamedCapture(self.payment_id, self.intent)
                context.enqueue(CheckCaptures((named,), since=context.now))
            end_live_sessions(context, self.payment_id)
        else:
            _pay_booking(context, self, payment)
        return Reply(self.payment_id)


def _pay_booking(context: DecisionContext, command: RecordCapture, payment: Payment) -> None:
    booking = context.load(stream_kinds.BOOKING, command.booking_id)
    assert booking is not None, "its payment was requested for it"
    try:
        applied = _applied(command, booking, payment, context)
    except _NotApplicable as error:
        _park(context, command, error.reason)
    else:
        for stream, events in applied.items():
            context.record(stream, events)
        _apply_parts(context, command)
        end_live_sessions(context, command.payment_id)


class _NotApplicable(Exception):
    """The money stays in unapplied funds."""

    def __init__(self, reason: ParkReason) -> None:
        super().__init__(reason)
        self.reason = reason


def _park(
    context: DecisionContext,
    command: RecordCapture,
    reason: ParkReason,
    *,
    surplus: money.Money | None = None,
) -> None:
    parked = captures.park(
        _payment(context, command),
        intent=command.intent,
        reason=reason,
        amount=surplus,
        paid_at=command.paid_at or context.now,
    )
    context.record(command.payment_id, parked)
    attempt = _payment(context, command).attempt(command.attempt)
    if reason == "underpaid" and not (attempt is not None and attempt.is_share):
        rest = _payment(context, command).outstanding()
        context.enqueue(
            RestDue(
                command.booking_id,
                command.intent,
                command.amount.amount,
                rest.amount,
                rest.currency,
            )
        )


def _apply_parts(context: DecisionContext, command: RecordCapture) -> None:
    """Apply the parts that waited for this capture; what is beyond the amount due is parked."""
    surplus = _surplus(_payment(context, command), command)
    apply_kept(context, command.payment_id)
    if surplus.amount:
        _park(context, command, "overpaid", surplus=surplus)


def apply_kept(context: DecisionContext, payment_id: str) -> None:
    """Let the parts of the amount due that waited for the rest pay for it."""
    payment = context.load(stream_kinds.PAYMENT, payment_id)
    assert payment is not None
    for part in payment.kept():
        applied = captures.apply_parked(payment, intent=part.intent)
        context.record(payment_id, applied)


def end_live_sessions(context: DecisionContext, payment_id: str) -> None:
    """Let the session be expired that could pay once more for what is paid, or all its shares."""
    payment = context.load(stream_kinds.PAYMENT, payment_id)
    for live in () if payment is None else payment.live_attempts():
        context.enqueue(EndSession(payment_id, live.id))


def _surplus(payment: Payment, command: RecordCapture) -> money.Money:
    """Return by how much the capture exceeds what is outstanding; negative for a part of it."""
    return command.amount - payment.outstanding()


def _payment(context: DecisionContext, command: RecordCapture) -> Payment:
    payment = context.load(stream_kinds.PAYMENT, command.payment_id)
    assert payment is not None
    return payment


def _applied(
    command: RecordCapture, booking: Booking, payment: Payment, context: DecisionContext
) -> EventsByStream:
    """Return what the money changes in the booking and its flights; raises _NotApplicable.

    Nothing is recorded before all of it is known to fit.
    """
    if payment.is_settled():
        raise _NotApplicable("duplicate")
    if command.payment_id != ids.payment_stream(command.booking_id, booking.payment_number()):
        raise _NotApplicable("late")
    retried = _retried(booking)
    for event in retried:
        booking = evolve(booking, event)
    try:
        sale.require_payable(booking)
        captured = _covered(command, payment, context)
        seats = _held_seats(command.booking_id, booking, context)
        paid = sale.pay(booking, payment=command.payment_id, captured=captured)
    except booking_rejections.BookingHasExpired:
        raise _NotApplicable("late") from None
    except booking_rejections.AmountDiffers:
        raise _NotApplicable("amount_differs") from None
    except booking_rejections.TransitionRefused:
        raise _NotApplicable("not_payable") from None
    except (flight_rejections.SeatsUnavailable, flight_rejections.SalesClosed):
        raise _NotApplicable("no_seats") from None
    return {command.booking_id: [*retried, *paid], **seats}


def _covered(command: RecordCapture, payment: Payment, context: DecisionContext) -> money.Money:
    """Return the amount due where the capture covers what is outstanding of it, else the capture.

    Raises _NotApplicable for a part whose rest can be collected: the least charge or more. What
    cannot be refunded by itself is no surplus: Stripe takes three-decimal currencies in tens only.
    """
    if command.amount.currency != payment.due.currency:
        return command.amount
    surplus = _surplus(payment, command)
    if surplus.amount >= 0:
        returnable = not surplus.amount or money.is_chargeable(surplus)
        return payment.due if returnable else command.amount
    rest = -surplus
    least = load_rule(context, LeastCharges).least(rest.currency)
    if rest.amount >= least and money.is_chargeable(rest):
        raise _NotApplicable("underpaid")
    return command.amount


def _retried(booking: Booking) -> list[BookingEvent]:
    """Return what a card that was declined needs before another one pays on the same page."""
    if booking.status is not Status.PAYMENT_FAILED:
        return []
    assert booking.hold_until is not None, "a place on the waitlist has a deadline"
    return sale.retry_payment(booking, waits_until=booking.hold_until)


def _held_seats(booking_id: str, booking: Booking, context: DecisionContext) -> EventsByStream:
    """Hold the seats of a waitlisted booking; without seats its money is parked."""
    if booking.status is not Status.PENDING:
        return {}
    seats: dict[str, list[FlightEvent]] = {}
    until = context.now + operating_rules.hold_times(context).hold
    for segment in booking.segments:
        flight = context.load(stream_kinds.FLIGHT, segment.flight)
        assert flight is not None
        left = waitlist.leave(flight, booking=booking_id, reason="paid")
        held = seat_sale.hold(
            flight,
            booking=booking_id,
            cabin=segment.cabin,
            fare_class=segment.fare_class,
            seat_count=booking.seat_count,
            infants=booking.infant_count,
            until=until,
            limits=operating_rules.sale_limits(context, flight),
            now=context.now,
        )
        seats[segment.flight] = [*left, *held]
    return seats
