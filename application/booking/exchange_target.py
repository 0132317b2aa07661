"""What a segment is exchanged for: a class of the new flight, its terms and its fare."""

import datetime as dt
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from application.booking import journey
from application.policies.price_terms import shares_of
from application.pricing import filed_fares, journeys
from application.pricing.journeys import WantedSegment
from domain.booking.coupons import Coupon
from domain.booking.state import Booking
from domain.booking.values import Segment
from domain.inventory import rejections as flight_rejections
from domain.inventory.state import Flight
from domain.policies.book import PolicyBook
from domain.policies.filed_fares import FiledFares
from domain.pricing import exchange as exchange_rates
from domain.pricing import rules


class Target(msgspec.Struct, frozen=True):
    """The segment that is exchanged for, and the fare of each coupon on it without tax, in minor
    units of the currency of the booking.
    """

    segment: Segment
    fares: tuple[int, ...]


def target_of(
    booking: Booking,
    flights: Sequence[Flight],
    coupons: Sequence[Coupon],
    *,
    to: WantedSegment,
    book: PolicyBook,
    now: dt.datetime,
) -> Target:
    """Return the segment with a fare class that has seats, and its fares of now.

    The versions of its terms stay, and the shares that children and infants pay (O4); of the terms
    the family of the new class counts.
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
    sold = booking.segments[coupons[0].segment]
    filed = filed_fares.fare_of_class(
        book.value_now(FiledFares, at=now),
        flight,
        to.cabin,
        bucket,
        round_trip=filed_fares.is_round_trip([journeys.leg_of(each) for each in flights]),
    )
    fare, shares = exchange_rates.convert(filed, booking.currency), shares_of(book, sold)
    types = [booking.passengers[each.passenger].type for each in coupons]
    segment = replace(
        sold,
        flight=to.flight,
        cabin=to.cabin,
        fare_class=bucket.code,
        residue=bucket.residue,
    )
    return Target(
        journeys.with_residue_of_family(book, segment),
        tuple(rules.passenger_fare(fare, shares.percent(each)) for each in types),
    )
