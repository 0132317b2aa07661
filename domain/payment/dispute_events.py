"""The events of disputes, and of the refunds that wait for their end.

The fields are a storage contract, as in `events.py`. Amounts are in the currency of the charge,
fees in that of Stripe's balance transaction.
"""

import datetime as dt
from typing import ClassVar, Literal

from domain.kernel import entries, money
from domain.kernel.events import DomainEvent


class DisputeFact(DomainEvent, frozen=True):
    """Root of the events of disputes."""

    capability: ClassVar[Literal["disputes"]] = "disputes"


class FraudWarned(DisputeFact, frozen=True):
    """The payer's bank suspects fraud (early fraud warning); no money has moved.

    `warning` is Stripe's id, `fraud_type` the bank's word.
    """

    tag: ClassVar[str] = "payment.fraud_warned.1"
    warning: str
    intent: str
    charge: str
    fraud_type: str


class InquiryOpened(DisputeFact, frozen=True):
    """The payer's bank asks about the charge before it disputes it; no money has moved."""

    tag: ClassVar[str] = "payment.inquiry_opened.1"
    dispute: str
    intent: str
    charge: str
    amount: money.Money
    reason: str
    evidence_due_at: dt.datetime | None


class DisputeOpened(DisputeFact, frozen=True):
    """The payer disputes the charge, or a part of it: a new dispute, an inquiry that became one, or
    a won one that the bank has opened again.
    """

    tag: ClassVar[str] = "payment.dispute_opened.1"
    dispute: str
    intent: str
    charge: str
    amount: money.Money
    reason: str
    evidence_due_at: dt.datetime | None


class DisputeChanged(DisputeFact, frozen=True):
    """The bank changed the amount or the day until which evidence counts."""

    tag: ClassVar[str] = "payment.dispute_changed.1"
    dispute: str
    amount: money.Money
    evidence_due_at: dt.datetime | None


class DisputeEvidenceSubmitted(DisputeFact, frozen=True):
    """Stripe passed evidence on to the bank; `submission_count` is how often it has by now."""

    tag: ClassVar[str] = "payment.dispute_evidence_submitted.1"
    dispute: str
    submission_count: int


class DisputeFundsWithdrawn(DisputeFact, frozen=True):
    """Stripe took the disputed money and its fee from our balance, by this balance transaction."""

    tag: ClassVar[str] = "payment.dispute_funds_withdrawn.1"
    dispute: str
    transaction: str
    amount: money.Money
    fee: money.Money
    entry: entries.Entry


class DisputeFundsReinstated(DisputeFact, frozen=True):
    """Stripe returned disputed money, by this balance transaction.

    `recovered` of the amount was lost by our books, in minor units; `fee` is what Stripe returned
    of its fee.
    """

    tag: ClassVar[str] = "payment.dispute_funds_reinstated.1"
    dispute: str
    transaction: str
    amount: money.Money
    fee: money.Money
    recovered: int
    entry: entries.Entry


class DisputeWon(DisputeFact, frozen=True):
    """The bank decided for the airline."""

    tag: ClassVar[str] = "payment.dispute_won.1"
    dispute: str


class DisputeLost(DisputeFact, frozen=True, omit_defaults=True):
    """The bank decided for the payer: `amount` of the money that was withdrawn is gone.

    `entry` is the part of it that neither coupons nor refunds bear: no entry where there is none.
    """

    tag: ClassVar[str] = "payment.dispute_lost.1"
    dispute: str
    amount: money.Money
    entry: entries.Entry | None = None


class DisputeClosed(DisputeFact, frozen=True):
    """An inquiry ended without a dispute, or a dispute was prevented before it took money."""

    tag: ClassVar[str] = "payment.dispute_closed.1"
    dispute: str


class RefundPostponed(DisputeFact, frozen=True):
    """The refund waits: its charge is disputed, and Stripe has not got it."""

    tag: ClassVar[str] = "payment.refund_postponed.1"
    refund: str


class RefundResumed(DisputeFact, frozen=True):
    """No dispute of the charge is open any more: the refund is requested anew, under a new key."""

    tag: ClassVar[str] = "payment.refund_resumed.1"
    refund: str
    idempotency_key: str
    requested_at: dt.datetime


class RefundChargedBack(DisputeFact, frozen=True):
    """The payer has taken `amount` of this refund back by a lost dispute: it is not paid again."""

    tag: ClassVar[str] = "payment.refund_charged_back.1"
    refund: str
    dispute: str
    amount: money.Money
    entry: entries.Entry


_Course = FraudWarned | InquiryOpened | DisputeOpened | DisputeChanged | DisputeEvidenceSubmitted
_Money = DisputeFundsWithdrawn | DisputeFundsReinstated
_End = DisputeWon | DisputeLost | DisputeClosed
_Refund = RefundPostponed | RefundResumed | RefundChargedBack
DisputeEvent = _Course | _Money | _End | _Refund
