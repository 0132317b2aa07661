"""What a dispute of the payment for a gift card means for its credit.

While it is open nothing of the credit can be used; when it is lost, what is left pays for it.
"""

from application.commands import stream_kinds
from application.commands.context import DecisionContext
from application.policies.rules_now import load_rule
from domain.credit import gift_cards
from domain.credit.state import Credit
from domain.kernel import ids, money
from domain.ledger import credits as posting
from domain.payment import captures
from domain.payment.dispute_state import Dispute, DisputeStage
from domain.payment.state import Payment
from domain.policies.money_values import GiftCards


def mark_credit(context: DecisionContext, payment: Payment, dispute: Dispute) -> None:
    """Block the credit that the disputed money has bought, or end that.

    What a lost dispute took comes back once it is won after all and Stripe has returned the money.
    """
    credit = _bought(context, payment, dispute.intent)
    if credit is None:
        return
    if dispute.stage is DisputeStage.OPEN:
        recorded = gift_cards.block(credit, dispute=dispute.id)
    elif dispute.stage is not DisputeStage.INQUIRY:
        recorded = gift_cards.unblock(credit, dispute=dispute.id)
    else:
        return
    context.record(payment.booking, recorded)
    if dispute.stage is DisputeStage.WON:
        _reinstate(context, payment.booking, credit, dispute)


def _reinstate(context: DecisionContext, credit_id: str, credit: Credit, dispute: Dispute) -> None:
    amount, _ = gift_cards.reinstatable(credit, dispute=dispute.id, lost=dispute.lost)
    entry = None
    if amount.amount:
        entry = posting.reinstated_entry(
            credit=credit_id,
            amount=amount,
            references=(dispute.id, dispute.charge),
            now=context.now,
        )
    lasts_until = context.now + load_rule(context, GiftCards).reinstated
    reinstated = gift_cards.reinstate(
        credit, dispute=dispute.id, lost=dispute.lost, lasts_until=lasts_until, entry=entry
    )
    context.record(credit_id, reinstated)


def park_unused(context: DecisionContext, payment_id: str, intent: str) -> None:
    """Park disputed money that was to buy a card, and that Stripe itself has not confirmed yet.

    It buys none when the confirmation comes after its loss.
    """
    payment = context.load(stream_kinds.PAYMENT, payment_id)
    captured = None if payment is None else payment.capture(intent)
    assert payment is not None, "it captured the money"
    assert captured is not None, "only captured money is disputed"
    if captured.parked or not ids.is_credit_id(payment.booking):
        return
    if _bought(context, payment, intent) is None:
        context.record(payment_id, captures.park(payment, intent=intent, reason="not_payable"))


def charge_back_credit(
    context: DecisionContext, payment: Payment, dispute: Dispute, left: int
) -> int:
    """Let the credit pay for what is `left` of a lost dispute; return what it does not cover.

    In minor units.
    """
    credit = _bought(context, payment, dispute.intent)
    if credit is None or not left:
        return left
    amount = money.Money(left, dispute.amount.currency)
    covered = gift_cards.charged_back(credit, amount)
    entry = None
    if covered.amount:
        entry = posting.charged_back_entry(
            credit=payment.booking,
            amount=covered,
            references=(dispute.id, dispute.charge),
            now=context.now,
        )
    charged = gift_cards.charge_back(credit, dispute=dispute.id, amount=amount, entry=entry)
    context.record(payment.booking, charged)
    return left - covered.amount


def recover_loss(context: DecisionContext, credit_id: str) -> None:
    """Let credit that has come back make good for what a lost dispute has taken beyond it."""
    credit = context.load(stream_kinds.CREDIT, credit_id)
    assert credit is not None, "a part of it came back"
    amount = gift_cards.recoverable(credit)
    if amount.amount:
        entry = posting.loss_recovered_entry(credit=credit_id, amount=amount, now=context.now)
        context.record(credit_id, gift_cards.recover(credit, entry=entry))


def _bought(context: DecisionContext, payment: Payment, intent: str) -> Credit | None:
    """Return the credit that the captured money has bought, and not been returned of."""
    if not ids.is_credit_id(payment.booking):
        return None
    credit = context.load(stream_kinds.CREDIT, payment.booking)
    return credit if credit is not None and gift_cards.card_of(credit).intent == intent else None
