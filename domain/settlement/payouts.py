"""Payouts to the bank: begun, paid, failed, and compared with what they paid out (S5)."""

import datetime as dt
from typing import assert_never

from msgspec.structs import replace

from domain.kernel import entries, money
from domain.settlement.events import (
    PayoutCreated,
    PayoutEvent,
    PayoutFailed,
    PayoutPaid,
    PayoutReconciled,
)
from domain.settlement.state import Payout, PayoutStatus


def create(
    payout: Payout | None,
    *,
    amount: money.Money,
    automatic: bool,
    arrives_on: dt.date,
    created_at: dt.datetime,
    entry: entries.Entry | None,
) -> list[PayoutEvent]:
    """Stripe has begun a payout: recorded once."""
    if payout is not None:
        return []
    return [
        PayoutCreated(
            amount=amount,
            automatic=automatic,
            arrives_on=arrives_on,
            created_at=created_at,
            entry=entry,
        )
    ]


def pay(payout: Payout, *, entry: entries.Entry | None) -> list[PayoutEvent]:
    """The bank should have the money; a report that is older than the failure changes nothing."""
    if payout.status is not PayoutStatus.IN_TRANSIT:
        return []
    return [PayoutPaid(entry=entry)]


def fail(payout: Payout, *, code: str, entry: entries.Entry | None) -> list[PayoutEvent]:
    """The money returned to Stripe's balance, also within days after it was paid."""
    if payout.status is PayoutStatus.FAILED:
        return []
    return [PayoutFailed(code=code, after_paid=payout.status is PayoutStatus.PAID, entry=entry)]


def reconcile(
    payout: Payout, *, transactions: tuple[str, ...], paid_out: money.Money
) -> list[PayoutEvent]:
    """Record which transactions the payout paid out; the same list again records nothing."""
    if payout.transactions == transactions and payout.paid_out == paid_out:
        return []
    return [PayoutReconciled(transactions=transactions, paid_out=paid_out)]


def difference(payout: Payout) -> money.Money | None:
    """Return by how much the payout differs from what it paid out; None before that is known."""
    return None if payout.paid_out is None else payout.amount - payout.paid_out


def evolve(payout: Payout | None, event: PayoutEvent) -> Payout:
    """The payout after the event; never rejects a stored fact."""
    if isinstance(event, PayoutCreated):
        return Payout(amount=event.amount, automatic=event.automatic, arrives_on=event.arrives_on)
    assert payout is not None, "a payout begins with PayoutCreated"
    match event:
        case PayoutPaid():
            return replace(payout, status=PayoutStatus.PAID)
        case PayoutFailed():
            return replace(payout, status=PayoutStatus.FAILED)
        case PayoutReconciled():
            return replace(payout, transactions=event.transactions, paid_out=event.paid_out)
        case _:
            assert_never(event)
