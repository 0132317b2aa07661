"""Let captured money pay for its gift card, once Stripe itself has confirmed it.

A card is as good as cash: what only a signature reported waits for the check with Stripe's list.
"""

from application.commands import stream_kinds
from application.commands.context import DecisionContext
from application.credit.gift_card_letters import GiftCardCodeLetter, GiftCardReceiptLetter
from domain.credit import gift_cards
from domain.ledger import credits as posting
from domain.payment import captures
from domain.payment.captures import ParkReason
from domain.payment.state import CaptureCheck


def pay_gift_card(context: DecisionContext, payment_id: str, intent: str) -> None:
    """Sell the card, or park money that it cannot take: a second payment, or another amount.

    Records nothing for money that Stripe has not confirmed yet, or that was applied or parked.
    """
    payment = context.load(stream_kinds.PAYMENT, payment_id)
    assert payment is not None, "it captured the money"
    captured = payment.capture(intent)
    assert captured is not None, "only captured money pays for a card"
    if captured.check not in {None, CaptureCheck.PASSED} or captured.parked:
        return
    credit = context.load(stream_kinds.CREDIT, payment.booking)
    card = gift_cards.card_of(credit)
    assert credit is not None
    if card.intent == intent:
        return
    if card.status != "ordered" or captured.amount != credit.issued:
        reason: ParkReason = "duplicate" if card.status != "ordered" else "amount_differs"
        context.record(payment_id, captures.park(payment, intent=intent, reason=reason))
        return
    paid = gift_cards.pay(
        credit,
        payment=payment_id,
        intent=intent,
        now=context.now,
        entry=posting.sold_entry(
            credit=payment.booking,
            amount=captured.amount,
            references=(captured.intent, captured.charge),
            now=context.now,
        ),
    )
    context.record(payment.booking, paid)
    context.enqueue(GiftCardCodeLetter(credit_id=payment.booking))
    context.enqueue(GiftCardReceiptLetter(credit_id=payment.booking))
