"""Prices a journey on flights as they are now: classes with seats left, extras, chosen seats."""

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence

import msgspec

from application.policies import operating_rules
from application.policies.fee_terms import sale_of, versions_in_force
from application.policies.price_terms import price_versions_in_force, shares_of
from application.pricing import extra_prices, seat_extras
from domain.booking import connections, sale
from domain.booking import rejections as booking_rejections
from domain.booking.values import SeatChoice, Segment
from domain.inventory import rejections as flight_rejections
from domain.inventory import sales_window
from domain.inventory.state import Bucket, Cabin, Flight
from domain.policies.book import PolicyBook
from domain.policies.money_values import LeastCharges
from domain.policies.operating_values import SalesWindow
from domain.pricing import charge_limits, rules, tax
from domain.pricing.extras import ExtraChoice, is_seat
from domain.pricing.price import Leg, PassengerType, Price


class WantedSegment(msgspec.Struct, frozen=True):
    """A flight and cabin; without a class the lowest that has seats for the party is chosen."""

    flight: str
    cabin: str
    fare_class: str | None = None


class WantedExtra(msgspec.Struct, frozen=True):
    """An extra for one passenger on one flight, both counted from 0."""

    code: str
    passenger: int
    segment: int


class WantedSeat(msgspec.Struct, frozen=True):
    """A seat such as `12A` for one passenger on one flight, both counted from 0."""

    passenger: int
    segment: int
    seat: str


class Wanted(msgspec.Struct, frozen=True):
    """A journey for a party, with extras and seats chosen by passenger and segment.

    `surface_sectors` are the segments to whose airport the party travels by itself.
    """

    segments: tuple[WantedSegment, ...]
    passengers: tuple[PassengerType, ...]
    extras: tuple[ExtraChoice, ...] = ()
    seats: tuple[SeatChoice, ...] = ()
    surface_sectors: tuple[int, ...] = ()


class Priced(msgspec.Struct, frozen=True):
    """The journey with its classes found, and its price."""

    segments: tuple[Segment, ...]
    price: Price


def leg_of(flight: Flight) -> Leg:
    """Return what order and tax of a journey depend on."""
    return Leg(
        origin=flight.origin,
        destination=flight.destination,
        departs_at=flight.departs_at,
        arrives_at=flight.arrives_at,
        at_home=flight.at_home,
    )


def price(
    wanted: Wanted, flights: Mapping[str, Flight | None], *, book: PolicyBook, now: dt.datetime
) -> Priced:
    """Return the classes found with the versions of the fees in force, and the price.

    Rejects InvalidParty, InvalidJourney, FlightNotFound, CabinNotFound, SalesClosed,
    SeatsUnavailable (no class has seats for the party), CurrenciesDiffer, ExtraUnknown,
    AmountNotCollectable and what `seat_extras.of_chosen_seats` does.
    """
    sale.require_valid_party(wanted.passengers)
    found = [_operating(flights.get(each.flight), book, now=now) for each in wanted.segments]
    legs = [leg_of(each) for each in found]
    sale.require_valid_journey(
        [(each.flight, leg) for each, leg in zip(wanted.segments, legs, strict=True)],
        surface_sectors=wanted.surface_sectors,
    )
    if len(legs) > 1:
        by = operating_rules.connecting_times_in(book, at=now)
        for before, after in itertools.pairwise(legs):
            connections.require_reachable(before, after, by=by)
    seats = rules.seat_count(wanted.passengers)
    buckets = [
        _bucket(flight, each, seats) for each, flight in zip(wanted.segments, found, strict=True)
    ]
    _require_within(wanted)
    segments = [
        _segment(each, flight, bucket, book=book, now=now)
        for each, flight, bucket in zip(wanted.segments, found, buckets, strict=True)
    ]
    choices = (*wanted.extras, *_of_chosen_seats(wanted, found))
    total = rules.price_journey(
        segments=[
            _fare(bucket, segment, book=book, taxed=due)
            for bucket, segment, due in zip(buckets, segments, tax.taxed(legs), strict=True)
        ],
        passengers=wanted.passengers,
        extras=extra_prices.priced(choices, segments, book=book, currency=buckets[0].fare.currency),
    )
    _require_collectable(total, book=book, now=now)
    return Priced(tuple(segments), total)


