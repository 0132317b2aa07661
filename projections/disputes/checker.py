"""Compares the rows with the domain's own fold of every payment."""

import datetime as dt
from collections.abc import Iterator

from application.commands import stream_kinds
from domain.payment import dispute_events
from domain.payment import events as payment_events
from domain.payment import fold as payment_fold
from domain.payment import state as payment_state
from projections import reading, rows
from projections.disputes.projector import TABLE, WARNING, DisputeRow
from projections.projection import Cursor


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    payments: dict[str, payment_state.Payment] = {}
    opened_at: dict[str, dt.datetime] = {}
    expected: dict[str, DisputeRow] = {}
    for logged in log.with_tags_of(stream_kinds.PAYMENT).events(cursor):
        event = logged.event
        assert isinstance(event, payment_events.PaymentEvent)
        payments[logged.stream] = payment_fold.evolve(payments.get(logged.stream), event)
        if isinstance(event, dispute_events.InquiryOpened | dispute_events.DisputeOpened):
            opened_at.setdefault(event.dispute, logged.recorded_at)
        elif isinstance(event, dispute_events.FraudWarned):
            expected[event.warning] = DisputeRow(
                dispute=event.warning,
                payment=logged.stream,
                intent=event.intent,
                charge=event.charge,
                stage=WARNING,
                amount=0,
                currency="",
                reason=event.fraud_type,
                evidence_due_at=None,
                submission_count=0,
                receivable=0,
                opened_at=logged.recorded_at,
            )
    for name, payment in payments.items():
        for each in payment.disputes:
            expected[each.id] = DisputeRow(
                dispute=each.id,
                payment=name,
                intent=each.intent,
                charge=each.charge,
                stage=each.stage,
                amount=each.amount.amount,
                currency=each.amount.currency,
                reason=each.reason,
                evidence_due_at=each.evidence_due_at,
                submission_count=each.submission_count,
                receivable=each.receivable,
                opened_at=opened_at[each.id],
            )
    found = {
        row.dispute: row
        for row in rows.load_all(cursor, TABLE, DisputeRow)
        if row.payment not in log.parked
    }
    yield from reading.compare(expected, found)
