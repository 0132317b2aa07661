"""All events of a period; the tags and fields are a storage contract."""

from typing import ClassVar, Literal

from domain.kernel.events import DomainEvent

ReopeningReason = Literal["late_document", "error_in_the_books", "audit_adjustment"]


class PeriodClosed(DomainEvent, frozen=True):
    """Finance sealed the month: nothing is posted into it any more.

    `by` is the user. The trial balance up to log position `known` is what the month was closed on.
    """

    tag: ClassVar[str] = "period.closed.1"
    by: str
    known: int


class ReopeningAsked(DomainEvent, frozen=True):
    """A user asked for the closed month to be opened again."""

    tag: ClassVar[str] = "period.reopening_asked.1"
    by: str
    reason: ReopeningReason


class PeriodReopened(DomainEvent, frozen=True):
    """Another user approved it: entries of the month are posted into it again."""

    tag: ClassVar[str] = "period.reopened.1"
    by: str
    asked_by: str


PeriodEvent = PeriodClosed | ReopeningAsked | PeriodReopened
