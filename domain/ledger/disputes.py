"""Posting rules of disputes: money that a payer's bank takes, returns or keeps.

Rule (L6): what the bank holds is a receivable (1200) until it decides. If the airline loses, the
receivable is closed against what the payer was owed: refunds, coupons not flown, parked money. What
nothing covers is a loss (6010). Stripe's fee for a dispute (6020) is an expense at once, and comes
back only where Stripe returns it.
"""

from domain.kernel import entries, money
from domain.ledger import accounts
from domain.ledger.carriage import Posted, Value, liabilities
from domain.ledger.rules import make_entry

WITHDRAWN_RULE = "dispute_withdrawn"
REINSTATED_RULE = "dispute_reinstated"
LOST_RULE = "dispute_lost"
COUPONS_CHARGED_BACK_RULE = "coupons_charged_back"
REFUND_CHARGED_BACK_RULE = "refund_charged_back"


def withdrawn_entry(posted: Posted, *, amount: money.Money, fee: money.Money) -> entries.Entry:
    """Stripe took the disputed money and its fee, which may be of the settlement currency."""
    return _entry(
        WITHDRAWN_RULE,
        posted,
        ((accounts.DISPUTES_RECEIVABLE, amount), *_clearing(-amount, -fee)),
        fee=fee,
    )


def reinstated_entry(
    posted: Posted, *, amount: money.Money, recovered: int, parked: int, fee: money.Money
) -> entries.Entry:
    """Stripe returned disputed money, of which `recovered` minor units had been lost, and this much
    of its fee. `parked` of what had been lost is the payer's again.
    """
    back = money.Money(recovered, amount.currency)
    unapplied = money.Money(parked, amount.currency)
    return _entry(
        REINSTATED_RULE,
        posted,
        (
            *_clearing(amount, fee),
            (accounts.DISPUTES_RECEIVABLE, back - amount),
            (accounts.DISPUTE_LOSSES, unapplied - back),
            (accounts.UNAPPLIED_FUNDS, -unapplied),
        ),
        fee=-fee,
    )


def lost_entry(posted: Posted, *, parked: money.Money, loss: money.Money) -> entries.Entry | None:
    """The bank kept the money: `parked` of it was never applied to a booking, `loss` is covered by
    nothing. None where both are zero.
    """
    if not parked.amount and not loss.amount:
        return None
    return _entry(
        LOST_RULE,
        posted,
        (
            (accounts.UNAPPLIED_FUNDS, parked),
            (accounts.DISPUTE_LOSSES, loss),
            (accounts.DISPUTES_RECEIVABLE, -(parked + loss)),
        ),
    )


def coupons_charged_back_entry(
    posted: Posted, *, value: Value, charged_back: int, owed: int
) -> entries.Entry:
    """Coupons are void: of their liabilities the payer has `charged_back`, and is `owed` what a
    card can be refunded of the rest; less than that lowers the loss. Minor units.
    """
    rest = value.total - charged_back - owed
    assert min(charged_back, owed, rest) >= 0
    currency = value.currency
    return _entry(
        COUPONS_CHARGED_BACK_RULE,
        posted,
        (
            *(
                (account, money.Money(amount, currency))
                for account, amount in liabilities(value, sign=1)
            ),
            (accounts.DISPUTES_RECEIVABLE, money.Money(-charged_back, currency)),
            (accounts.REFUNDS_PAYABLE, money.Money(-owed, currency)),
            (accounts.DISPUTE_LOSSES, money.Money(-rest, currency)),
        ),
    )


def refund_charged_back_entry(posted: Posted, *, amount: money.Money) -> entries.Entry:
    """The payer has by the dispute what was owed as a refund."""
    return _entry(
        REFUND_CHARGED_BACK_RULE,
        posted,
        (
            (accounts.REFUNDS_PAYABLE, amount),
            (accounts.DISPUTES_RECEIVABLE, -amount),
        ),
    )


def _clearing(amount: money.Money, fee: money.Money) -> tuple[tuple[str, money.Money], ...]:
    """The lines of Stripe's balance: one where both are of the same currency."""
    if amount.currency == fee.currency:
        return ((accounts.STRIPE_CLEARING, amount + fee),)
    return ((accounts.STRIPE_CLEARING, amount), (accounts.STRIPE_CLEARING, fee))


def _entry(
    rule: str,
    posted: Posted,
    amounts: tuple[tuple[str, money.Money], ...],
    *,
    fee: money.Money | None = None,
) -> entries.Entry:
    fees = () if fee is None else ((accounts.DISPUTE_FEES, fee),)
    return make_entry(
        rule=rule,
        booking=posted.booking,
        references=posted.references,
        now=posted.now,
        amounts=(*amounts, *fees),
    )
