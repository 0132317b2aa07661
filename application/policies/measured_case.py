"""What a measure of a preview is given and what it returns: the form that policies plug in.

A measure looks at one booking with its history, and finds amounts under the version of a policy
that is in force today, and under the proposed one.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

from application.policies.past_flights import PastFlights
from application.ports import RecordedEvent
from domain.booking.state import Booking
from domain.policies.book import PolicyBook
from domain.policies.values import PolicyName

# What happened since the sale, and what would be if it happened now.
MeasureKind = Literal["cancellations", "changes", "cancelled_now", "changed_now"]


class Measured(msgspec.Struct, frozen=True):
    """One amount in minor units, under today's version and under the proposed one."""

    kind: MeasureKind
    currency: str
    today: int
    proposed: int


class Case(msgspec.Struct, frozen=True):
    """A booking with its events, in the order of the log, at least one.

    `book` has the proposed version, too. `today` and `proposed` are the numbers of the versions of
    the policy under which its segments would be sold, by segment.
    """

    booking_id: str
    events: Sequence[RecordedEvent]
    book: PolicyBook
    policy: PolicyName
    today: tuple[int, ...]
    proposed: tuple[int, ...]

    def as_today(self, booking: Booking) -> Booking:
        """Return the booking as if it had been sold under today's versions of the policy."""
        return self._under(booking, self.today)

    def as_proposed(self, booking: Booking) -> Booking:
        """Return the booking as if it had been sold under the proposed version."""
        return self._under(booking, self.proposed)

    def _under(self, booking: Booking, versions: tuple[int, ...]) -> Booking:
        segments = tuple(
            replace(each, sold_under=replace(each.fee_versions, **{self.policy: version}))
            for each, version in zip(booking.segments, versions, strict=True)
        )
        return replace(booking, segments=segments)


class Measurement(msgspec.Struct, frozen=True):
    """The amounts of a booking, and how many that stored versions do not explain."""

    amounts: tuple[Measured, ...] = ()
    unexplained: int = 0


Measure = Callable[[Case, PastFlights], Awaitable[Measurement]]
