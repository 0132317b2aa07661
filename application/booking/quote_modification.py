"""Quote a modification: another date or flight on the route, or a higher cabin."""

import datetime as dt
import itertools
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from application.booking import cancellation_fee, journey
from application.booking.access import changeable_booking, changeable_by_gate, require_may_waive
from application.booking.birth_dates import known_birth_dates
from application.booking.booking_details import booked_flight
from application.booking.exchange_target import target_of
from application.booking.exchanged_values import Exchange, exchanged
from application.booking.ports import BookingPorts
from application.booking.staff_notes import sealed_note
from application.commands import stream_kinds
from application.identity.ports import Principal
from application.policies import operating_rules
from application.policies.fee_terms import terms_of
from application.policies.read_book import read_book
from application.policies.tax_terms import taxes_of
from application.pricing import journeys
from application.pricing.fare_conditions import FareConditions, conditions_of_segments
from application.pricing.journeys import WantedSegment
from application.pricing.signed_quotes import QUOTE_LIFETIME
from domain.booking import (
    ages,
    cancellation,
    connections,
    disruption,
    preconditions,
    rejections,
    sale,
)
from domain.booking import modification as booking_modification
from domain.booking.coupons import Coupon
from domain.booking.preconditions import SegmentFacts
from domain.booking.state import Booking
from domain.booking.values import Modification, Retaxed
from domain.identity import roles
from domain.inventory import rejections as flight_rejections
from domain.inventory.state import Flight
from domain.kernel import money
from domain.policies.book import PolicyBook
from domain.policies.money_values import LeastCharges
from domain.pricing import charge_limits

MAY_WAIVE: tuple[roles.Permission, ...] = ("change_any_booking", "handle_passengers")
CABIN_RANK = {"Y": 0, "J": 1}
# After a disruption a flight so many days before or after the published one is a like flight.
FREE_MOVE_WITHIN = dt.timedelta(days=14)


class ModificationQuote(msgspec.Struct, frozen=True):
    """What the modification costs, frozen until `valid_until` (exclusive).

    `difference` = new price - old price, `modification.fee` comes on top. `basis` are the values of
    all open coupons: any change of them ends the quote.
    """

    booking: str
    modification: Modification
    difference: int
    percent: int
    basis: tuple[tuple[int, int, int], ...]
    valid_until: dt.datetime


class WantedModification(msgspec.Struct, frozen=True):
    """The wanted flight and cabin of a segment, counted from 0; None keeps what is booked.

    Without a class the lowest that has seats for the passengers is chosen. `waiver` is what staff
    write about why they take neither fee nor difference.
    """

    segment: int = 0
    flight_id: str | None = None
    cabin: str | None = None
    fare_class: str | None = None
    waiver: str | None = None


class IssuedQuote(msgspec.Struct, frozen=True):
    """A quote with the id by which it is accepted, the currency of its amounts, and the conditions
    of what is exchanged for.
    """

    quote_id: str
    quote: ModificationQuote
    currency: str
    conditions: FareConditions


async def quote_modification(
    ports: BookingPorts, principal: Principal, id_or_reference: str, wanted: WantedModification
) -> IssuedQuote:
    """Return the quote of a modification; it holds no seats.

    Rejects BookingNotFound, what `modification_quote` does, and NotAllowed, also for a waiver by
    others than staff and for the gate without one.
    """
    booking_id, booking = await _changeable(ports, principal, id_or_reference, wanted)
    preconditions.require_segment(booking, wanted.segment)
    flights = tuple([await booked_flight(ports, booking, i) for i in range(len(booking.segments))])
    before = booking.segments[wanted.segment]
    to = WantedSegment(
        wanted.flight_id or before.flight, wanted.cabin or before.cabin, wanted.fare_class
    )
    new = (await ports.bus.current(stream_kinds.FLIGHT, to.flight))[0]
    if new is not None:
        births = await known_birth_dates(ports, booking)
        ages.require_ages_on(booking, births, segment=wanted.segment, flight_id=to.flight)
    book = await read_book(ports.bus)
    quote = modification_quote(
        booking_id,
        booking,
        flights,
        new,
        book=book,
        segment=wanted.segment,
        to=to,
        reason="requested",
        waiver=None if wanted.waiver is None else cancellation.BY_STAFF,
        now=ports.clock(),
    )
    if wanted.waiver is not None:
        notes = await sealed_note(ports.vault, booking, wanted.waiver)
        quote = replace(quote, modification=replace(quote.modification, notes=notes))
    (conditions,) = conditions_of_segments(book, [quote.modification.to])
    return IssuedQuote(ports.quotes.issue(quote), quote, booking.currency, conditions)


