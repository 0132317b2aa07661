"""Which versions of the fees a sale is made under, and what the versions of a booking say."""

import datetime as dt

import msgspec

from domain.booking.state import Booking
from domain.booking.values import LAUNCH_FEES, FeeVersions, Segment
from domain.inventory.state import Bucket, Flight
from domain.policies.book import PolicyBook
from domain.policies.scope import Sale
from domain.policies.values import CancellationFees, ChangeFees


class FeeTerms(msgspec.Struct, frozen=True):
    """What cancelling and changing a segment costs."""

    cancellation: CancellationFees
    change: ChangeFees


def sale_of(flight: Flight, cabin: str, bucket: Bucket) -> Sale:
    """Return what scopes of policies are compared with; the currency is that of the fare."""
    return Sale(
        market="domestic" if flight.at_home else "international",
        route=f"{flight.origin}-{flight.destination}",
        cabin=cabin,
        fare_class=bucket.code,
        currency=bucket.fare.currency,
    )


def versions_in_force(
    book: PolicyBook, sale: Sale, *, at: dt.datetime
) -> FeeVersions | msgspec.UnsetType:
    """Return the versions that a sale at this instant is made under; UNSET for the launch's."""
    found = FeeVersions(
        cancellation_fees=book.in_force("cancellation_fees", sale, at=at).number,
        change_fees=book.in_force("change_fees", sale, at=at).number,
    )
    return msgspec.UNSET if found == LAUNCH_FEES else found


def terms_of_versions(book: PolicyBook, versions: FeeVersions) -> FeeTerms:
    """Return what these versions say."""
    return FeeTerms(
        book.cancellation_fees(versions.cancellation_fees), book.change_fees(versions.change_fees)
    )


def terms_of(book: PolicyBook, segment: Segment) -> FeeTerms:
    """Return the terms that a segment was sold under."""
    return terms_of_versions(book, segment.fee_versions)


def terms_of_booking(book: PolicyBook, booking: Booking) -> tuple[FeeTerms, ...]:
    """Return the terms of each segment, in order."""
    return tuple(terms_of(book, each) for each in booking.segments)
