"""What is due to authorities on a flight, and which version of the table a booking follows."""

from domain.booking.state import Booking
from domain.booking.values import Segment
from domain.kernel import entries, money
from domain.policies.book import PolicyBook
from domain.policies.taxes import Taxes, Travel
from domain.pricing.price import Leg
from domain.pricing.tax import DueCharge


def taxes_of(book: PolicyBook, booking: Booking) -> Taxes:
    """Return the table that a booking was sold under (O4): one for all its flights."""
    return taxes_of_segment(book, booking.segments[0])


def taxes_of_segment(book: PolicyBook, segment: Segment) -> Taxes:
    """Return the table that a segment was sold under (O4)."""
    return book.value(Taxes, segment.price_versions.taxes)


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
