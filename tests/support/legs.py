"""Rows of the three legs that fit, and that tests then bend."""

import datetime as dt
from typing import Any

from msgspec.structs import replace

from domain.kernel.money import Money
from domain.reconciliation.breaks import Break
from domain.reconciliation.matching import match
from domain.reconciliation.records import (
    BankLine,
    BookedFact,
    BookedTransaction,
    Legs,
    Listed,
    ListedPayout,
)

MORNING = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 26, 9, 0, tzinfo=dt.UTC)
ARRIVAL = dt.date(2026, 11, 23)


def capture(
    amount: Money, charge: str = "ch_1", *, position: int = 1, **changed: Any
) -> BookedFact:
    """A capture as the ledger has it."""
    fact = BookedFact(
        category="charge",
        key=charge,
        amounts=(amount,),
        position=position,
        booked_at=MORNING,
        collects=("pi_1",),
    )
    return replace(fact, **changed)


def listed(amount: Money, id_: str = "txn_1", *, fee: int = 0, **changed: Any) -> Listed:
    """A charge as Stripe lists it, settled in its own currency."""
    row = Listed(
        id=id_,
        category="charge",
        key="ch_1",
        booked_by="fact",
        gross=amount,
        fee=Money(fee, amount.currency),
        created_at=MORNING,
        available_on=MORNING.date(),
        digest=f"hash of {id_}",
        charged=amount,
        collects=("pi_1",),
    )
    return replace(row, **changed)


def fee_of(id_: str, amount: Money, *, position: int = 2) -> BookedTransaction:
    """What the ledger booked for the fee of a transaction."""
    return BookedTransaction(id_, (-amount,), position)


def payout(amount: Money, id_: str = "po_1", **changed: Any) -> ListedPayout:
    """A payout that the bank should have, with what it paid out."""
    row = ListedPayout(
        id=id_,
        amount=amount,
        status="paid",
        arrives_on=ARRIVAL,
        created_at=MORNING,
        digest=f"hash of {id_}",
        paid_out=amount,
    )
    return replace(row, **changed)


def bank_line(amount: Money, text: str = "STRIPE PAYOUT PO_1", id_: str = "b1") -> BankLine:
    """A line of the bank's statement."""
    return BankLine(id=id_, booked_on=ARRIVAL, amount=amount, text=text, digest=f"hash of {id_}")


def sold(currency: str = "SAR", amount: int = 70_150) -> Legs:
    """A sale with its fee, and the payout of both that reached the bank."""
    price, fee = Money(amount, currency), Money(1_900, currency)
    return Legs(
        facts=(
            capture(price),
            BookedFact(
                category="payout",
                key="po_1",
                amounts=(fee - price,),
                position=3,
                booked_at=MORNING,
            ),
        ),
        transactions=(fee_of("txn_1", fee),),
        listed=(
            listed(price, fee=fee.amount),
            listed(fee - price, "txn_2", category="payout", key="po_1", collects=()),
        ),
        payouts=(payout(price - fee),),
        bank=(bank_line(price - fee),),
        bank_until=ARRIVAL,
        openings=frozenset({"ch_1", "po_1"}),
    )


def breaks_of(legs: Legs, now: dt.datetime = NOW) -> list[Break]:
    """The breaks that matching finds."""
    return [each.found for each in match(legs, now=now) if each.found is not None]
