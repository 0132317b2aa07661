"""Compares the rows with the domain's own fold of every payment."""

from collections.abc import Iterator

from application.commands import stream_kinds
from domain.payment import events as payment_events
from domain.payment import fold as payment_fold
from domain.payment import state as payment_state
from domain.payment.state import LIVE
from projections import reading, rows
from projections.projection import Cursor
from projections.unfinished_attempts.projector import TABLE, AttemptRow


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    payments: dict[str, payment_state.Payment] = {}
    for logged in log.with_tags_of(stream_kinds.PAYMENT).events(cursor):
        assert isinstance(logged.event, payment_events.PaymentEvent)
        payments[logged.stream] = payment_fold.evolve(payments.get(logged.stream), logged.event)
    expected = {
        attempt.id: AttemptRow(
            attempt.id, name, attempt.status, attempt.started_at, attempt.expires_at
        )
        for name, payment in payments.items()
        for attempt in payment.attempts
        if attempt.status in LIVE
    }
    found = {
        row.attempt: row
        for row in rows.load_all(cursor, TABLE, AttemptRow)
        if row.payment not in log.parked
    }
    yield from reading.compare(expected, found)
