"""Compares the rows with the domain's own fold of every payment."""

import datetime as dt
from collections.abc import Iterator

from application.commands import stream_kinds
from domain.payment import events as payment_events
from domain.payment import fold as payment_fold
from domain.payment import state as payment_state
from domain.payment.state import RefundStatus
from projections import reading, rows
from projections.projection import Cursor
from projections.unfinished_refunds.projector import TABLE, RefundRow

UNFINISHED = frozenset({RefundStatus.REQUESTED, RefundStatus.UNKNOWN, RefundStatus.ACCEPTED})


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    payments: dict[str, payment_state.Payment] = {}
    accepted_at: dict[str, dt.datetime] = {}
    for logged in log.with_tags_of(stream_kinds.PAYMENT).events(cursor):
        assert isinstance(logged.event, payment_events.PaymentEvent)
        payments[logged.stream] = payment_fold.evolve(payments.get(logged.stream), logged.event)
        if isinstance(logged.event, payment_events.RefundAccepted):
            accepted_at[logged.event.refund] = logged.recorded_at
    expected = {
        refund.id: RefundRow(
            refund.id,
            name,
            refund.status,
            accepted_at[refund.id]
            if refund.status is RefundStatus.ACCEPTED
            else refund.requested_at,
        )
        for name, payment in payments.items()
        for refund in payment.refunds
        if refund.status in UNFINISHED
    }
    found = {
        row.refund: row
        for row in rows.load_all(cursor, TABLE, RefundRow)
        if row.payment not in log.parked
    }
    yield from reading.compare(expected, found)
