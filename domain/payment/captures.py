"""Money that Stripe captured: recorded once, parked when it cannot be applied, then applied after
all or returned.
"""

import datetime as dt
from typing import Literal, assert_never

from msgspec.structs import replace

from domain.kernel import entries, money
from domain.payment import rejections
from domain.payment.events import (
    CaptureChecked,
    CaptureContradicted,
    CaptureEvent,
    FundsParked,
    ParkedFundsAllocated,
    ParkedFundsApplied,
    ParkedFundsOwed,
    PaymentCaptured,
    PaymentEvent,
)
from domain.payment.refunds import require_no_open_dispute
from domain.payment.state import (
    AttemptStatus,
    Capture,
    CaptureCheck,
    Payment,
    with_attempt_status,
)

# Why captured money is not applied: another capture paid already, the deadline had lapsed, it is
# more than is due (the surplus) or a part of it that waits for the rest, of another currency or too
# little to wait for, the booking could not be paid in its state, or had no seats; or no booking of
# ours belongs to it. Stored in `FundsParked.reason`.
ParkReason = Literal[
    "duplicate",
    "late",
    "overpaid",
    "underpaid",
    "amount_differs",
    "not_payable",
    "no_seats",
    "unmatched",
]

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
    card: str | None = None,
) -> list[PaymentEvent]:
    """Stripe captured money: recorded once per intent (M2), whatever the attempt's state.

    What is `from_signed_event` alone is checked with Stripe's own list afterwards. `card` is the
    last four digits, where they are known by now.
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
            card=card,
        )
    ]


def check(
    payment: Payment,
    *,
    intent: str,
    contradiction: Contradiction | None,
    card: str | None = None,
) -> list[CaptureEvent]:
    """Record how Stripe's own list compares with a capture; once it has passed, nothing more.

    `card` is the last four digits of the card that paid, by that list.
    """
    captured = payment.capture(intent)
    if captured is None or captured.check in {None, CaptureCheck.PASSED}:
        return []
    if contradiction is None:
        is_parked = captured.unapplied().amount > 0
        return [CaptureChecked(intent=intent, parked=is_parked, card=card)]
    if captured.check is CaptureCheck.CONTRADICTED:
        return []
    return [CaptureContradicted(intent=intent, reason=contradiction)]


def park(
    payment: Payment,
    *,
    intent: str,
    reason: ParkReason,
    amount: money.Money | None = None,
    paid_at: dt.datetime | None = None,
) -> list[PaymentEvent]:
    """Leave a capture, or the `amount` of it that is too much, in unapplied funds (M3)."""
    captured = payment.capture(intent)
    assert captured is not None
    if captured.unapplied().amount:
        return []
    parked = captured.amount if amount is None else amount
    assert 0 < parked.amount <= captured.amount.amount
    return [FundsParked(intent=intent, amount=parked, reason=reason, paid_at=paid_at)]


def require_returnable(payment: Payment, intent: str) -> None:
    """Money of the capture is parked, and nothing forbids to return it now.

    Rejects PaymentNotFound, FundsNotParked and ChargeDisputed.
    """
    captured = payment.capture(intent)
    if captured is None:
        raise rejections.PaymentNotFound()
    if not captured.unapplied().amount:
        by_hand = {"reason": "refunded_at_stripe"} if captured.is_partly_refunded() else {}
        raise rejections.FundsNotParked(**by_hand)
    if captured.check is CaptureCheck.CONTRADICTED:
        raise rejections.FundsNotParked(reason="payment_unconfirmed")
    if captured.owed_by is not None:
        return
    require_no_open_dispute(payment, intent)
    if payment.charged_back(intent).amount:
        raise rejections.FundsNotParked(reason="charged_back")


def apply_parked(payment: Payment, *, intent: str) -> list[PaymentEvent]:
    """Let a capture that is parked as a whole pay for the booking after all, once."""
    captured = payment.capture(intent)
    assert captured is not None
    assert captured.owed_by is None, "what is on its way back pays for nothing"
    if not captured.parked:
        return []
    return [ParkedFundsApplied(intent=intent, amount=captured.amount)]


def allocate(
    payment: Payment, *, intent: str, booking: str, amount: money.Money, entry: entries.Entry
) -> list[PaymentEvent]:
    """Let `amount` of money without a booking pay for one, once; the rest of it stays parked.

    Rejects what `require_returnable` does, and FundsNotParked for money of a booking, and for what
    is on its way back or pays for another booking.
    """
    require_returnable(payment, intent)
    captured = payment.capture(intent)
    assert captured is not None
    assert 0 < amount.amount <= captured.amount.amount
    if captured.owed_by is not None:
        raise rejections.FundsNotParked(reason="returned")
    if captured.is_partly_refunded():
        raise rejections.FundsNotParked(reason="refunded_at_stripe")
    if captured.parked_for != "unmatched":
        raise rejections.FundsNotParked(reason="of_a_booking")
    return [ParkedFundsAllocated(intent=intent, amount=amount, booking=booking, entry=entry)]


def owe_parked(
    payment: Payment, *, intent: str, obligation: str, entry: entries.Entry
) -> list[PaymentEvent]:
    """Owe the parked money of a capture to its payer, once (M8).

    Rejects what `require_returnable` does.
    """
    require_returnable(payment, intent)
    captured = payment.capture(intent)
    assert captured is not None
    if captured.owed_by is not None:
        return []
    return [
        ParkedFundsOwed(
            intent=intent, amount=captured.unapplied(), obligation=obligation, entry=entry
        )
    ]


def evolve(payment: Payment, event: CaptureEvent) -> Payment:
    """The payment after the event."""
    match event:
        case PaymentCaptured():
            capture = Capture(
                intent=event.intent,
                charge=event.charge,
                amount=event.amount,
                attempt=event.attempt,
                check=CaptureCheck.OPEN if event.from_signed_event else None,
                card=event.card,
            )
            captured = with_attempt_status(payment, event.attempt, AttemptStatus.CAPTURED)
            return replace(captured, captures=(*payment.captures, capture))
        case CaptureChecked():
            return _with_capture(payment, event.intent, check=CaptureCheck.PASSED, card=event.card)
        case CaptureContradicted():
            return _with_capture(payment, event.intent, check=CaptureCheck.CONTRADICTED)
        case FundsParked():
            return _parked(payment, event)
        case ParkedFundsApplied():
            return _with_capture(payment, event.intent, parked=False, parked_for=None)
        case ParkedFundsAllocated():
            return _allocated(payment, event)
        case ParkedFundsOwed():
            return _with_capture(payment, event.intent, owed_by=event.obligation)
        case _:
            assert_never(event)


def _parked(payment: Payment, event: FundsParked) -> Payment:
    captured = payment.capture(event.intent)
    assert captured is not None, "only captured money is parked"
    whole = event.amount == captured.amount
    parked = replace(
        captured,
        parked=whole,
        surplus=None if whole else event.amount,
        parked_for=event.reason,
        paid_at=event.paid_at,
    )
    captures = tuple(parked if each.intent == event.intent else each for each in payment.captures)
    return replace(payment, captures=captures)


def _allocated(payment: Payment, event: ParkedFundsAllocated) -> Payment:
    captured = payment.capture(event.intent)
    assert captured is not None, "only captured money is parked"
    rest = captured.amount - event.amount
    allocated = replace(
        captured,
        parked=False,
        surplus=rest if rest.amount else None,
        parked_for="overpaid" if rest.amount else None,
    )
    captures = tuple(
        allocated if each.intent == event.intent else each for each in payment.captures
    )
    return replace(payment, captures=captures, allocated_to=event.booking)


def _with_capture(payment: Payment, intent: str, **changes: bool | str | None) -> Payment:
    captures = tuple(
        replace(each, **changes) if each.intent == intent else each for each in payment.captures
    )
    return replace(payment, captures=captures)
