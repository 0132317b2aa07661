"""Finds journeys of two flights with the price of one adult.

A journey there and back then has at most the four flights of a ticket.
"""

import datetime as dt

import msgspec

from application.flight_searches import FlightOffer
from application.policies import operating_rules
from application.policies.tax_terms import due_charges
from application.pricing.find_flights import PricedFlight, is_on_sale, leg_of_offer, priced
from application.pricing.ports import PricingPorts
from application.queries import AsOf
from domain.booking import connections
from domain.kernel import money
from domain.policies.operating_values import ConnectingTimes
from domain.policies.taxes import Taxes
from domain.pricing import rejections, rules, tax


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
        legs = (leg_of_offer(first), leg_of_offer(second))
        if connections.is_broken(*legs, by=by) or not is_on_sale(first, in_force, now=now):
            continue
        both = [priced(each, cabin, in_force) for each in (first, second)]
        try:
            price = _price(in_force.taxes, both[0].offer, both[1].offer)
        except rejections.CurrenciesDiffer:
            continue
        free = min(first.free_count, second.free_count)
        found.append(Connection(both[0], both[1], price, free))
    return found, as_of


def _price(taxes: Taxes, first: FlightOffer, second: FlightOffer) -> money.Money:
    """Return the price of both, taxed as one journey; rejects CurrenciesDiffer."""
    legs = [leg_of_offer(each) for each in (first, second)]
    segments = [
        rules.SegmentFare(
            money.Money(each.fare_amount, each.currency),
            due,
            charges=due_charges(taxes, leg, taxed=due),
        )
        for each, leg, due in zip((first, second), legs, tax.taxed(legs), strict=True)
    ]
    return rules.price_journey(segments=segments, passengers=("ADT",)).total()
