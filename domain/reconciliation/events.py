"""All events of a reconciled day; the tags and fields are a storage contract.

`break_id` is the id of a break, `by` the user who decided.
"""

from typing import ClassVar

from domain.kernel import entries
from domain.kernel.events import DomainEvent
from domain.reconciliation.breaks import Break
from domain.reconciliation.records import BankLine, UnrelatedLine
from domain.reconciliation.state import DayTotal, Decision, DuplicateCharge, RemedyReason


class DayCompared(DomainEvent, frozen=True):
    """A run compared the legs of the day; `inputs` is the hash of all its rows."""

    tag: ClassVar[str] = "reconciliation.day_compared.1"
    inputs: str
    totals: tuple[DayTotal, ...]


class BreakDetected(DomainEvent, frozen=True):
    """A run found what does not fit, or found it with other evidence than before."""

    tag: ClassVar[str] = "reconciliation.break_detected.1"
    found: Break


class BreakCleared(DomainEvent, frozen=True):
    """A later run did not find it any more."""

    tag: ClassVar[str] = "reconciliation.break_cleared.1"
    break_id: str


class RemedyProposed(DomainEvent, frozen=True):
    """A user proposed a remedy that moves money to a named account; another user decides."""

    tag: ClassVar[str] = "reconciliation.remedy_proposed.1"
    break_id: str
    decision: Decision
    account: str
    by: str
    reason: RemedyReason


class RemedyApproved(DomainEvent, frozen=True):
    """Another user approved it; the entry moves the money."""

    tag: ClassVar[str] = "reconciliation.remedy_approved.1"
    break_id: str
    by: str
    proposed_by: str
    entry: entries.Entry


class RemedyDeclined(DomainEvent, frozen=True):
    """Another user refused it: the break is open again."""

    tag: ClassVar[str] = "reconciliation.remedy_declined.1"
    break_id: str
    by: str
    reason: RemedyReason


class BreakResolved(DomainEvent, frozen=True):
    """A user resolved it without moving money."""

    tag: ClassVar[str] = "reconciliation.break_resolved.1"
    break_id: str
    decision: Decision
    by: str
    reason: RemedyReason


class FactsAppended(DomainEvent, frozen=True):
    """A user had appended what Stripe proves, by the commands that its webhooks use.

    `transactions` are the balance transactions that were read, and `digests` their hashes.
    """

    tag: ClassVar[str] = "reconciliation.facts_appended.1"
    break_id: str
    transactions: tuple[str, ...]
    digests: tuple[str, ...]
    by: str
    reason: RemedyReason


class RefundProposed(DomainEvent, frozen=True):
    """A user proposed to give a duplicate charge back; another user decides."""

    tag: ClassVar[str] = "reconciliation.refund_proposed.1"
    break_id: str
    duplicate: DuplicateCharge
    by: str
    reason: RemedyReason


class RefundApproved(DomainEvent, frozen=True):
    """Another user approved it: the duplicate is booked on `payment`, and `refunds` give it back.

    Their events have the entries.
    """

    tag: ClassVar[str] = "reconciliation.refund_approved.1"
    break_id: str
    by: str
    proposed_by: str
    payment: str
    refunds: tuple[str, ...]


class BankLinesImported(DomainEvent, frozen=True):
    """A statement of the bank covers the day; `lines` are those from Stripe that are new.

    `file` is the hash of the statement's bytes.
    """

    tag: ClassVar[str] = "reconciliation.bank_lines_imported.1"
    file: str
    lines: tuple[BankLine, ...]
    by: str


class UnrelatedLinesImported(DomainEvent, frozen=True):
    """The statement has new lines of the day that do not name Stripe; their texts are not kept."""

    tag: ClassVar[str] = "reconciliation.unrelated_lines_imported.1"
    file: str
    lines: tuple[UnrelatedLine, ...]
    by: str


ReconciliationEvent = (
    DayCompared
    | BankLinesImported
    | UnrelatedLinesImported
    | BreakDetected
    | BreakCleared
    | RemedyProposed
    | RemedyApproved
    | RemedyDeclined
    | BreakResolved
    | FactsAppended
    | RefundProposed
    | RefundApproved
)
