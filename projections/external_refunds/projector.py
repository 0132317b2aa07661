"""One row for each external refund; one that has failed has nothing left to allocate."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from domain.payment import external_refund_events as events
from projections import rows
from projections.projection import Cursor, LoggedEvent, Projection

TABLE = "external_refunds"


class ExternalRefundRow(msgspec.Struct):
    """A row of the table; `refund` is Stripe's id, `payment` the stream, `since` when recorded.

    Amounts are in minor units of the charge's currency.
    """

    refund: str
    payment: str
    intent: str
    amount: int
    unallocated: int
    currency: str
    since: dt.datetime


def apply(cursor: Cursor, logged_events: Sequence[LoggedEvent]) -> None:
    """Load the external refunds that the events are about, change them, write them back."""
    touched = {name for e in logged_events if (name := getattr(e.event, "provider_refund", None))}
    found = rows.load(cursor, TABLE, "refund", touched, ExternalRefundRow)
    known = {row.refund: row for row in found}
    for logged in logged_events:
        match logged.event:
            case events.ExternalRefundRecorded() as event:
                known[event.provider_refund] = _recorded(logged, event)
            case events.ExternalRefundAllocated() as event:
                known[event.provider_refund].unallocated -= event.amount.amount
            case events.ExternalRefundFailed() as event:
                known[event.provider_refund].unallocated = 0
            case other:
                raise AssertionError(f"{other.tag} is not among the wanted events")
    rows.upsert(cursor, TABLE, ("refund",), list(known.values()))


def _recorded(logged: LoggedEvent, event: events.ExternalRefundRecorded) -> ExternalRefundRow:
    return ExternalRefundRow(
        refund=event.provider_refund,
        payment=logged.stream,
        intent=event.intent,
        amount=event.amount.amount,
        unallocated=event.amount.amount,
        currency=event.amount.currency,
        since=logged.recorded_at,
    )


PROJECTION = Projection(
    name="external_refunds",
    event_types=(
        events.ExternalRefundRecorded,
        events.ExternalRefundAllocated,
        events.ExternalRefundFailed,
    ),
    apply=apply,
    stops_on_poison=False,
)
