"""The state of a payment: its attempts, captures and refunds."""

import datetime as dt
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from domain.kernel import ids, money


class AttemptStatus(StrEnum):
    """The status of one attempt."""

    REQUESTED = "requested"
    UNKNOWN = "unknown"
    OPEN = "open"
    REFUSED = "refused"
    EXPIRED = "expired"
    CAPTURED = "captured"


LIVE = frozenset({AttemptStatus.REQUESTED, AttemptStatus.UNKNOWN, AttemptStatus.OPEN})


class RefundStatus(StrEnum):
    """The status of one refund."""

    REQUESTED = "requested"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SETTLED = "settled"
    REFUSED = "refused"
    FAILED = "failed"
    TRANSFERRED = "transferred"


NOT_REFUNDED = frozenset({RefundStatus.REFUSED, RefundStatus.FAILED})
# The payer has the money.
ARRIVED = frozenset({RefundStatus.SETTLED, RefundStatus.TRANSFERRED})


class Attempt(msgspec.Struct, frozen=True):
    """One checkout session, requested or open."""

    id: str
    status: AttemptStatus
    idempotency_key: str
    locale: str
    started_at: dt.datetime
    expires_at: dt.datetime
    session: str | None = None
    url: str | None = None
    declined_charges: frozenset[str] = frozenset()


class CaptureCheck(StrEnum):
    """How a capture that a signed event reported compares with Stripe's own list."""

    OPEN = "open"
    PASSED = "passed"
    CONTRADICTED = "contradicted"


class Capture(msgspec.Struct, frozen=True):
    """Money that Stripe captured, once per intent.

    `owed_by` is the obligation by which parked money is returned to its payer. `check` is where it
    was recorded from a signed event alone: whether Stripe's own list has it.
    """

    intent: str
    charge: str
    amount: money.Money
    parked: bool = False
    owed_by: str | None = None
    check: CaptureCheck | None = None


class Refund(msgspec.Struct, frozen=True):
    """Money of one capture to be refunded; `provider_refund` is Stripe's id once it is known.

    `replaces` is the refused or failed refund in whose place this one was sent; `bank_reference`
    the transfer by which finance paid what this one did not.
    """

    id: str
    intent: str
    amount: money.Money
    obligation: str
    idempotency_key: str
    requested_at: dt.datetime
    status: RefundStatus = RefundStatus.REQUESTED
    provider_refund: str | None = None
    replaces: str | None = None
    bank_reference: str | None = None


class Payment(msgspec.Struct, frozen=True):
    """One amount due, its attempts and refunds in order, its captures by intent."""

    booking: str
    due: money.Money
    attempts: tuple[Attempt, ...] = ()
    captures: tuple[Capture, ...] = ()
    refunds: tuple[Refund, ...] = ()

    def owed_by(self, refund: Refund) -> str:
        """The booking that owes what the refund pays: its own, or one that was divided off it."""
        return ids.booking_of_obligation(refund.obligation) or self.booking

    def live_attempt(self) -> Attempt | None:
        """The attempt that may still be paid, if any (M1)."""
        return next((a for a in reversed(self.attempts) if a.status in LIVE), None)

    def attempt(self, attempt: str) -> Attempt | None:
        """The attempt of this id."""
        return next((a for a in self.attempts if a.id == attempt), None)

    def capture(self, intent: str) -> Capture | None:
        """The capture of this intent, if it is recorded (M2)."""
        return next((c for c in self.captures if c.intent == intent), None)

    def refund(self, refund: str) -> Refund | None:
        """The refund of this id."""
        return next((r for r in self.refunds if r.id == refund), None)

    def refundable(self, intent: str) -> money.Money:
        """What may still be refunded of the capture, which must exist (M5)."""
        captured = self.capture(intent)
        assert captured is not None, "only captured money is refunded"
        requested = [
            r.amount for r in self.refunds if r.intent == intent and r.status not in NOT_REFUNDED
        ]
        return captured.amount - money.total(requested, captured.amount.currency)

    def is_settled(self) -> bool:
        """Whether money was captured and applied."""
        return any(not capture.parked for capture in self.captures)


def with_attempt(payment: Payment, attempt: Attempt) -> Payment:
    """The payment with this attempt in place of the one of the same id."""
    attempts = tuple(attempt if a.id == attempt.id else a for a in payment.attempts)
    return replace(payment, attempts=attempts)


def with_attempt_status(payment: Payment, attempt_id: str, status: AttemptStatus) -> Payment:
    """The payment after the status of an attempt changed; unchanged for an unknown attempt."""
    attempt = payment.attempt(attempt_id)
    if attempt is None:
        return payment
    return with_attempt(payment, replace(attempt, status=status))
