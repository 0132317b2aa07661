"""Request refunds of captured money: the intention is recorded before Stripe is called.

The amount is drawn from the captures of the booking's payments, newest payment first and applied
money before parked money; each draw is a refund of its own with a task for the worker.
"""

from typing import ClassVar

import msgspec

from application import ports, streams
from application.orders import Decision
from application.planning import Reading
from domain.kernel import ids, money
from domain.payment import refund_decisions, rejections
from domain.payment.events import PaymentEvent
from domain.payment.state import Capture, Payment, evolve


class SendRefund(ports.BackgroundTask, frozen=True):
    """Ask Stripe for a refund, or for the state of one that Stripe has."""

    topic: ClassVar[str] = "refund_payment"

    payment_id: str
    refund: str


class RefundPayment(msgspec.Struct, frozen=True):
    """Give `amount` back that is owed by `obligation`, once for each obligation.

    `payments` are the booking's payment streams, newest first; `intent` limits the refund to one
    capture, for money that was paid late, twice or in excess.
    """

    booking: str
    obligation: str
    amount: money.Money
    payments: tuple[str, ...]
    intent: str | None = None

    @property
    def hints(self) -> tuple[str, ...]:
        """The payments."""
        return self.payments


def refund_payment(command: RefundPayment, reading: Reading) -> Decision:
    """Rejects PaymentNotFound, RefundExceedsCaptured; an obligation told again records nothing.

    The answer's ids are the refunds by payment stream, joined by a comma where there are several;
    to give nothing back records nothing.
    """
    assert command.payments, "there is no refund without a payment"
    assert command.amount.amount >= 0, "nobody is owed less than nothing"
    assert len(set(command.payments)) == len(command.payments)
    payments = {stream: _load(command, stream, reading) for stream in command.payments}
    asked = _asked_before(command, payments)
    if asked:
        return Decision(answer_stream=command.payments[0], ids=asked)
    drawn = _drawn(command, payments, reading)
    return Decision(
        answer_stream=command.payments[0],
        events=tuple((stream, events) for stream, (_, events) in drawn.items()),
        ids={stream: ",".join(refunds) for stream, (refunds, _) in drawn.items()},
        outbox=tuple(
            SendRefund(payment_id=stream, refund=refund)
            for stream, (refunds, _) in drawn.items()
            for refund in refunds
        ),
    )


def _load(command: RefundPayment, stream: str, reading: Reading) -> Payment:
    payment = reading.load(streams.PAYMENT, stream)
    if payment is None or payment.booking != command.booking:
        raise rejections.PaymentNotFound()
    return payment


def _asked_before(command: RefundPayment, payments: dict[str, Payment]) -> dict[str, str]:
    asked = {
        stream: ",".join(r.id for r in payment.refunds if r.obligation == command.obligation)
        for stream, payment in payments.items()
    }
    return {stream: refunds for stream, refunds in asked.items() if refunds}


def _drawn(
    command: RefundPayment, payments: dict[str, Payment], reading: Reading
) -> dict[str, tuple[list[str], list[PaymentEvent]]]:
    """Refund ids and events by stream, for exactly the amount."""
    left = command.amount
    drawn: dict[str, tuple[list[str], list[PaymentEvent]]] = {}
    for stream, payment in payments.items():
        refunds: list[str] = []
        recorded: list[PaymentEvent] = []
        for captured in _in_order(payment, command.intent):
            part = _part(payment, captured, left)
            if part.amount <= 0:
                continue
            refund = ids.refund_id(stream, len(payment.refunds) + 1)
            requested = refund_decisions.request_refund(
                payment,
                refund=refund,
                intent=captured.intent,
                amount=part,
                obligation=command.obligation,
                idempotency_key=f"refund:{refund}",
                now=reading.now,
            )
            for event in requested:
                payment = evolve(payment, event)
            refunds.append(refund)
            recorded += requested
            left -= part
        if recorded:
            drawn[stream] = (refunds, recorded)
    if left.amount > 0:
        raise rejections.RefundExceedsCaptured()
    return drawn


def _in_order(payment: Payment, intent: str | None) -> list[Capture]:
    """The captures to draw from: applied before parked, each newest first."""
    wanted = [c for c in reversed(payment.captures) if intent in (None, c.intent)]
    return sorted(wanted, key=lambda captured: captured.parked)


def _part(payment: Payment, captured: Capture, left: money.Money) -> money.Money:
    """How much of what is left this capture can give; nothing of another currency."""
    free = payment.refundable(captured.intent)
    if free.currency != left.currency:
        return money.Money(0, left.currency)
    return free if free.amount < left.amount else left
