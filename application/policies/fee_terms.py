"""Which versions of fees and families a sale is made under, and what those of a booking say."""

import datetime as dt

import msgspec

from domain.booking.state import Booking
from domain.booking.values import LAUNCH_FEES, FeeVersions, Segment
from domain.inventory.state import Bucket, Flight
from domain.policies.book import PolicyBook
from domain.policies.fare_families import FareFamilies, FareFamily
from domain.policies.scope import Sale
from domain.policies.state import LAUNCH_VERSION
from domain.policies.values import CancellationFees, ChangeFees


class FeeTerms(msgspec.Struct, frozen=True):
    """What cancelling and changing a segment costs, and the family that it is sold as.

    The fees that a family has of its own come before those of the policies.
    """

    cancellation: CancellationFees
    change: ChangeFees
    family: FareFamily


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
    families = book.in_force("fare_families", sale, at=at).number
    found = FeeVersions(
        cancellation_fees=book.in_force("cancellation_fees", sale, at=at).number,
        change_fees=book.in_force("change_fees", sale, at=at).number,
        fare_families=msgspec.UNSET if families == LAUNCH_VERSION else families,
    )
    return msgspec.UNSET if found == LAUNCH_FEES else found


def terms_of_versions(
    book: PolicyBook, versions: FeeVersions, *, cabin: str, fare_class: str
) -> FeeTerms:
    """Return what these versions say about a class of a cabin."""
    family = book.value(FareFamilies, versions.families).family_of(cabin, fare_class)
    return FeeTerms(
        cancellation=book.cancellation_fees(versions.cancellation_fees)
        if family.cancellation is None
        else CancellationFees(family.cancellation, family.after_departure_percent),
        change=book.change_fees(versions.change_fees)
        if family.modification is None
        else ChangeFees(family.modification),
        family=family,
    )


def terms_of(book: PolicyBook, segment: Segment) -> FeeTerms:
    """Return the terms that a segment was sold under."""
    return terms_of_versions(
        book, segment.fee_versions, cabin=segment.cabin, fare_class=segment.fare_class
    )


def terms_of_booking(book: PolicyBook, booking: Booking) -> tuple[FeeTerms, ...]:
    """Return the terms of each segment, in order."""
    return tuple(terms_of(book, each) for each in booking.segments)
