"""Posting rules of external refunds: made at Stripe by hand, then allocated by finance.

Rule (L7): money that left Stripe's balance without a request of ours is unallocated (1290) until
finance says what it was for: a debt (2100), parked money (2020), or goodwill (4900).
"""

import datetime as dt
from collections.abc import Sequence

from domain.kernel import entries, money
from domain.ledger import accounts
from domain.ledger.rules import accounting_day

RECORDED_RULE = "external_refund_recorded"
ALLOCATED_RULE = "external_refund_allocated"
FAILED_RULE = "external_refund_failed"

Line = tuple[str, str, money.Money]


def recorded_entry(
    *, booking: str, amount: money.Money, references: tuple[str, ...], now: dt.datetime
) -> entries.Entry:
    """Money was refunded at Stripe by hand: finance has to say what it was for."""
    lines = (
        (accounts.EXTERNAL_REFUNDS, booking, amount),
        (accounts.STRIPE_CLEARING, booking, -amount),
    )
    return _entry(RECORDED_RULE, references, now, lines)


def allocated_entry(
    *,
    booking: str,
    against: Line,
    references: tuple[str, ...],
    now: dt.datetime,
) -> entries.Entry:
    """A part of it was for this account of a booking."""
    _, _, amount = against
    lines = (against, (accounts.EXTERNAL_REFUNDS, booking, -amount))
    return _entry(ALLOCATED_RULE, references, now, lines)


def failed_entry(
    *,
    booking: str,
    unallocated: money.Money,
    allocated: Sequence[Line],
    references: tuple[str, ...],
    now: dt.datetime,
) -> entries.Entry:
    """Its money is in Stripe's balance again, and all that it was for is taken back."""
    whole = money.total([unallocated, *(amount for *_, amount in allocated)], unallocated.currency)
    lines = (
        (accounts.STRIPE_CLEARING, booking, whole),
        (accounts.EXTERNAL_REFUNDS, booking, -unallocated),
        *((account, owner, -amount) for account, owner, amount in allocated),
    )
    return _entry(FAILED_RULE, references, now, lines)


def _entry(
    rule: str, references: tuple[str, ...], now: dt.datetime, lines: Sequence[Line]
) -> entries.Entry:
    return entries.Entry(
        effective_on=accounting_day(now),
        rule=rule,
        version=1,
        references=references,
        postings=tuple(
            entries.Posting(account, booking, amount.amount, amount.currency)
            for account, booking, amount in lines
            if amount.amount
        ),
    )
