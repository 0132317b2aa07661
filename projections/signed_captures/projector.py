"""A row while a capture is not checked or contradicted, none once Stripe's list has it."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from domain.payment import events as payment_events
from domain.payment.state import CaptureCheck
from projections import rows
from projections.projection import Cursor, LoggedEvent, Projection

TABLE = "signed_captures"


class SignedCaptureRow(msgspec.Struct):
    """A row of the table; `payment` is the stream, `reason` what contradicts, else empty."""

    capture: str
    payment: str
    intent: str
    amount: int
    currency: str
    status: str
    reason: str
    captured_at: dt.datetime


def key_of(payment: str, intent: str) -> str:
    """Return the key of a capture: two payments may name one intent, though one of them wrongly."""
    return f"{payment}:{intent}"


def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Add captures of signed events, delete those that were confirmed."""
    touched = {_key(each) for each in events}
    known = rows.load(cursor, TABLE, "capture", touched, SignedCaptureRow)
    unconfirmed = {row.capture: row for row in known}
    for logged in events:
        key = _key(logged)
        match logged.event:
            case payment_events.PaymentCaptured() as event:
                if event.from_signed_event:
                    unconfirmed[key] = _open(logged, event)
            case payment_events.CaptureChecked():
                unconfirmed.pop(key, None)
            case payment_events.CaptureContradicted(reason=reason):
                if key in unconfirmed:
                    unconfirmed[key].status = CaptureCheck.CONTRADICTED
                    unconfirmed[key].reason = reason
            case event:
                raise AssertionError(f"{event.tag} is not among the wanted events")
    confirmed = [row.capture for row in known if row.capture not in unconfirmed]
    rows.delete(cursor, TABLE, "capture", confirmed)
    rows.upsert(cursor, TABLE, ("capture",), list(unconfirmed.values()))


def _key(logged: LoggedEvent) -> str:
    event = logged.event
    assert isinstance(
        event,
        payment_events.PaymentCaptured
        | payment_events.CaptureChecked
        | payment_events.CaptureContradicted,
    )
    return key_of(logged.stream, event.intent)


def _open(logged: LoggedEvent, event: payment_events.PaymentCaptured) -> SignedCaptureRow:
    return SignedCaptureRow(
        capture=key_of(logged.stream, event.intent),
        payment=logged.stream,
        intent=event.intent,
        amount=event.amount.amount,
        currency=event.amount.currency,
        status=CaptureCheck.OPEN,
        reason="",
        captured_at=logged.recorded_at,
    )


PROJECTION = Projection(
    name="signed_captures",
    event_types=(
        payment_events.PaymentCaptured,
        payment_events.CaptureChecked,
        payment_events.CaptureContradicted,
    ),
    apply=apply,
    stops_on_poison=False,
)
