"""The event by which a refund beyond the rules waits for a second person.

The fields are a storage contract, as in `events.py`.
"""

from typing import ClassVar, Literal

from domain.kernel import money, sealed
from domain.kernel.events import DomainEvent


class RefundApprovalFact(DomainEvent, frozen=True):
    """Root of the events about refunds that need two persons."""

    capability: ClassVar[Literal["refund_approval"]] = "refund_approval"


class RefundProposed(RefundApprovalFact, frozen=True, omit_defaults=True):
    """One person of finance asks for a refund that another one has to ask for as well.

    `by` is the user's id; `notes` are what staff wrote. Nothing is owed yet.
    """

    tag: ClassVar[str] = "booking.refund_proposed.1"
    amount: money.Money
    by: str
    notes: tuple[sealed.Sealed, ...] = ()


RefundApprovalEvent = RefundProposed
