"""What became of the payment of a gift card, for the page after the checkout: nothing personal."""

import datetime as dt
from collections.abc import Mapping

from application.booking.ports import BookingPorts
from application.booking.read_payment_outcome import (
    PAYABLE,
    PaymentOutcome,
    PaymentStep,
    UnusedMoney,
    is_final_step,
    is_recent,
    step_of_unpaid,
    unused_money_of,
)
from application.commands import stream_kinds
from domain.credit import gift_cards
from domain.credit.state import CardStatus, Credit
from domain.kernel import ids
from domain.payment.state import Payment

_STEPS: Mapping[CardStatus, PaymentStep] = {
    "paid": PaymentStep.CONFIRMED,
    "claimed": PaymentStep.CONFIRMED,
    "refunded": PaymentStep.ENDED,
}


async def read_gift_card_payment(ports: BookingPorts, credit_id: str) -> PaymentOutcome:
    """Return the outcome of the card's last checkout. Anybody may ask. Raises Unavailable."""
    credit: Credit | None = (await ports.bus.current(stream_kinds.CREDIT, credit_id))[0]
    payment_id = ids.payment_stream(credit_id, ids.FIRST_PAYMENT)
    payment: Payment | None = (await ports.bus.current(stream_kinds.PAYMENT, payment_id))[0]
    if credit is None or payment is None or not payment.attempts:
        return PaymentOutcome()
    attempt, now = payment.attempts[-1], ports.clock()
    if not is_recent(attempt, now=now):
        return PaymentOutcome()
    unused = unused_money_of([payment])
    step = _step(credit, payment, unused, now=now)
    return PaymentOutcome(
        step=step,
        language="ar" if attempt.locale == "ar" else "en",
        is_final=is_final_step(step, payment, unused),
        pay_until=credit.expires_at if step in PAYABLE else None,
        pay_at="UTC",
        total=credit.issued if step is PaymentStep.CONFIRMED else None,
        unused_money=unused,
    )


def _step(
    credit: Credit, payment: Payment, unused: UnusedMoney, *, now: dt.datetime
) -> PaymentStep:
    status = gift_cards.card_of(credit).status
    if status != "ordered":
        return _STEPS[status]
    if unused is not UnusedMoney.NONE:
        return PaymentStep.UNUSED
    # What only a signature reported pays for the card once Stripe has confirmed it.
    if payment.is_settled():
        return PaymentStep.PAID
    return step_of_unpaid(payment, credit.expires_at, now=now)
