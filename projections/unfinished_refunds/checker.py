"""Compares the rows with the domain's own fold of every payment."""

import datetime as dt
from collections.abc import Iterator

from application.commands import stream_kinds
from domain.kernel import ids
from domain.payment import dispute_events
from domain.payment import events as payment_events
from domain.payment import fold as payment_fold
from domain.payment import state as payment_state
from domain.payment.refunds import AT_STRIPE, UNANSWERED
from domain.payment.state import NOT_REFUNDED, RefundStatus
from projections import reading, rows
from projections.projection import Cursor
from projections.unfinished_refunds.projector import TABLE, RefundRow

UNFINISHED = UNANSWERED | {RefundStatus.WAITING} | AT_STRIPE | NOT_REFUNDED


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    payments: dict[str, payment_state.Payment] = {}
    reached_at: dict[str, dt.datetime] = {}
    reasons: dict[str, str] = {}
    for logged in log.with_tags_of(stream_kinds.PAYMENT).events(cursor):
        assert isinstance(logged.event, payment_events.PaymentEvent)
        payments[logged.stream] = payment_fold.evolve(payments.get(logged.stream), logged.event)
        if isinstance(
            logged.event,
            payment_events.RefundAccepted
            | payment_events.RefundActionRequired
            | payment_events.RefundRefused
            | payment_events.RefundFailed
            | dispute_events.RefundPostponed,
        ):
            reached_at[logged.event.refund] = logged.recorded_at
        if isinstance(logged.event, payment_events.RefundRefused | payment_events.RefundFailed):
            reasons[logged.event.refund] = logged.event.code
    known = [refund for payment in payments.values() for refund in payment.refunds]
    sent_again = {refund.replaces for refund in known}
    expected = {
        refund.id: RefundRow(
            refund.id,
            name,
            ids.booking_of_obligation(refund.obligation) or ids.booking_of_payment(name),
            refund.amount.amount,
            refund.amount.currency,
            refund.status,
            refund.requested_at if refund.status in UNANSWERED else reached_at[refund.id],
            reasons.get(refund.id) if refund.status in NOT_REFUNDED else None,
        )
        for name, payment in payments.items()
        for refund in payment.refunds
        if refund.status in UNFINISHED and refund.id not in sent_again
    }
    found = {
        row.refund: row
        for row in rows.load_all(cursor, TABLE, RefundRow)
        if row.payment not in log.parked
    }
    yield from reading.compare(expected, found)
