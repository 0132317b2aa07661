"""A row while a refund has not arrived, or failed and was not sent again or paid otherwise."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from domain.kernel import ids
from domain.payment import dispute_events, external_refund_events
from domain.payment import events as payment_events
from domain.payment.refunds import status_after
from domain.payment.state import RefundStatus
from projections import rows
from projections.projection import Cursor, LoggedEvent, Projection

TABLE = "unfinished_refunds"


class RefundRow(msgspec.Struct):
    """A row of the table; `payment` is the stream, `since` when it reached the status.

    `booking` is the one that owes it, the intent where the money belongs to no booking. `reason` is
    Stripe's code or ours, of one that finance has to act on.
    """

    refund: str
    payment: str
    booking: str
    amount: int
    currency: str
    status: str
    since: dt.datetime
    reason: str | None


def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Add refunds that were requested, delete those that arrived or were sent again."""
    touched = {e.event.refund for e in events if hasattr(e.event, "refund")}
    touched |= {replaces for e in events if (replaces := getattr(e.event, "replaces", None))}
    known = rows.load(cursor, TABLE, "refund", touched, RefundRow)
    open_refunds = {row.refund: row for row in known}
    for logged in events:
        match logged.event:
            case payment_events.RefundRequested():
                open_refunds.pop(logged.event.replaces or "", None)
                open_refunds[logged.event.refund] = _requested(logged.stream, logged.event)
            case payment_events.RefundUnresolved(refund=refund):
                if refund in open_refunds:
                    open_refunds[refund].status = RefundStatus.UNKNOWN
            case payment_events.RefundRefused(refund=refund, code=code):
                assert refund in open_refunds, "a refund is refused before anything else"
                open_refunds[refund].status = RefundStatus.REFUSED
                open_refunds[refund].since = logged.recorded_at
                open_refunds[refund].reason = code
            case payment_events.RefundActionRequired(refund=refund):
                open_refunds[refund].status = RefundStatus.REQUIRES_ACTION
                open_refunds[refund].since = logged.recorded_at
            case dispute_events.RefundPostponed(refund=refund):
                assert refund in open_refunds, "a refund waits before Stripe has it"
                open_refunds[refund].status = RefundStatus.WAITING
                open_refunds[refund].since = logged.recorded_at
            case dispute_events.RefundResumed(refund=refund):
                open_refunds[refund].status = RefundStatus.REQUESTED
                open_refunds[refund].since = logged.event.requested_at
            case payment_events.RefundAccepted():
                before = open_refunds.get(logged.event.refund)
                accepted = _moved(logged, logged.event, before, RefundStatus.ACCEPTED)
                open_refunds[logged.event.refund] = accepted
            case payment_events.RefundFailed(transferred=True):
                open_refunds.pop(logged.event.refund, None)
            case payment_events.RefundFailed():
                before = open_refunds.get(logged.event.refund)
                failed = _moved(logged, logged.event, before, status_after(logged.event))
                open_refunds[logged.event.refund] = failed
            case (
                payment_events.RefundSettled(refund=refund)
                | payment_events.RefundTransferred(refund=refund)
                | dispute_events.RefundChargedBack(refund=refund)
                | external_refund_events.RefundCovered(refund=refund)
            ):
                open_refunds.pop(refund, None)
            case event:
                raise AssertionError(f"{event.tag} is not among the wanted events")
    finished = [row.refund for row in known if row.refund not in open_refunds]
    rows.delete(cursor, TABLE, "refund", finished)
    rows.upsert(cursor, TABLE, ("refund",), list(open_refunds.values()))


def _requested(payment: str, event: payment_events.RefundRequested) -> RefundRow:
    return RefundRow(
        refund=event.refund,
        payment=payment,
        booking=ids.booking_of_obligation(event.obligation) or ids.booking_of_payment(payment),
        amount=event.amount.amount,
        currency=event.amount.currency,
        status=RefundStatus.REQUESTED,
        since=event.requested_at,
        reason=None,
    )


def _moved(
    logged: LoggedEvent,
    event: payment_events.RefundAccepted | payment_events.RefundFailed,
    before: RefundRow | None,
    status: RefundStatus,
) -> RefundRow:
    """The row of a refund whose money moved: a failed one may have settled before."""
    line = event.entry.postings[0]
    return RefundRow(
        refund=event.refund,
        payment=logged.stream,
        booking=line.booking if before is None else before.booking,
        amount=abs(line.amount),
        currency=line.currency,
        status=status,
        since=logged.recorded_at,
        reason=event.code if isinstance(event, payment_events.RefundFailed) else None,
    )


PROJECTION = Projection(
    name="unfinished_refunds",
    event_types=(
        payment_events.RefundRequested,
        payment_events.RefundUnresolved,
        payment_events.RefundAccepted,
        payment_events.RefundActionRequired,
        payment_events.RefundSettled,
        payment_events.RefundRefused,
        payment_events.RefundFailed,
        payment_events.RefundTransferred,
        dispute_events.RefundPostponed,
        dispute_events.RefundResumed,
        dispute_events.RefundChargedBack,
        external_refund_events.RefundCovered,
    ),
    apply=apply,
    stops_on_poison=False,
)
