"""Money that Stripe captured: recorded once, parked when it cannot be applied, then returned."""

from typing import Literal, assert_never

from msgspec.structs import replace

from domain.kernel import entries, money
from domain.payment import rejections
from domain.payment.events import (
    CaptureChecked,
    CaptureContradicted,
    CaptureEvent,
    FundsParked,
    ParkedFundsOwed,
    PaymentCaptured,
    PaymentEvent,
)
from domain.payment.state import (
    AttemptStatus,
    Capture,
    CaptureCheck,
    Payment,
    with_attempt_status,
)

# Why captured money is not applied: another capture paid already, the hold had lapsed, it is not
# the amount due, the booking could not be paid in its state, or had no seats; or no booking of ours
# belongs to it. Stored in `FundsParked.reason`.
ParkReason = Literal["duplicate", "late", "amount_differs", "not_payable", "no_seats", "unmatched"]

# What Stripe says about a capture that a signed event reported: it has no such intent, the intent
# has taken no money, another amount, or belongs to another payment.
Contradiction = Literal["unknown", "not_captured", "amount_differs", "other_payment"]


def capture(
    payment: Payment,
    *,
    attempt: str,
    intent: str,
    charge: str,
    amount: money.Money,
    entry: entries.Entry,
    from_signed_event: bool = False,
) -> list[PaymentEvent]:
    """Stripe captured money: recorded once per intent (M2), whatever the attempt's state.

    What is `from_signed_event` alone is checked with Stripe's own list afterwards.
    """
    assert amount.amount > 0, "what Stripe captured is more than nothing"
    if payment.capture(intent) is not None:
        return []
    return [
        PaymentCaptured(
            attempt=attempt,
            intent=intent,
            charge=charge,
            amount=amount,
            entry=entry,
            from_signed_event=from_signed_event,
        )
    ]


def check(
    payment: Payment, *, intent: str, contradiction: Contradiction | None
) -> list[CaptureEvent]:
    """Record how Stripe's own list compares with a capture; once it has passed, nothing more."""
    captured = payment.capture(intent)
    if captured is None or captured.check in {None, CaptureCheck.PASSED}:
        return []
    if contradiction is None:
        return [CaptureChecked(intent=intent)]
    if captured.check is CaptureCheck.CONTRADICTED:
        return []
    return [CaptureContradicted(intent=intent, reason=contradiction)]


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
    if captured.check is CaptureCheck.CONTRADICTED:
        raise rejections.FundsNotParked(reason="payment_unconfirmed")
    if captured.owed_by is not None:
        return []
    return [
        ParkedFundsOwed(intent=intent, amount=captured.amount, obligation=obligation, entry=entry)
    ]


def evolve(payment: Payment, event: CaptureEvent) -> Payment:
    """The payment after the event."""
    match event:
        case PaymentCaptured():
            capture = Capture(
                intent=event.intent,
                charge=event.charge,
                amount=event.amount,
                check=CaptureCheck.OPEN if event.from_signed_event else None,
            )
            captured = with_attempt_status(payment, event.attempt, AttemptStatus.CAPTURED)
            return replace(captured, captures=(*payment.captures, capture))
        case CaptureChecked():
            return _with_capture(payment, event.intent, check=CaptureCheck.PASSED)
        case CaptureContradicted():
            return _with_capture(payment, event.intent, check=CaptureCheck.CONTRADICTED)
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
