"""What a segment is exchanged for: a class of the new flight, its terms and its fare."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from application.booking import journey
from application.pricing import filed_fares, journeys
from application.pricing.journeys import WantedSegment
from domain.booking.coupons import Coupon
from domain.booking.state import Booking
from domain.booking.values import Segment
from domain.inventory import rejections as flight_rejections
from domain.inventory.state import Flight
from domain.kernel import money
from domain.policies.book import PolicyBook
from domain.policies.filed_fares import FiledFares
from domain.pricing import exchange as exchange_rates


class Target(msgspec.Struct, frozen=True):
    """The segment that is exchanged for, and its adult fare in the currency of the booking."""

    segment: Segment
    fare: money.Money


def target_of(
    booking: Booking,
    flights: Sequence[Flight],
    coupons: Sequence[Coupon],
    *,
    to: WantedSegment,
    book: PolicyBook,
    now: dt.datetime,
) -> Target:
    """Return the segment with a fare class that has seats, and its fare of now.

    The versions of its terms stay (O4); of these the family of the new class counts.
    """
    flight = flights[coupons[0].segment]
    cabin = flight.cabins[to.cabin]
    bucket = (
        cabin.bucket(to.fare_class)
        if to.fare_class is not None
        else journeys.lowest_bucket(cabin, journey.seats_of(booking, coupons))
    )
    if bucket is None:
        raise flight_rejections.CabinNotFound(field="fareClass", fareClass=to.fare_class or "")
    sold_under = booking.segments[coupons[0].segment].sold_under
    fare = filed_fares.fare_of_class(
        book.value_now(FiledFares, at=now),
        flight,
        to.cabin,
        bucket,
        round_trip=filed_fares.is_round_trip([journeys.leg_of(each) for each in flights]),
    )
    segment = Segment(to.flight, to.cabin, bucket.code, bucket.residue, sold_under)
    return Target(
        journeys.with_residue_of_family(book, segment),
        exchange_rates.convert(fare, booking.currency),
    )
