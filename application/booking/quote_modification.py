"""Quote the change of one segment: another date or flight on the route, or a higher cabin."""

import datetime as dt

import msgspec

from application.booking import journey
from application.booking.access import changeable_booking
from application.booking.booking_details import booked_flight
from application.booking.ports import BookingPorts
from application.commands import stream_kinds
from application.identity.ports import Principal
from application.pricing import journeys
from application.pricing.journeys import WantedSegment
from application.pricing.signed_quotes import QUOTE_LIFETIME
from domain.booking import disruption, preconditions, rejections, sale
from domain.booking import modification as booking_modification
from domain.booking.coupons import Coupon
from domain.booking.state import Booking
from domain.booking.values import Destination, Modification, Segment
from domain.inventory import rejections as flight_rejections
from domain.inventory import sales_window
from domain.inventory.state import Flight
from domain.pricing import fees
from domain.pricing import rules as pricing_rules
from domain.pricing.price import CouponPrice

CABIN_RANK = {"Y": 0, "J": 1}


class ModificationQuote(msgspec.Struct, frozen=True):
    """What the change costs, frozen until `valid_until` (exclusive).

    `difference` = new price - old price of the segment, `change.fee` comes on top. `basis` are
    the values of the coupons that are exchanged: any change of them ends the quote.
    """

    booking: str
    modification: Modification
    difference: int
    percent: int
    basis: tuple[tuple[int, int], ...]
    valid_until: dt.datetime


class WantedChange(msgspec.Struct, frozen=True):
    """Where a segment, counted from 0, should go; None keeps flight or cabin as it is.

    Without a class the lowest that has seats for the passengers is meant.
    """

    segment: int = 0
    flight_id: str | None = None
    cabin: str | None = None
    fare_class: str | None = None


class IssuedQuote(msgspec.Struct, frozen=True):
    """A quote with the id by which it is accepted, and the currency of its amounts."""

    quote_id: str
    quote: ModificationQuote
    currency: str


async def quote_modification(
    ports: BookingPorts, principal: Principal, id_or_reference: str, wanted: WantedChange
) -> IssuedQuote:
    """Return the quote of a change; nothing is held by it.

    Rejects BookingNotFound, NotAllowed and what `modification_quote` does.
    """
    booking_id, booking = await changeable_booking(ports, principal, id_or_reference)
    preconditions.require_segment(booking, wanted.segment)
    flights = tuple([await booked_flight(ports, booking, i) for i in range(len(booking.segments))])
    before = booking.segments[wanted.segment]
    to = WantedSegment(
        wanted.flight_id or before.flight, wanted.cabin or before.cabin, wanted.fare_class
    )
    quote = modification_quote(
        booking_id,
        booking,
        flights[wanted.segment],
        (await ports.bus.current(stream_kinds.FLIGHT, to.flight))[0],
        segment=wanted.segment,
        to=to,
        neighbours=neighbours_of(booking, wanted.segment, flights),
        reason="requested",
        now=ports.clock(),
    )
    return IssuedQuote(ports.quotes.issue(quote), quote, booking.currency)


def modification_quote(
    stream: str,
    booking: Booking,
    old: Flight,
    new: Flight | None,
    *,
    segment: int,
    to: WantedSegment,
    neighbours: tuple[tuple[str, dt.datetime, dt.datetime] | None, ...],
    reason: str,
    now: dt.datetime,
) -> ModificationQuote:
    """The same route on another date or flight, or a higher cabin, for all who fly the segment.

    `neighbours` are name, departure and arrival of each segment, None for the one exchanged.
    Free where the airline disturbed the segment. Rejects ModificationRefused, ModificationPending,
    NoSuchPart, CouponNotOpen, SalesClosed, CabinNotFound, InvalidJourney and CurrenciesDiffer.
    """
    booking_modification.require_modifiable(booking, segment, journey.facts_of(old), now=now)
    found = _fit(booking, old, new, segment=segment, to=to, now=now)
    _require_order(neighbours, (to.flight, found.departs_at, found.arrives_at))
    coupons = booking.open_coupons(segment)
    free = disruption.is_material(booking, segment)
    target, prices = _new_values(booking, found, coupons, segment=segment, to=to)
    before = sum(coupon.total for coupon in coupons)
    after = sum(each.total for each in prices)
    percent = _percent(old, free=free, now=now)
    fee = fees.fee(percent, before, booking.currency)
    if free:
        prices, after = _same_values(coupons), before
    with_fee = _with_fee(prices, fee, booking, taxed=any(c.vat for c in coupons))
    cost = after - before + fee
    destination: Destination = "none"
    if cost < 0:
        destination = "card" if booking.segments[segment].residue == "cash" else "credit"
    modification = Modification(
        number=booking.modification_count + 1,
        segment=segment,
        to=target,
        coupons=with_fee,
        fee=fee,
        due=max(cost, 0),
        back=max(-cost, 0),
        destination=destination,
        reason=reason,
    )
    return ModificationQuote(
        booking=stream,
        modification=modification,
        difference=after - before,
        percent=percent,
        basis=tuple((each.passenger, each.total) for each in coupons),
        valid_until=now + QUOTE_LIFETIME,
    )


