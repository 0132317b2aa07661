"""A row while a claim is assessed, offered or accepted."""

import datetime as dt
from collections.abc import Sequence
from typing import get_args

import msgspec

from domain.compensation import events as claim_events
from domain.compensation.state import ClaimStatus
from domain.kernel import money
from projections import rows
from projections.projection import Cursor, LoggedEvent, Projection

TABLE = "open_claims"


class ClaimRow(msgspec.Struct):
    """A row of the table; `since` when the claim reached its status."""

    claim: str
    booking: str
    flight: str
    cause: str
    regime: str
    amount: int
    currency: str
    status: str
    since: dt.datetime


def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Add claims that are assessed, delete those that are paid or withdrawn."""
    known = rows.load(cursor, TABLE, "claim", {each.stream for each in events}, ClaimRow)
    open_claims = {row.claim: row for row in known}
    for logged in events:
        match logged.event:
            case claim_events.ClaimAssessed():
                open_claims[logged.stream] = _assessed(logged, logged.event)
            case claim_events.ClaimOffered():
                open_claims[logged.stream].status = ClaimStatus.OFFERED
                open_claims[logged.stream].since = logged.recorded_at
            case claim_events.ClaimAccepted():
                open_claims[logged.stream].status = ClaimStatus.ACCEPTED
                open_claims[logged.stream].since = logged.recorded_at
            case (
                claim_events.ClaimPaid()
                | claim_events.ClaimCredited()
                | claim_events.ClaimWithdrawn()
            ):
                open_claims.pop(logged.stream, None)
            case event:
                raise AssertionError(f"{event.tag} is not among the wanted events")
    finished = [row.claim for row in known if row.claim not in open_claims]
    rows.delete(cursor, TABLE, "claim", finished)
    rows.upsert(cursor, TABLE, ("claim",), list(open_claims.values()))


def _assessed(logged: LoggedEvent, event: claim_events.ClaimAssessed) -> ClaimRow:
    currency = event.shares[0].amount.currency
    return ClaimRow(
        claim=logged.stream,
        booking=event.booking,
        flight=event.flight,
        cause=event.cause,
        regime=event.regime,
        amount=money.total([each.amount for each in event.shares], currency).amount,
        currency=currency,
        status=ClaimStatus.ASSESSED,
        since=logged.recorded_at,
    )


PROJECTION = Projection(
    name="open_claims",
    event_types=get_args(claim_events.ClaimEvent),
    apply=apply,
    stops_on_poison=False,
)
