"""Request refunds of captured money: the intention is recorded before Stripe is called.

The amount is drawn from the captures of the booking's payments, newest payment first and applied
money before parked money; each draw is a refund of its own with a task for the worker. What credit
has paid goes back to it at once, in proportion.
"""

from typing import ClassVar

from application import ports
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit import return_part
from application.payment.record_refund import close_booking
from domain.kernel import ids, money
from domain.payment import external_refunds, rejections
from domain.payment import refunds as payment_refunds
from domain.payment.state import Capture, CreditPart, Payment


class SendRefund(ports.BackgroundTask, frozen=True):
    """Request a refund from Stripe, or read its state."""

    topic: ClassVar[str] = "refund_payment"

    payment_id: str
    refund: str


class RefundPayment(Command, frozen=True):
    """Refund `amount`, which is owed by `obligation`, once for each obligation.

    `payment_ids` are the payment streams of the booking, newest first: its own, and those of a
    booking that it was divided from. `intent` limits the refund to
    one capture, for money that was paid late, twice or in excess. What refunds drew from that
    capture before is drawn from the other captures where `else_others` allows it. `by_airline`
    where it is owed because of the airline: credit then lasts longer.
    """

    booking_id: str
    obligation: str
    amount: money.Money
    payment_ids: tuple[str, ...]
    intent: str | None = None
    else_others: bool = False
    by_airline: bool = False

    @property
    def streams(self) -> tuple[str, ...]:
        """The payments."""
        return self.payment_ids

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PaymentNotFound, RefundExceedsCaptured; the same obligation again records
        nothing.

        The answer's ids are the refunds by payment stream, joined by a comma where there are
        several; for credit they are its uses. To refund an amount of zero records nothing.
        """
        assert self.payment_ids, "there is no refund without a payment"
        assert self.amount.amount >= 0, "nobody is owed less than nothing"
        assert len(set(self.payment_ids)) == len(self.payment_ids)
        payments = {payment_id: _load(self, payment_id, context) for payment_id in self.payment_ids}
        requested = _requested_before(self, payments)
        if requested:
            return Reply(self.payment_ids[0], requested)
        left = self.amount
        refund_ids: dict[str, str] = {}
        for payment_id in self.payment_ids:
            refunds, left = _request_refunds(self, payment_id, left, context)
            if refunds:
                refund_ids[payment_id] = ",".join(refunds)
        if left.amount > 0:
            left = _owe_rest(self, left, refund_ids, context)
        if left.amount > 0:
            raise rejections.RefundExceedsCaptured()
        _close_if_returned(self, payments, context)
        return Reply(self.payment_ids[0], refund_ids)


def _close_if_returned(
    command: RefundPayment, before: dict[str, Payment], context: DecisionContext
) -> None:
    """Close the booking where credit was the last that it owed: no answer of Stripe does it."""
    for payment_id, payment in before.items():
        after = _load(command, payment_id, context)
        if after.credit_returns != payment.credit_returns:
            close_booking(command.booking_id, context)
            return


def _load(command: RefundPayment, payment_id: str, context: DecisionContext) -> Payment:
    payment = context.load(stream_kinds.PAYMENT, payment_id)
    if payment is None or not _may_draw(command, payment_id, payment, context):
        raise rejections.PaymentNotFound()
    return payment


def _may_draw(
    command: RefundPayment, payment_id: str, payment: Payment, context: DecisionContext
) -> bool:
    """Whether the payment is the booking's own, or was when the booking was divided off another."""
    if payment.booking == command.booking_id:
        return True
    if ids.prefix_of(command.booking_id) != ids.StreamPrefix.BOOKING:
        return False
    booking = context.load(stream_kinds.BOOKING, command.booking_id)
    return booking is not None and payment_id in booking.payments


def _requested_before(command: RefundPayment, payments: dict[str, Payment]) -> dict[str, str]:
    requested = {
        payment_id: ",".join(
            [
                *(r.id for r in payment.refunds if r.obligation == command.obligation),
                *(r.use for r in payment.credit_returns if r.obligation == command.obligation),
            ]
        )
        for payment_id, payment in payments.items()
    }
    return {payment_id: refunds for payment_id, refunds in requested.items() if refunds}


def _request_refunds(
    command: RefundPayment, payment_id: str, left: money.Money, context: DecisionContext
) -> tuple[list[str], money.Money]:
    """Request refunds of the captures of one payment; return their ids and the amount left."""
    refunds: list[str] = []
    drawn = _load(command, payment_id, context)
    fair = _by_payer(drawn, left) if command.intent is None else {}
    for source in _sources(drawn, command):
        payment = _load(command, payment_id, context)
        if isinstance(source, CreditPart):
            part = _least(source.left, fair.get(source.use, left))
        else:
            part = _least(payment.refundable(source.intent), fair.get(source.intent, left))
        if part.amount <= 0:
            continue
        if isinstance(source, CreditPart):
            _return_credit(command, payment_id, source, part, context)
            refunds.append(source.use)
        else:
            refunds.append(_request_one(command, payment_id, source, part, context))
        left -= part
    return refunds, left


