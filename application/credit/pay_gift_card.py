"""Let captured money pay for its gift card, once Stripe itself has confirmed it.

A card is as good as cash: what only a signature reported waits for the check with Stripe's list.
"""

from application.commands import stream_kinds
from application.commands.context import DecisionContext
from application.credit.dispute_credit import mark_credit
from application.credit.gift_card_letters import GiftCardCodeLetter, GiftCardReceiptLetter
from application.policies.rules_now import load_rule
from domain.credit import gift_cards
from domain.credit.state import Credit
from domain.ledger import credits as posting
from domain.payment import captures
from domain.payment.captures import ParkReason
from domain.payment.state import Capture, CaptureCheck, Payment
from domain.policies.money_values import GiftCards


def pay_gift_card(context: DecisionContext, payment_id: str, intent: str) -> None:
    """Sell the card, or park money that it cannot take.

    That is a second payment, another amount, or what has left in part before Stripe confirmed it.
    While the money is disputed, the card is blocked from the start. Records nothing for money that
    Stripe has not confirmed yet, or that was applied or parked.
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
    reason = _why_unusable(credit, payment, captured)
    if reason is not None:
        context.record(payment_id, captures.park(payment, intent=intent, reason=reason))
        return
    rules = load_rule(context, GiftCards)
    paid = gift_cards.pay(
        credit,
        payment=payment_id,
        intent=intent,
        now=context.now,
        lasts=rules.lifetime,
        refundable_for=rules.refundable,
        entry=posting.sold_entry(
            credit=payment.booking,
            amount=captured.amount,
            references=(captured.intent, captured.charge),
            now=context.now,
        ),
    )
    context.record(payment.booking, paid)
    disputed = payment.open_dispute(intent)
    if disputed is not None:
        mark_credit(context, payment, disputed)
    context.enqueue(GiftCardCodeLetter(credit_id=payment.booking))
    context.enqueue(GiftCardReceiptLetter(credit_id=payment.booking))


def _why_unusable(credit: Credit, payment: Payment, captured: Capture) -> ParkReason | None:
    """Return why the money buys no card; None where it does."""
    if gift_cards.card_of(credit).status != "ordered":
        return "duplicate"
    if captured.amount != credit.issued:
        return "amount_differs"
    is_whole = payment.refundable(captured.intent) == captured.amount
    return None if is_whole else "not_payable"
