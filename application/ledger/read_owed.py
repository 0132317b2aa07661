"""Reads every amount that the airline owes as a refund, and what happens to it next."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from application.ledger.ports import LedgerPorts
from application.queries import AsOf, OwedBalance, UnfinishedRefund
from domain.payment.external_refunds import REFUNDED_BY_HAND
from domain.payment.state import RefundStatus

# The refunds of these were not carried out; finance sends them again or pays by bank.
FAILED = frozenset({"refused", "failed", "canceled"})
ASKED = frozenset({"requested", "unknown", "waiting"})
# The books owe them no more: Stripe has taken their money from our balance.
ACCEPTED = frozenset({"accepted", "requires_action"})


def next_step(refund: UnfinishedRefund) -> str:
    """Return what finance does about a refund of its worklist."""
    if refund.status == RefundStatus.REQUIRES_ACTION:
        return "ask_the_payer_to_answer_stripe"
    if refund.reason == REFUNDED_BY_HAND:
        return "allocate_the_external_refund"
    return "send_again_or_pay_by_bank"


class Owed(msgspec.Struct, frozen=True):
    """What is owed to a booking in a currency; `amount` in minor units until it has arrived.

    `booking` is the intent for money that belongs to no booking.

    `unrequested` is the part for which no refund is requested yet: a timer does that within
    minutes, or for a no-show once the departure is final. `failed` waits for finance, `under_way`
    for Stripe and the bank. A negative `unrequested` is money that was paid out twice. Of these
    three the amount is the sum.
    """

    booking: str
    currency: str
    since: dt.datetime
    unrequested: int
    failed: int
    under_way: int
    refunds: tuple[UnfinishedRefund, ...]

    @property
    def amount(self) -> int:
        """Return what has not arrived, in whatever state it is."""
        return self.unrequested + self.failed + self.under_way


class OwedMoney(msgspec.Struct, frozen=True):
    """Every booking to which money is owed; `as_of` is that of the read model that is behind."""

    rows: tuple[Owed, ...]
    as_of: AsOf


async def read_owed(ports: LedgerPorts) -> OwedMoney:
    """Return all that is owed, by booking; raises Unavailable when the books have stopped."""
    balances, booked = await ports.owed_balances()
    refunds, asked = await ports.unfinished_refunds()
    booked_by: dict[tuple[str, str], OwedBalance] = {}
    refunds_by: dict[tuple[str, str], list[UnfinishedRefund]] = {}
    for balance in balances:
        booked_by[balance.booking, balance.currency] = balance
    for refund in refunds:
        refunds_by.setdefault((refund.booking, refund.currency), []).append(refund)
    keys = sorted(booked_by.keys() | refunds_by.keys())
    rows = tuple(_owed(*key, booked_by.get(key), refunds_by.get(key, [])) for key in keys)
    return OwedMoney(rows, min(booked, asked, key=lambda each: each.position))


def _owed(
    booking: str,
    currency: str,
    balance: OwedBalance | None,
    refunds: Sequence[UnfinishedRefund],
) -> Owed:
    booked = 0 if balance is None else balance.amount
    failed = sum(each.amount for each in refunds if each.status in FAILED)
    accepted = sum(each.amount for each in refunds if each.status in ACCEPTED)
    asked = sum(each.amount for each in refunds if each.status in ASKED)
    return Owed(
        booking=booking,
        currency=currency,
        since=min(each.since for each in (balance, *refunds) if each is not None),
        # The books owe all that Stripe has not accepted.
        unrequested=booked - failed - asked,
        failed=failed,
        under_way=asked + accepted,
        refunds=tuple(refunds),
    )