def _return_credit(
    command: RefundPayment,
    payment_id: str,
    source: CreditPart,
    amount: money.Money,
    context: DecisionContext,
) -> None:
    return_part.refund_part(
        context,
        payment_id,
        source,
        booking_id=command.booking_id,
        obligation=command.obligation,
        amount=amount,
        cause="airline" if command.by_airline else "refund",
    )


def _request_one(
    command: RefundPayment,
    payment_id: str,
    captured: Capture,
    amount: money.Money,
    context: DecisionContext,
) -> str:
    """Request the refund of a part of one capture; return its id."""
    payment = _load(command, payment_id, context)
    refund = ids.refund_id(payment_id, len(payment.refunds) + 1)
    requested = payment_refunds.request_refund(
        payment,
        refund=refund,
        intent=captured.intent,
        amount=amount,
        obligation=command.obligation,
        idempotency_key=f"refund:{refund}",
        now=context.now,
    )
    context.record(payment_id, requested)
    context.enqueue(SendRefund(payment_id=payment_id, refund=refund))
    return refund


def _sources(payment: Payment, command: RefundPayment) -> list[Capture | CreditPart]:
    """Return what is drawn from, in order: captures that paid, credit, then parked captures.

    What was parked by card goes back to a card, and to no credit.
    """
    captures = _in_order(payment, command)
    if command.intent is not None or not payment.is_settled():
        return [*captures]
    paid = [each for each in captures if not each.parked]
    parked = [each for each in captures if each.parked]
    return [*paid, *payment.credit_parts, *parked]


def _owe_rest(
    command: RefundPayment,
    left: money.Money,
    refund_ids: dict[str, str],
    context: DecisionContext,
) -> money.Money:
    """Leave with finance what does not fit because money was refunded at Stripe by hand.

    Finance says whether that paid the debt. Returns what is left for another reason.
    """
    for payment_id in command.payment_ids:
        for captured in _in_order(_load(command, payment_id, context), command):
            payment = _load(command, payment_id, context)
            by_hand = payment.beyond_rules(captured.intent)
            if by_hand.currency != left.currency or not min(by_hand.amount, left.amount):
                continue
            part = by_hand if by_hand.amount < left.amount else left
            refund = ids.refund_id(payment_id, len(payment.refunds) + 1)
            owed = external_refunds.owe_without_sending(
                payment,
                refund=refund,
                intent=captured.intent,
                amount=part,
                obligation=command.obligation,
                code=external_refunds.REFUNDED_BY_HAND,
                now=context.now,
            )
            context.record(payment_id, owed)
            known = refund_ids.get(payment_id)
            refund_ids[payment_id] = refund if known is None else f"{known},{refund}"
            left -= part
    return left


def _in_order(payment: Payment, command: RefundPayment) -> list[Capture]:
    """Return the captures to refund: the wanted one, then applied before parked, newest first."""
    intent = None if command.else_others else command.intent
    wanted = [c for c in reversed(payment.captures) if intent in (None, c.intent)]
    return sorted(wanted, key=lambda captured: (captured.intent != command.intent, captured.parked))


def _by_payer(payment: Payment, left: money.Money) -> dict[str, money.Money]:
    """Return what each of several payers gets back, in proportion to what they have paid.

    Credit is one of them. Empty where there is one payer, or where all that is left goes back.
    """
    free = {
        captured.intent: payment.refundable(captured.intent)
        for captured in payment.captures
        if captured.applied().amount and captured.amount.currency == left.currency
    }
    credited = payment.is_settled() and payment.due.currency == left.currency
    parts = [each for each in payment.credit_parts if credited and not each.is_withdrawn]
    free |= {each.use: each.left for each in parts}
    held = money.total(list(free.values()), left.currency)
    is_shared = payment.is_shared() or bool(parts)
    if not is_shared or len(free) < 2 or left.amount >= held.amount:
        return {}
    shares = money.split(left, [each.amount for each in free.values()])
    return dict(zip(free, shares, strict=True))


def _least(free: money.Money, left: money.Money) -> money.Money:
    """Return what of the amount left is free to be drawn; zero in another currency."""
    if free.currency != left.currency:
        return money.Money(0, left.currency)
    return free if free.amount < left.amount else left