async def _changeable(
    ports: BookingPorts, principal: Principal, id_or_reference: str, wanted: WantedModification
) -> tuple[str, Booking]:
    if wanted.waiver is None:
        return await changeable_booking(ports, principal, id_or_reference)
    booking_id, booking = await changeable_by_gate(ports, principal, id_or_reference)
    require_may_waive(principal, booking, *MAY_WAIVE)
    return booking_id, booking


def modification_quote(
    stream: str,
    booking: Booking,
    flights: Sequence[Flight],
    new: Flight | None,
    *,
    book: PolicyBook,
    segment: int,
    to: WantedSegment,
    reason: str,
    now: dt.datetime,
    waiver: str | None = None,
) -> ModificationQuote:
    """Return the terms of exchanging the segment for all its passengers; `flights` by segment.

    Allowed: another flight of the route, or a higher cabin. After a material disruption there is
    no fee, and a like flight is free; with the `waiver` of staff, all is. Both allow a lower cabin,
    whose difference goes back. Rejects ModificationRefused, ModificationPending, NoSuchPart,
    CouponNotOpen, AmountNotCollectable and what the sale of the new flight does.
    """
    old, waived = flights[segment], waiver is not None
    terms = terms_of(book, booking.segments[segment])
    facts = replace(journey.facts_of(old), modifiable=terms.family.modifiable)
    booking_modification.require_modifiable(booking, segment, facts, now=now, waived=waived)
    free = waived or disruption.is_material(booking, segment)
    found = _fit(booking, old, new, book=book, segment=segment, to=to, now=now, free=free)
    after = [found if index == segment else each for index, each in enumerate(flights)]
    _require_order(booking, after, segment=segment, to=to, book=book, now=now)
    coupons, taxes = booking.open_coupons(segment), taxes_of(book, booking)
    notice = None if free else _notice(coupons, facts, now=now)
    target = target_of(booking, after, coupons, to=to, book=book, now=now)
    least = book.value_now(LeastCharges, at=now).least(booking.currency)
    fee = cancellation_fee.change_fee(booking, coupons, target.fares, terms, notice, least=least)
    exchange = exchanged(booking, after, coupons, target.fares, taxes=taxes, fee=fee)
    if free:
        exchange = _kept_value(booking, old, found, coupons, exchange, to=to, waived=waived)
    exchange, too_small, cost = _without_small_change(booking, coupons, exchange, least=least)
    modification = Modification(
        number=booking.modification_count + 1,
        segment=segment,
        to=target.segment,
        coupons=exchange.coupons,
        fee=fee,
        due=max(cost, 0),
        back=max(-cost, 0),
        destination=booking_modification.destination_of(booking, segment, cost, free=free),
        reason=reason,
        notice_hours=notice,
        waived=too_small,
        retaxed=exchange.retaxed,
        waiver=waiver,
    )
    return ModificationQuote(
        booking=stream,
        modification=modification,
        difference=cost + too_small - fee,
        percent=cancellation_fee.change_percent(terms, notice),
        basis=basis_of(booking),
        valid_until=now + QUOTE_LIFETIME,
    )


def basis_of(booking: Booking) -> tuple[tuple[int, int, int], ...]:
    """Return passenger, segment and value of each open coupon with its extras."""
    return tuple(
        (each.passenger, each.segment, journey.value_of(booking, [each]).total)
        for each in booking.open_coupons()
    )


