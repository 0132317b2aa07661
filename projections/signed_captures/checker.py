"""Compares the rows with the domain's own fold of every payment."""

import datetime as dt
from collections.abc import Iterator

from application.commands import stream_kinds
from domain.payment import events as payment_events
from domain.payment import fold as payment_fold
from domain.payment import state as payment_state
from domain.payment.state import CaptureCheck
from projections import reading, rows
from projections.projection import Cursor
from projections.signed_captures.projector import TABLE, SignedCaptureRow, key_of


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    payments: dict[str, payment_state.Payment] = {}
    captured_at: dict[str, dt.datetime] = {}
    reasons: dict[str, str] = {}
    for logged in log.with_tags_of(stream_kinds.PAYMENT).events(cursor):
        event = logged.event
        assert isinstance(event, payment_events.PaymentEvent)
        payments[logged.stream] = payment_fold.evolve(payments.get(logged.stream), event)
        if isinstance(event, payment_events.PaymentCaptured):
            captured_at[key_of(logged.stream, event.intent)] = logged.recorded_at
        elif isinstance(event, payment_events.CaptureContradicted):
            reasons[key_of(logged.stream, event.intent)] = event.reason
    expected = {}
    for name, payment in payments.items():
        for capture in payment.captures:
            key = key_of(name, capture.intent)
            if capture.check in {CaptureCheck.OPEN, CaptureCheck.CONTRADICTED}:
                expected[key] = SignedCaptureRow(
                    capture=key,
                    payment=name,
                    intent=capture.intent,
                    amount=capture.amount.amount,
                    currency=capture.amount.currency,
                    status=str(capture.check),
                    reason=reasons.get(key, ""),
                    captured_at=captured_at[key],
                )
    found = {
        row.capture: row
        for row in rows.load_all(cursor, TABLE, SignedCaptureRow)
        if row.payment not in log.parked
    }
    yield from reading.compare(expected, found)
