"""Compares the rows with the domain's own fold of every payment."""

import datetime as dt
from collections.abc import Iterator

from application.commands import stream_kinds
from domain.payment import events as payment_events
from domain.payment import fold as payment_fold
from domain.payment import state as payment_state
from domain.payment.external_refund_events import ExternalRefundRecorded
from projections import reading, rows
from projections.external_refunds.projector import TABLE, ExternalRefundRow
from projections.projection import Cursor


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    payments: dict[str, payment_state.Payment] = {}
    recorded_at: dict[str, dt.datetime] = {}
    for logged in log.with_tags_of(stream_kinds.PAYMENT).events(cursor):
        assert isinstance(logged.event, payment_events.PaymentEvent)
        payments[logged.stream] = payment_fold.evolve(payments.get(logged.stream), logged.event)
        if isinstance(logged.event, ExternalRefundRecorded):
            recorded_at[logged.event.provider_refund] = logged.recorded_at
    expected = {
        each.id: ExternalRefundRow(
            refund=each.id,
            payment=name,
            intent=each.intent,
            amount=each.amount.amount,
            unallocated=each.unallocated.amount,
            currency=each.amount.currency,
            since=recorded_at[each.id],
        )
        for name, payment in payments.items()
        for each in payment.external_refunds
    }
    found = {
        row.refund: row
        for row in rows.load_all(cursor, TABLE, ExternalRefundRow)
        if row.payment not in log.parked
    }
    yield from reading.compare(expected, found)