def _fit(
    booking: Booking,
    old: Flight,
    new: Flight | None,
    *,
    book: PolicyBook,
    segment: int,
    to: WantedSegment,
    now: dt.datetime,
    free: bool,
) -> Flight:
    """Return the new flight if the rules allow the exchange."""
    if new is None:
        raise flight_rejections.FlightNotFound()
    if not journeys.is_bookable(new, book, now=now):
        raise flight_rejections.SalesClosed(flight=new.number)
    had = booking.segments[segment]
    if (new.origin, new.destination) != (old.origin, old.destination):
        raise rejections.ModificationRefused(reason="other_route")
    if to.cabin not in new.cabins:
        raise flight_rejections.CabinNotFound(cabin=to.cabin)
    if not free and CABIN_RANK[to.cabin] < CABIN_RANK[had.cabin]:
        raise rejections.ModificationRefused(reason="lower_cabin")
    if (to.flight, to.cabin) == (had.flight, had.cabin):
        raise rejections.ModificationRefused(reason="nothing_changes")
    return new


def _require_order(
    booking: Booking,
    flights: Sequence[Flight],
    *,
    segment: int,
    to: WantedSegment,
    book: PolicyBook,
    now: dt.datetime,
) -> None:
    """Require a valid journey; the route stays, so that surface sectors are those it was sold with.

    A flight that is cancelled or gone by does not stand in the way of moving its neighbour.
    """
    legs = [journeys.leg_of(each) for each in flights]
    by = operating_rules.connecting_times_in(book, at=now)
    names = [
        to.flight if index == segment else each.flight
        for index, each in enumerate(booking.segments)
    ]
    sale.require_valid_journey(
        list(zip(names, legs, strict=True)), surface_sectors=range(len(legs)), field="flightId"
    )
    if to.flight == booking.segments[segment].flight:
        return  # what the airline itself has moved is no reason to refuse another cabin
    for index, (before, after) in enumerate(itertools.pairwise(legs)):
        if segment in {index, index + 1}:
            connections.require_reachable(before, after, by=by, field="flightId")


def _notice(coupons: Sequence[Coupon], facts: SegmentFacts, *, now: dt.datetime) -> int:
    return min(cancellation_fee.notice_of(each, facts, now=now) for each in coupons)


def _kept_value(
    booking: Booking,
    old: Flight,
    new: Flight,
    coupons: Sequence[Coupon],
    exchange: Exchange,
    *,
    to: WantedSegment,
    waived: bool,
) -> Exchange:
    """Return what a move after a disruption is worth: a like flight as much as before, something
    better its own price unless that is waived, and only a lower cabin less than what was paid.
    """
    had = booking.segments[coupons[0].segment]
    published = old.scheduled_departs_at or old.departs_at
    like = (
        to.cabin == had.cabin
        and to.fare_class in {None, had.fare_class}
        and abs(new.departs_at - published) <= FREE_MOVE_WITHIN
    )
    cost, lower = exchange.cost(booking, coupons), CABIN_RANK[to.cabin] < CABIN_RANK[had.cabin]
    if (cost > 0 and not like and not waived) or (cost < 0 and lower):
        return exchange
    return Exchange(tuple(each.price for each in coupons), Retaxed())


def _without_small_change(
    booking: Booking, coupons: Sequence[Coupon], exchange: Exchange, *, least: int
) -> tuple[Exchange, int, int]:
    """Return the exchange without a difference that is too small to be charged, that amount, and
    what the exchange costs.
    """
    cost = exchange.cost(booking, coupons)
    if cost <= 0:
        return exchange, 0, cost
    if cost >= least:
        charge_limits.require_collectable(money.Money(cost, booking.currency), least=least)
        return exchange, 0, cost
    values = list(exchange.coupons)
    dearest = max(range(len(values)), key=lambda index: values[index].fare)
    reduced = values[dearest].fare - cost
    values[dearest] = msgspec.structs.replace(values[dearest], fare=reduced)
    return Exchange(tuple(values), exchange.retaxed), cost, 0
