"""Events about the parts of an amount due that travel credit pays."""

import datetime as dt
from typing import ClassVar, Literal

from domain.kernel import money
from domain.kernel.events import DomainEvent


class CreditPartFact(DomainEvent, frozen=True):
    """Root of the events about parts that credit pays.

    They carry no entry: that is in the event of the credit, which the same append records.
    """

    capability: ClassVar[Literal["credit_parts"]] = "credit_parts"


class CreditApplied(CreditPartFact, frozen=True):
    """Credit pays a part of the amount due, or all of it; `use` is its id at the credit."""

    tag: ClassVar[str] = "payment.credit_applied.1"
    credit: str
    use: str
    amount: money.Money


class CreditPartReturned(CreditPartFact, frozen=True, omit_defaults=True):
    """A part went back to its credit: as a refund of what is owed by `obligation`, or because
    `modified_booking` costs less after a change.

    Without either the amount due was not paid, and the whole part went back. `returned_at` is of a
    refund.
    """

    tag: ClassVar[str] = "payment.credit_part_returned.1"
    credit: str
    use: str
    amount: money.Money
    obligation: str | None = None
    modified_booking: str | None = None
    returned_at: dt.datetime | None = None


CreditPartEvent = CreditApplied | CreditPartReturned
