"""The state of a payment: its attempts, captures, refunds and disputes."""

import datetime as dt
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from domain.kernel import ids, money
from domain.payment.dispute_state import Dispute, DisputeStage
from domain.payment.external_refund_events import Purpose
from domain.payment.external_refund_state import ExternalRefund


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
    """The status of one refund; one that is waiting awaits the end of a dispute."""

    REQUESTED = "requested"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SETTLED = "settled"
    REFUSED = "refused"
    FAILED = "failed"
    TRANSFERRED = "transferred"
    WAITING = "waiting"
    CHARGED_BACK = "charged_back"
    REQUIRES_ACTION = "requires_action"
    CANCELED = "canceled"
    COVERED = "covered"


NOT_REFUNDED = frozenset({RefundStatus.REFUSED, RefundStatus.FAILED, RefundStatus.CANCELED})
# The payer has the money.
ARRIVED = frozenset(
    {
        RefundStatus.SETTLED,
        RefundStatus.TRANSFERRED,
        RefundStatus.CHARGED_BACK,
        RefundStatus.COVERED,
    }
)
# Other money than that of the refund itself has paid it.
PAID_OTHERWISE = frozenset({RefundStatus.CHARGED_BACK, RefundStatus.COVERED})


class Attempt(msgspec.Struct, frozen=True):
    """One checkout session, requested or open.

    `last_decline` is the most exact code of Stripe for the last declined card, None where there is
    none. `bank_decides` once the session is complete and a bank has still to answer. `amount` where
    it collects less than the amount due; `is_share` where others collect the rest beside it.
    `replaces` is the attempt whose place it takes, "" for none.
    """

    id: str
    status: AttemptStatus
    idempotency_key: str
    locale: str
    started_at: dt.datetime
    expires_at: dt.datetime
    session: str | None = None
    url: str | None = None
    declined_charges: frozenset[str] = frozenset()
    last_decline: str | None = None
    bank_decides: bool = False
    amount: money.Money | None = None
    is_share: bool = False
    return_to: str = ""
    replaces: str = ""


class CaptureCheck(StrEnum):
    """How a capture that a signed event reported compares with Stripe's own list."""

    OPEN = "open"
    PASSED = "passed"
    CONTRADICTED = "contradicted"


# Why money is parked that is a part of the amount due.
UNDERPAID = "underpaid"


class Capture(msgspec.Struct, frozen=True):
    """Money that Stripe captured, once per intent, by the session of this attempt.

    `parked` where none of it is applied, for the reason `parked_for`; of an applied one the
    `surplus` is parked. `owed_by` is the obligation by which parked money is returned to its payer.
    `check` is where it was recorded from a signed event alone: whether Stripe's own list has it.
    `paid_at` is when parked money was paid, `by_hand` what of it was refunded at Stripe by hand.
    `card` is the last four digits of the card that paid, once Stripe's charge was read.
    """

    intent: str
    charge: str
    amount: money.Money
    attempt: str = ""
    parked: bool = False
    owed_by: str | None = None
    check: CaptureCheck | None = None
    surplus: money.Money | None = None
    parked_for: str | None = None
    paid_at: dt.datetime | None = None
    by_hand: money.Money | None = None
    card: str | None = None

    def unapplied(self) -> money.Money:
        """What of it is parked: all, the surplus, or nothing, less what was refunded `by_hand`."""
        nothing = money.Money(0, self.amount.currency)
        return self._parked() - (self.by_hand or nothing)

    def applied(self) -> money.Money:
        """What of it was not parked."""
        return self.amount - self._parked()

    def _parked(self) -> money.Money:
        return self.amount if self.parked else self.surplus or money.Money(0, self.amount.currency)

    def is_partly_refunded(self) -> bool:
        """Whether some of its parked money was refunded at Stripe by hand."""
        return self.by_hand is not None and self.by_hand.amount > 0

    def is_kept(self) -> bool:
        """Whether it is a part of the amount due that waits for the rest; Stripe denies no part."""
        is_part = self.parked and self.owed_by is None and self.parked_for == UNDERPAID
        is_whole = not self.is_partly_refunded()
        return is_part and is_whole and self.check is not CaptureCheck.CONTRADICTED


