"""Posting rules of what Stripe settles: fees, exchange, and payouts to the bank.

The postings name the settlement or the payout where others name a booking: what Stripe charges the
airline, and at which rate it settles, is no matter of the customer's account.
"""

import datetime as dt

from domain.kernel import entries, money
from domain.ledger import accounts
from domain.ledger.rules import make_entry

TRANSACTION_RULE = "balance_transaction"
PAYOUT_CREATED_RULE = "payout_created"
PAYOUT_PAID_RULE = "payout_paid"
PAYOUT_FAILED_RULE = "payout_failed"


def transaction_entry(
    *,
    owner: str,
    cost: money.Money,
    exchanged: tuple[money.Money, money.Money] | None,
    residue: money.Money,
    references: tuple[str, ...],
    now: dt.datetime,
) -> entries.Entry | None:
    """The fee, the exchange (charged, settled) and the loss by exchange; None for nothing.

    The exchange turns clearing in the currency of the charge into clearing in that of the
    settlement, by way of account 1015; what a refund at another rate leaves there is a gain or
    loss.
    """
    amounts = [(accounts.PROCESSING_FEES, cost), (accounts.STRIPE_CLEARING, -cost)]
    if exchanged is not None:
        charged, settled = exchanged
        amounts += [
            (accounts.FX_CLEARING, charged),
            (accounts.STRIPE_CLEARING, -charged),
            (accounts.STRIPE_CLEARING, settled),
            (accounts.FX_CLEARING, -settled),
        ]
    amounts += [(accounts.FX_GAIN_LOSS, residue), (accounts.FX_CLEARING, -residue)]
    return _entry(TRANSACTION_RULE, owner, references, now, amounts)


def payout_created_entry(
    *, owner: str, amount: money.Money, references: tuple[str, ...], now: dt.datetime
) -> entries.Entry | None:
    """Money left Stripe's balance for the bank; a negative payout moves the other way."""
    amounts = [(accounts.PAYOUTS_IN_TRANSIT, amount), (accounts.STRIPE_CLEARING, -amount)]
    return _entry(PAYOUT_CREATED_RULE, owner, references, now, amounts)


def payout_paid_entry(
    *, owner: str, amount: money.Money, references: tuple[str, ...], now: dt.datetime
) -> entries.Entry | None:
    """The bank has the money."""
    amounts = [(accounts.BANK, amount), (accounts.PAYOUTS_IN_TRANSIT, -amount)]
    return _entry(PAYOUT_PAID_RULE, owner, references, now, amounts)


def payout_failed_entry(
    *,
    owner: str,
    amount: money.Money,
    after_paid: bool,
    references: tuple[str, ...],
    now: dt.datetime,
) -> entries.Entry | None:
    """The money returned to Stripe's balance: from the bank where it had been recorded as paid."""
    where = accounts.BANK if after_paid else accounts.PAYOUTS_IN_TRANSIT
    amounts = [(accounts.STRIPE_CLEARING, amount), (where, -amount)]
    return _entry(PAYOUT_FAILED_RULE, owner, references, now, amounts)


def _entry(
    rule: str,
    owner: str,
    references: tuple[str, ...],
    now: dt.datetime,
    amounts: list[tuple[str, money.Money]],
) -> entries.Entry | None:
    """Return the entry; None where nothing moves."""
    if not any(amount.amount for _, amount in amounts):
        return None
    return make_entry(
        rule=rule, booking=owner, references=references, now=now, amounts=tuple(amounts)
    )
