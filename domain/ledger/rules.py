"""Posting rules: the entry of each business event that moves money."""

import datetime as dt
from zoneinfo import ZoneInfo

from domain.kernel import entries, money
from domain.ledger import accounts
from domain.pricing.price import Price

CAPTURE_RULE = "capture"
TICKETING_RULE = "ticketing"

_ACCOUNTING_ZONE = ZoneInfo(entries.ACCOUNTING_ZONE)


def accounting_day(now: dt.datetime) -> dt.date:
    """The calendar day in the accounting zone on which `now` (UTC) falls."""
    return now.astimezone(_ACCOUNTING_ZONE).date()


def capture_entry(
    *, booking: str, amount: money.Money, references: tuple[str, ...], now: dt.datetime
) -> entries.Entry:
    """Money captured at Stripe: clearing against unapplied funds, gross (L2)."""
    return _entry(
        rule=CAPTURE_RULE,
        booking=booking,
        references=references,
        now=now,
        amounts=(
            (accounts.STRIPE_CLEARING, amount),
            (accounts.UNAPPLIED_FUNDS, -amount),
        ),
    )


def ticketing_entry(
    *, booking: str, price: Price, references: tuple[str, ...], now: dt.datetime
) -> entries.Entry:
    """Tickets issued: unapplied funds become fare liability, VAT and charges owed (L2)."""
    return _entry(
        rule=TICKETING_RULE,
        booking=booking,
        references=references,
        now=now,
        amounts=(
            (accounts.UNAPPLIED_FUNDS, price.total()),
            (accounts.AIR_TRAFFIC_LIABILITY, -price.of("fare")),
            (accounts.VAT_OUTPUT, -price.of("vat")),
            (accounts.AIRPORT_CHARGES, -price.of("charge")),
        ),
    )


def _entry(
    *,
    rule: str,
    booking: str,
    references: tuple[str, ...],
    now: dt.datetime,
    amounts: tuple[tuple[str, money.Money], ...],
) -> entries.Entry:
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