class Refund(msgspec.Struct, frozen=True):
    """Money of one capture to be refunded; `provider_refund` is Stripe's id once it is known.

    `replaces` is the refused or failed refund in whose place this one was sent; `bank_reference`
    the transfer by which finance paid what this one did not; `charged_back` what the payer has
    taken back by a dispute instead; `covered` what the external refund `covered_by` has paid.
    `failure` is the code of a refused or failed one. `accepted_on` is the accounting day on which
    Stripe had it, `transferred_on` the value date of the transfer.
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
    charged_back: money.Money | None = None
    failure: str | None = None
    covered: money.Money | None = None
    covered_by: str | None = None
    accepted_on: dt.date | None = None
    transferred_on: dt.date | None = None

    def arrived(self) -> money.Money:
        """What of it the payer has; another refund is sent for the rest of one charged back."""
        if self.status not in ARRIVED:
            return money.Money(0, self.amount.currency)
        if self.status is RefundStatus.CHARGED_BACK and self.charged_back is not None:
            return self.charged_back
        if self.status is RefundStatus.COVERED and self.covered is not None:
            return self.covered
        return self.amount


class CreditPart(msgspec.Struct, frozen=True):
    """What travel credit pays of the amount due; `use` is its id at the credit.

    `is_withdrawn` where it went back before the amount due was paid; of one that paid, `returned`
    is what was refunded as credit, or came back when a change made the booking cheaper.
    """

    use: str
    credit: str
    amount: money.Money
    returned: money.Money
    is_withdrawn: bool = False

    @property
    def left(self) -> money.Money:
        """What can still go back to the credit."""
        return self.amount - self.returned


class CreditReturn(msgspec.Struct, frozen=True):
    """What of a use went back to its credit because the airline owed it by the obligation.

    `returned_at` is None where it was not recorded.
    """

    use: str
    obligation: str
    amount: money.Money
    returned_at: dt.datetime | None = None


class Payment(msgspec.Struct, frozen=True):
    """One amount due, its attempts, refunds and disputes in order, its captures by intent.

    `fraud_warnings` are ids at Stripe. `allocated_to` is what money without a booking pays for.
    """

    booking: str
    due: money.Money
    attempts: tuple[Attempt, ...] = ()
    captures: tuple[Capture, ...] = ()
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    fraud_warnings: frozenset[str] = frozenset()
    external_refunds: tuple[ExternalRefund, ...] = ()
    allocated_to: str | None = None
    credit_parts: tuple[CreditPart, ...] = ()
    credit_returns: tuple[CreditReturn, ...] = ()

    @property
    def pays_for(self) -> str:
        """The booking that its money pays for; the intent where it names none."""
        return self.allocated_to or self.booking

    def owed_by(self, refund: Refund) -> str:
        """The booking that owes what the refund pays: its own, or one that was divided off it."""
        return ids.booking_of_obligation(refund.obligation) or self.booking

    def live_attempt(self) -> Attempt | None:
        """The attempt that may still be paid, if any; of several shares the last."""
        return next((a for a in reversed(self.attempts) if a.status in LIVE), None)

    def live_attempts(self) -> tuple[Attempt, ...]:
        """All that may still be paid: one, or the shares of the amount due (M1)."""
        return tuple(a for a in self.attempts if a.status in LIVE)

    def awaits_bank(self) -> bool:
        """Whether banks decide about all that may still be paid: none of it can be stopped."""
        live = self.live_attempts()
        return bool(live) and all(attempt.bank_decides for attempt in live)

    def is_shared(self) -> bool:
        """Whether several payers pay it."""
        return any(a.is_share for a in self.attempts)

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
        """What may still be refunded of the capture, which must exist (M5); never less than zero.

        What disputes have taken for good is gone, whatever was refunded before.
        """
        captured = self.capture(intent)
        assert captured is not None, "only captured money is refunded"
        left = -self.excess(intent) - self.charged_back(intent).amount
        return money.Money(max(left, 0), captured.amount.currency)

    def excess(self, intent: str) -> int:
        """By how much refunds, ours and external, are more than the capture, which must exist.

        In minor units; less than zero as long as they fit (M5).
        """
        captured = self.capture(intent)
        assert captured is not None, "only captured money is refunded"
        gone = NOT_REFUNDED | PAID_OTHERWISE
        ours = [
            r.amount.amount for r in self.refunds if r.intent == intent and r.status not in gone
        ]
        external = [each.amount.amount for each in self.external_refunds_of(intent)]
        return sum(ours) + sum(external) - captured.amount.amount

    def external_refund(self, provider_refund: str) -> ExternalRefund | None:
        """The external refund of this id at Stripe."""
        return next((e for e in self.external_refunds if e.id == provider_refund), None)

    def external_refunds_of(self, intent: str) -> list[ExternalRefund]:
        """The external refunds of the capture whose money has not come back."""
        return [each for each in self.external_refunds if each.intent == intent and not each.failed]

    def beyond_rules(self, intent: str) -> money.Money:
        """What external refunds have taken of the capture, which must exist, for no debt of ours.

        That is goodwill, and what finance has not allocated yet.
        """
        captured = self.capture(intent)
        assert captured is not None
        found = money.Money(0, captured.amount.currency)
        for each in self.external_refunds_of(intent):
            goodwill = (e.amount for e in each.allocations if e.purpose is Purpose.GOODWILL)
            found = money.total([found, each.unallocated, *goodwill], found.currency)
        return found

    def dispute(self, dispute: str) -> Dispute | None:
        """The dispute of this id."""
        return next((d for d in self.disputes if d.id == dispute), None)

    def open_dispute(self, intent: str) -> Dispute | None:
        """A dispute of the capture that the bank has not decided; an inquiry is none."""
        of_intent = (d for d in self.disputes if d.intent == intent)
        return next((d for d in of_intent if d.stage is DisputeStage.OPEN), None)

    def charged_back(self, intent: str) -> money.Money:
        """What lost disputes have taken of the capture, which must exist."""
        captured = self.capture(intent)
        assert captured is not None
        lost = sum(d.lost for d in self.disputes if d.intent == intent)
        return money.Money(lost, captured.amount.currency)

    def is_settled(self) -> bool:
        """Whether money was captured and applied, or credit has paid all of it."""
        if any(not capture.parked for capture in self.captures):
            return True
        return bool(self.credit_parts) and self.credited() == self.due

    def credit_part(self, use: str) -> CreditPart | None:
        """The part of this use of a credit."""
        return next((each for each in self.credit_parts if each.use == use), None)

    def credited(self) -> money.Money:
        """What credit has paid of the amount due, whatever was refunded afterwards."""
        amounts = [each.amount for each in self.credit_parts if not each.is_withdrawn]
        return money.total(amounts, self.due.currency)

    def returned_as_credit(self, obligation: str) -> money.Money:
        """What went back as credit because of this obligation."""
        amounts = [each.amount for each in self.credit_returns if each.obligation == obligation]
        return money.total(amounts, self.due.currency)

    def kept(self) -> tuple[Capture, ...]:
        """Captures that are parts of the amount due, and wait for the rest."""
        return tuple(capture for capture in self.captures if capture.is_kept())

    def outstanding(self) -> money.Money:
        """What of the amount due neither a capture nor credit has brought yet."""
        kept = money.total([each.amount for each in self.kept()], self.due.currency)
        return self.due - kept - self.credited()

    def asked_by(self, attempt: str) -> money.Money | None:
        """What the session of this attempt collects; None for an unknown one."""
        known = self.attempt(attempt)
        return None if known is None else known.amount or self.due


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
