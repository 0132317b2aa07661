"""A row for each credit."""

import datetime as dt
from collections.abc import Sequence
from typing import get_args

import msgspec

from domain.credit import events as credit_events
from projections import rows
from projections.projection import Cursor, LoggedEvent, Projection

TABLE = "credits"


class CreditRow(msgspec.Struct):
    """A row of the table, amounts in minor units."""

    credit: str
    owner: str | None
    origin: str
    booking: str | None
    currency: str
    issued: int
    balance: int
    expires_at: dt.datetime
    payout_proposed_at: dt.datetime | None = None
    buyer: str | None = None
    code_digest: str | None = None
    ordered_at: dt.datetime | None = None
    open_disputes: int = 0


def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Add what is issued, and follow what happens to it."""
    known = rows.load(cursor, TABLE, "credit", {each.stream for each in events}, CreditRow)
    credits = {row.credit: row for row in known}
    for logged in events:
        if isinstance(logged.event, credit_events.CreditIssued):
            credits[logged.stream] = _issued(logged.stream, logged.event)
        elif isinstance(logged.event, credit_events.GiftCardOrdered):
            credits[logged.stream] = _ordered(logged, logged.event)
        else:
            _follow(credits[logged.stream], logged)
    rows.upsert(cursor, TABLE, ("credit",), list(credits.values()))


def _issued(name: str, event: credit_events.CreditIssued) -> CreditRow:
    return CreditRow(
        credit=name,
        owner=event.owner,
        origin=event.origin,
        booking=event.booking,
        currency=event.amount.currency,
        issued=event.amount.amount,
        balance=event.amount.amount,
        expires_at=event.expires_at,
    )


def _ordered(logged: LoggedEvent, event: credit_events.GiftCardOrdered) -> CreditRow:
    return CreditRow(
        credit=logged.stream,
        owner=None,
        origin="gift_card",
        booking=None,
        currency=event.amount.currency,
        issued=event.amount.amount,
        balance=0,
        expires_at=event.payable_until,
        buyer=event.buyer,
        code_digest=event.code_digest,
        ordered_at=logged.recorded_at,
    )


def _follow(row: CreditRow, logged: LoggedEvent) -> None:
    match logged.event:
        case (
            credit_events.CreditSpent(amount=amount)
            | credit_events.CreditExpired(amount=amount)
            | credit_events.GiftCardRefunded(amount=amount)
            | credit_events.CreditChargedBack(amount=amount)
            | credit_events.CreditLossRecovered(amount=amount)
        ):
            row.balance -= amount.amount
        case credit_events.GiftCardPaid(expires_at=expires_at):
            row.balance = row.issued
            row.expires_at = expires_at
        case credit_events.GiftCardClaimed(owner=owner):
            row.owner = owner
        case credit_events.GiftCardRemailed():
            pass
        case credit_events.CreditBlocked():
            row.open_disputes += 1
        case credit_events.CreditUnblocked():
            row.open_disputes -= 1
        case credit_events.CreditReturned() | credit_events.CreditReinstated() as event:
            row.balance += event.amount.amount
            row.expires_at = event.expires_at
        case credit_events.PayoutProposed():
            row.payout_proposed_at = logged.recorded_at
        case credit_events.PayoutDeclined():
            row.payout_proposed_at = None
        case credit_events.PayoutApproved(amount=amount):
            row.balance -= amount.amount
            row.payout_proposed_at = None
        case event:
            raise AssertionError(f"{event.tag} is not among the wanted events")


PROJECTION = Projection(
    name="credits",
    event_types=get_args(credit_events.CreditEvent),
    apply=apply,
    stops_on_poison=False,
)
