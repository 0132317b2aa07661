"""Money that Stripe captured: recorded once, parked when it cannot be applied, then returned."""

from typing import Literal, assert_never

from msgspec.structs import replace

from domain.kernel import entries, money
from domain.payment import rejections
from domain.payment.events import (
    CaptureEvent,
    FundsParked,
    ParkedFundsOwed,
    PaymentCaptured,
    PaymentEvent,
)
from domain.payment.state import AttemptStatus, Capture, Payment, with_attempt_status

# Why captured money is not applied: another capture paid already, the hold had lapsed, it is not
# the amount due, the booking could not be paid in its state, or had no seats; or no booking of ours
# belongs to it. Stored in `FundsParked.reason`.
ParkReason = Literal["duplicate", "late", "amount_differs", "not_payable", "no_seats", "unmatched"]


def capture(
    payment: Payment,
    *,
    attempt: str,
    intent: str,
    charge: str,
    amount: money.Money,
    entry: entries.Entry,
) -> list[PaymentEvent]:
    """Stripe captured money: recorded once per intent (M2), whatever the attempt's state."""
    assert amount.amount > 0, "what Stripe captured is more than nothing"
    if payment.capture(intent) is not None:
        return []
    return [
        PaymentCaptured(attempt=attempt, intent=intent, charge=charge, amount=amount, entry=entry)
    ]


def park(payment: Payment, *, intent: str, reason: ParkReason) -> list[PaymentEvent]:
    """Leave a capture in unapplied funds, with the reason (M3)."""
    captured = payment.capture(intent)
    assert captured is not None
    if captured.parked:
        return []
    return [FundsParked(intent=intent, amount=captured.amount, reason=reason)]


def owe_parked(
    payment: Payment, *, intent: str, obligation: str, entry: entries.Entry
) -> list[PaymentEvent]:
    """Owe the parked money of a capture to its payer, once (M8).

    Rejects PaymentNotFound and FundsNotParked.
    """
    captured = payment.capture(intent)
    if captured is None:
        raise rejections.PaymentNotFound()
    if not captured.parked:
        raise rejections.FundsNotParked()
    if captured.owed_by is not None:
        return []
    return [
        ParkedFundsOwed(intent=intent, amount=captured.amount, obligation=obligation, entry=entry)
    ]


def evolve(payment: Payment, event: CaptureEvent) -> Payment:
    """The payment after the event."""
    match event:
        case PaymentCaptured():
            capture = Capture(intent=event.intent, charge=event.charge, amount=event.amount)
            captured = with_attempt_status(payment, event.attempt, AttemptStatus.CAPTURED)
            return replace(captured, captures=(*payment.captures, capture))
        case FundsParked():
            return _with_capture(payment, event.intent, parked=True)
        case ParkedFundsOwed():
            return _with_capture(payment, event.intent, owed_by=event.obligation)
        case _:
            assert_never(event)


def _with_capture(payment: Payment, intent: str, **changes: bool | str) -> Payment:
    captures = tuple(
        replace(each, **changes) if each.intent == intent else each for each in payment.captures
    )
    return replace(payment, captures=captures)
