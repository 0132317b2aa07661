"""Which versions a price is made of, and what the versions that a segment was sold under say."""

import datetime as dt

import msgspec

from domain.booking.values import LAUNCH_PRICES, PriceVersions, Segment
from domain.policies.book import PolicyBook
from domain.policies.price_values import Extras, PassengerShares
from domain.policies.scope import Sale


def price_versions_in_force(
    book: PolicyBook, sale: Sale, *, at: dt.datetime
) -> PriceVersions | msgspec.UnsetType:
    """Return the versions that a price of this instant is made of; UNSET for the launch's."""
    found = PriceVersions(
        passenger_shares=book.in_force("passenger_shares", sale, at=at).number,
        extras=book.in_force("extras", sale, at=at).number,
    )
    return msgspec.UNSET if found == LAUNCH_PRICES else found


def shares_of(book: PolicyBook, segment: Segment) -> PassengerShares:
    """Return what children and infants pay of an adult fare on this segment, as it was sold."""
    return book.value(PassengerShares, segment.price_versions.passenger_shares)


def extras_of(book: PolicyBook, segment: Segment) -> Extras:
    """Return what extras cost on this segment, as it was sold."""
    return book.value(Extras, segment.price_versions.extras)
