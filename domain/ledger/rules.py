"""Posting rules of money at the provider, and how every entry is made."""

import datetime as dt
from collections.abc import Sequence

from domain.kernel import entries, money
from domain.ledger import accounts

CAPTURE_RULE = "capture"
PARKED_FUNDS_OWED_RULE = "parked_funds_owed"
FUNDS_ALLOCATED_RULE = "funds_allocated"
REFUND_ACCEPTED_RULE = "refund_accepted"
REFUND_FAILED_RULE = "refund_failed"
REFUND_TRANSFERRED_RULE = "refund_transferred"

accounting_day = entries.accounting_day


def capture_entry(
    *, booking: str, amount: money.Money, references: tuple[str, ...], now: dt.datetime
) -> entries.Entry:
    """Money captured at Stripe: clearing against unapplied funds, gross (L2)."""
    return make_entry(
        rule=CAPTURE_RULE,
        booking=booking,
        references=references,
        now=now,
        amounts=(
            (accounts.STRIPE_CLEARING, amount),
            (accounts.UNAPPLIED_FUNDS, -amount),
        ),
    )


def parked_funds_owed_entry(
    *, booking: str, amount: money.Money, references: tuple[str, ...], now: dt.datetime
) -> entries.Entry:
    """Parked money is returned to its payer: unapplied funds become a refund that is owed."""
    return make_entry(
        rule=PARKED_FUNDS_OWED_RULE,
        booking=booking,
        references=references,
        now=now,
        amounts=(
            (accounts.UNAPPLIED_FUNDS, amount),
            (accounts.REFUNDS_PAYABLE, -amount),
        ),
    )


def funds_allocated_entry(
    *,
    intent: str,
    booking: str,
    amount: money.Money,
    references: tuple[str, ...],
    now: dt.datetime,
) -> entries.Entry:
    """Money without a booking pays for one: within unapplied funds, from the intent to it."""
    return entries.Entry(
        effective_on=accounting_day(now),
        rule=FUNDS_ALLOCATED_RULE,
        version=1,
        references=references,
        postings=(
            entries.Posting(accounts.UNAPPLIED_FUNDS, intent, amount.amount, amount.currency),
            entries.Posting(accounts.UNAPPLIED_FUNDS, booking, -amount.amount, amount.currency),
        ),
    )


def make_entry(
    *,
    rule: str,
    booking: str,
    references: tuple[str, ...],
    now: dt.datetime,
    amounts: tuple[tuple[str, money.Money], ...],
) -> entries.Entry:
    """An entry of one booking, dated in the accounting zone; amounts of zero are left out."""
    return entries.Entry(
        effective_on=accounting_day(now),
        rule=rule,
        version=1,
        references=references,
        postings=tuple(
            entries.Posting(account, booking, amount.amount, amount.currency)
            for account, amount in amounts
            if amount.amount
        ),
    )


def reversing_entry(rule: str, reversed_: Sequence[entries.Entry]) -> entries.Entry | None:
    """What takes these entries of one booking back, on their accounting day; None for none."""
    if not reversed_:
        return None
    sums: dict[tuple[str, str, str], int] = {}
    for posting in (each for entry in reversed_ for each in entry.postings):
        key = (posting.account, posting.booking, posting.currency)
        sums[key] = sums.get(key, 0) - posting.amount
    return entries.Entry(
        effective_on=max(each.effective_on for each in reversed_),
        rule=rule,
        version=1,
        references=reversed_[0].references,
        postings=tuple(
            entries.Posting(account, booking, amount, currency)
            for (account, booking, currency), amount in sums.items()
            if amount
        ),
    )


def refund_accepted_entry(
    *, booking: str, amount: money.Money, references: tuple[str, ...], now: dt.datetime
) -> entries.Entry:
    """Stripe took a refund from our balance: what was owed is paid out of clearing, gross."""
    return make_entry(
        rule=REFUND_ACCEPTED_RULE,
        booking=booking,
        references=references,
        now=now,
        amounts=(
            (accounts.REFUNDS_PAYABLE, amount),
            (accounts.STRIPE_CLEARING, -amount),
        ),
    )


def refund_failed_entry(
    *, booking: str, amount: money.Money, references: tuple[str, ...], now: dt.datetime
) -> entries.Entry:
    """A refund was returned to our balance: it is owed again."""
    return make_entry(
        rule=REFUND_FAILED_RULE,
        booking=booking,
        references=references,
        now=now,
        amounts=(
            (accounts.STRIPE_CLEARING, amount),
            (accounts.REFUNDS_PAYABLE, -amount),
        ),
    )


def refund_transferred_entry(
    *, booking: str, amount: money.Money, references: tuple[str, ...], now: dt.datetime
) -> entries.Entry:
    """Finance paid a refund by a transfer: what was owed is paid out of the bank."""
    return make_entry(
        rule=REFUND_TRANSFERRED_RULE,
        booking=booking,
        references=references,
        now=now,
        amounts=(
            (accounts.REFUNDS_PAYABLE, amount),
            (accounts.BANK, -amount),
        ),
    )