def is_bookable(flight: Flight, book: PolicyBook, *, now: dt.datetime) -> bool:
    """Return whether the flight is to operate and is still on sale."""
    window = book.value_in_force(SalesWindow, operating_rules.of_flight(flight), at=now)
    return sales_window.is_bookable(flight, closes=window.closes, now=now)


def _require_collectable(price: Price, *, book: PolicyBook, now: dt.datetime) -> None:
    least = book.value_now(LeastCharges, at=now).least(price.currency)
    charge_limits.require_collectable(price.total(), least=least)


def _segment(
    wanted: WantedSegment, flight: Flight, bucket: Bucket, *, book: PolicyBook, now: dt.datetime
) -> Segment:
    """Return the segment with the versions that a sale of this instant is made under."""
    sold = sale_of(flight, wanted.cabin, bucket)
    return Segment(
        wanted.flight,
        wanted.cabin,
        bucket.code,
        bucket.residue,
        versions_in_force(book, sold, at=now),
        price_versions_in_force(book, sold, at=now),
    )


def _fare(bucket: Bucket, segment: Segment, *, book: PolicyBook, taxed: bool) -> rules.SegmentFare:
    shares = shares_of(book, segment)
    return rules.SegmentFare(bucket.fare, taxed, shares.child_percent, shares.infant_percent)


def _operating(flight: Flight | None, book: PolicyBook, *, now: dt.datetime) -> Flight:
    if flight is None:
        raise flight_rejections.FlightNotFound()
    if not is_bookable(flight, book, now=now):
        raise flight_rejections.SalesClosed(flight=flight.number)
    return flight


def _bucket(flight: Flight, wanted: WantedSegment, seats: int) -> Bucket:
    cabin = flight.cabins.get(wanted.cabin)
    if cabin is None:
        raise flight_rejections.CabinNotFound(cabin=wanted.cabin)
    if wanted.fare_class is not None:
        bucket = cabin.bucket(wanted.fare_class)
        if bucket is None:
            raise flight_rejections.CabinNotFound(field="fareClass", fareClass=wanted.fare_class)
        return bucket
    return lowest_bucket(cabin, seats)


def lowest_bucket(cabin: Cabin, seats: int) -> Bucket:
    """Return the lowest class with so many seats; without one the lowest: the hold decides."""
    for bucket in reversed(cabin.buckets):
        if cabin.free_in(bucket.code) >= seats:
            return bucket
    return cabin.buckets[0]


def _require_within(wanted: Wanted) -> None:
    """Require that extras and seats name existing passengers and segments; infants have no seat."""
    if not wanted.extras and not wanted.seats:
        return
    named = [
        *((f"extras[{at}]", each.passenger, each.segment) for at, each in enumerate(wanted.extras)),
        *((f"seats[{at}]", each.passenger, each.segment) for at, each in enumerate(wanted.seats)),
    ]
    for place, passenger, segment in named:
        if not 0 <= passenger < len(wanted.passengers):
            raise booking_rejections.NoSuchPart(field=f"{place}.passenger", passenger=passenger)
        if not 0 <= segment < len(wanted.segments):
            raise booking_rejections.NoSuchPart(field=f"{place}.segment", segment=segment)
    for index, choice in enumerate(wanted.seats):
        if wanted.passengers[choice.passenger] == "INF":
            raise booking_rejections.NoSuchPart(
                field=f"seats[{index}].passenger",
                passenger=choice.passenger,
                reason="sits_on_a_lap",
            )
    if len({(each.passenger, each.segment) for each in wanted.seats}) != len(wanted.seats):
        raise booking_rejections.NoSuchPart(field="seats", reason="two_seats_for_one_passenger")


def _of_chosen_seats(wanted: Wanted, flights: Sequence[Flight]) -> list[ExtraChoice]:
    if not wanted.extras and not wanted.seats:
        return []
    return seat_extras.of_chosen_seats(_wanted_seats(wanted, flights))


def _wanted_seats(wanted: Wanted, flights: Sequence[Flight]) -> seat_extras.WantedSeats:
    cabins = tuple(
        flight.cabins[each.cabin] for each, flight in zip(wanted.segments, flights, strict=True)
    )
    return seat_extras.WantedSeats(
        passengers=wanted.passengers,
        extras=tuple(each for each in wanted.extras if is_seat(each.code)),
        seats=wanted.seats,
        flights=tuple(flights),
        layouts=tuple(cabin.layout for cabin in cabins),
    )
