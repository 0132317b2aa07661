"""Posting rule of reconciliation: a difference that two persons write off to a named account."""

from domain.kernel import entries, money
from domain.ledger import accounts
from domain.ledger.carriage import Posted
from domain.ledger.rules import make_entry

WRITE_OFF_RULE = "reconciliation_write_off"
# Where a difference on Stripe's clearing account may be written off to.
WRITE_OFF_ACCOUNTS = frozenset(
    {accounts.PROCESSING_FEES, accounts.DISPUTE_LOSSES, accounts.FX_GAIN_LOSS}
)


def write_off_entry(posted: Posted, *, amount: money.Money, account: str) -> entries.Entry:
    """What account 1010 has beyond Stripe's balance becomes a loss; where negative, a gain."""
    assert account in WRITE_OFF_ACCOUNTS
    return make_entry(
        rule=WRITE_OFF_RULE,
        booking=posted.booking,
        references=posted.references,
        now=posted.now,
        amounts=((account, amount), (accounts.STRIPE_CLEARING, -amount)),
    )
