"""What is due to authorities on a flight, and which version of the table a booking follows."""

import msgspec

from domain.booking.state import Booking
from domain.kernel import entries, money
from domain.policies.book import PolicyBook
from domain.policies.state import LAUNCH_VERSION
from domain.policies.taxes import Taxes, Travel
from domain.pricing.price import Leg
from domain.pricing.rules import SegmentFare
from domain.pricing.tax import DueCharge


def taxes_of(book: PolicyBook, booking: Booking) -> Taxes:
    """Return the table that a booking was sold under (O4): one for all its flights."""
    version = booking.segments[0].fee_versions.taxes
    return book.taxes(LAUNCH_VERSION if isinstance(version, msgspec.UnsetType) else version)


def due_charges(taxes: Taxes, leg: Leg, *, taxed: bool) -> tuple[DueCharge, ...]:
    """Return what is due on a flight; `taxed` where it is domestic and no part of a journey abroad.

    The day of travel is that of the airline's books.
    """
    travel: Travel | None = "domestic" if taxed else None if leg.at_home else "international"
    day = entries.accounting_day(leg.departs_at)
    return tuple(
        DueCharge(
            code=row.code,
            authority=row.authority,
            airport=airport,
            amount=money.Money(row.amount, row.currency),
            passengers=row.passengers,
            refundable=row.refundable,
        )
        for row, airport in taxes.due(leg.origin, leg.destination, travel=travel, day=day)
    )


def segment_fare(taxes: Taxes, fare: money.Money, leg: Leg, *, taxed: bool) -> SegmentFare:
    """Return a flight of a journey as it is priced."""
    return SegmentFare(fare, taxed, due_charges(taxes, leg, taxed=taxed))
