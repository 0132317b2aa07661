"""The state of external refunds: made at Stripe by hand, and what finance said they were for."""

import datetime as dt

import msgspec

from domain.kernel import money
from domain.payment.external_refund_events import Purpose


class Allocation(msgspec.Struct, frozen=True):
    """A part of an external refund; `refund` of ours is what it pays for `booking`, if any."""

    purpose: Purpose
    amount: money.Money
    booking: str
    refund: str | None = None


class ExternalRefund(msgspec.Struct, frozen=True):
    """Money of a capture that was refunded at Stripe by hand, by its id there.

    `failure` is Stripe's code of a failed one. `made_at` is when it was made, None where that was
    not recorded, `accepted_on` the accounting day on which it was recorded.
    """

    id: str
    intent: str
    amount: money.Money
    allocations: tuple[Allocation, ...] = ()
    settled: bool = False
    failure: str | None = None
    made_at: dt.datetime | None = None
    accepted_on: dt.date | None = None

    @property
    def failed(self) -> bool:
        """Whether its money came back, even after it was settled."""
        return self.failure is not None

    @property
    def unallocated(self) -> money.Money:
        """What finance has still to allocate; nothing once its money came back."""
        if self.failed:
            return money.Money(0, self.amount.currency)
        allocated = [each.amount for each in self.allocations]
        return self.amount - money.total(allocated, self.amount.currency)