def _fit(
    booking: Booking,
    old: Flight,
    new: Flight | None,
    *,
    segment: int,
    to: WantedSegment,
    now: dt.datetime,
) -> Flight:
    """The new flight, if the rules allow to go there."""
    if new is None:
        raise flight_rejections.FlightNotFound()
    if not sales_window.is_bookable(new, now=now):
        raise flight_rejections.SalesClosed(flight=new.number)
    had = booking.segments[segment]
    if (new.origin, new.destination) != (old.origin, old.destination):
        raise rejections.ModificationRefused(reason="other_route")
    if to.cabin not in new.cabins:
        raise flight_rejections.CabinNotFound(cabin=to.cabin)
    if CABIN_RANK[to.cabin] < CABIN_RANK[had.cabin]:
        raise rejections.ModificationRefused(reason="lower_cabin")
    if (to.flight, to.cabin) == (had.flight, had.cabin):
        raise rejections.ModificationRefused(reason="nothing_changes")
    if any(each.flight == to.flight for i, each in enumerate(booking.segments) if i != segment):
        raise rejections.InvalidJourney(reason="same_flight_twice")
    return new


def _require_order(
    neighbours: tuple[tuple[str, dt.datetime, dt.datetime] | None, ...],
    moved: tuple[str, dt.datetime, dt.datetime],
) -> None:
    sale.require_valid_journey([each or moved for each in neighbours])


def _percent(old: Flight, *, free: bool, now: dt.datetime) -> int:
    if free:
        return 0
    percent = fees.modification_percent(departs_at=old.departs_at, now=now)
    if percent is None:
        raise rejections.ModificationRefused(reason="departed")
    return percent


def _new_values(
    booking: Booking,
    flight: Flight,
    coupons: tuple[Coupon, ...],
    *,
    segment: int,
    to: WantedSegment,
) -> tuple[Segment, tuple[CouponPrice, ...]]:
    """The class that has seats for them, and what the coupons cost in it today."""
    types = tuple(booking.passengers[coupon.passenger].type for coupon in coupons)
    seats = pricing_rules.seat_count(types)
    cabin = flight.cabins[to.cabin]
    bucket = (
        cabin.bucket(to.fare_class)
        if to.fare_class is not None
        else journeys.lowest_bucket(cabin, seats)
    )
    if bucket is None:
        raise flight_rejections.CabinNotFound(fareClass=to.fare_class or "")
    # Tax follows the itinerary: what was zero-rated as part of an international one stays so.
    at_home = flight.domestic and any(coupon.vat for coupon in coupons)
    price = pricing_rules.price_journey(
        segments=[pricing_rules.SegmentFare(bucket.fare, at_home)], passengers=types
    )
    if price.currency != booking.currency:
        raise rejections.ModificationRefused(reason="other_currency", currency=price.currency)
    values = tuple(
        msgspec.structs.replace(each, passenger=coupons[each.passenger].passenger, segment=segment)
        for each in price.coupons
    )
    return Segment(to.flight, to.cabin, bucket.code, bucket.residue), values


def _same_values(coupons: tuple[Coupon, ...]) -> tuple[CouponPrice, ...]:
    return tuple(
        CouponPrice(each.passenger, each.segment, each.fare, each.vat, each.charge)
        for each in coupons
    )


def _with_fee(
    values: tuple[CouponPrice, ...], fee: int, booking: Booking, *, taxed: bool
) -> tuple[CouponPrice, ...]:
    """The fee is part of the changed contract (IFRS 15): it rides on the first coupon."""
    if not fee:
        return values
    vat = pricing_rules.vat_within(fee, booking.currency).amount if taxed else 0
    first = msgspec.structs.replace(
        values[0], fare=values[0].fare + fee - vat, vat=values[0].vat + vat
    )
    return (first, *values[1:])


def neighbours_of(
    booking: Booking, segment: int, flights: tuple[Flight, ...]
) -> tuple[tuple[str, dt.datetime, dt.datetime] | None, ...]:
    """What `modification_quote` must know of the other segments."""
    return tuple(
        None
        if index == segment
        else (booking.segments[index].flight, flight.departs_at, flight.arrives_at)
        for index, flight in enumerate(flights)
    )
