"""Finds journeys of two flights with the price of one adult.

A journey there and back then has at most the four flights of a ticket.
"""

import datetime as dt

import msgspec

from application.flight_searches import FlightOffer
from application.policies import operating_rules
from application.pricing.find_flights import PricedFlight, is_on_sale, priced
from application.pricing.ports import PricingPorts
from application.queries import AsOf
from domain.booking import connections
from domain.kernel import money
from domain.policies.operating_values import ConnectingTimes
from domain.pricing import rejections, rules, tax
from domain.pricing.price import Leg


class Connection(msgspec.Struct, frozen=True):
    """Two flights, each with what it costs alone; `price` is one adult's for both together.

    `free_count` are the seats that both have.
    """

    first: PricedFlight
    second: PricedFlight
    price: money.Money
    free_count: int


async def find_connections(
    ports: PricingPorts,
    *,
    origin: str,
    destination: str,
    local_date: dt.date,
    cabin: str,
    seat_count: int,
) -> tuple[list[Connection], AsOf]:
    """Return the journeys with one change that begin on a day, local at origin, by arrival.

    Passengers have the minimum connecting time of the airport and wait no longer than the policy
    `connecting_times` lets them. They come from a read model, as those of `find_flights` do.
    """
    now, in_force = ports.clock(), await ports.policies.in_force()
    rule = in_force.book.value_now(ConnectingTimes, at=now)
    by = operating_rules.minimum_times_of(rule)
    pairs, as_of = await ports.search_connections(
        origin=origin,
        destination=destination,
        local_date=local_date,
        cabin=cabin,
        seat_count=seat_count,
        within=rule.longest,
    )
    found = []
    for first, second in pairs:
        legs = (_leg(first), _leg(second))
        if connections.is_broken(*legs, by=by) or not is_on_sale(first, in_force, now=now):
            continue
        try:
            price = _price(first, second)
        except rejections.CurrenciesDiffer:
            continue
        free = min(first.free_count, second.free_count)
        both = [priced(each, cabin, in_force) for each in (first, second)]
        found.append(Connection(both[0], both[1], price, free))
    return found, as_of


def _leg(offer: FlightOffer) -> Leg:
    return Leg(
        origin=offer.origin,
        destination=offer.destination,
        departs_at=offer.departs_at,
        arrives_at=offer.arrives_at,
        at_home=offer.domestic,
    )


def _price(first: FlightOffer, second: FlightOffer) -> money.Money:
    """Return the price of both, taxed as one journey; rejects CurrenciesDiffer."""
    taxed = tax.taxed([_leg(first), _leg(second)])
    fares = [money.Money(each.fare_amount, each.currency) for each in (first, second)]
    segments = [rules.SegmentFare(*each) for each in zip(fares, taxed, strict=True)]
    return rules.price_journey(segments=segments, passengers=("ADT",)).total()
