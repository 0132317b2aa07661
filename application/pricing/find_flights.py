"""Finds departures with the price of one adult: those of a day, or one by its id."""

import datetime as dt
import functools
from collections.abc import Sequence

import msgspec

from application.flight_searches import ANSWERS_REMEMBERED, FlightOffer, Remembered
from application.inventory import flights
from application.policies import operating_rules
from application.policies.current_policies import PoliciesInForce
from application.pricing import fare_conditions, journeys
from application.pricing.fare_conditions import FareConditions
from application.pricing.ports import PricingPorts
from application.queries import AsOf
from domain.inventory import sales_window
from domain.kernel import money
from domain.policies.operating_values import SalesWindow
from domain.policies.scope import Sale
from domain.pricing import rules


class PricedFlight(msgspec.Struct, frozen=True):
    """A departure; `price` is one adult's in the cabin, with taxes and charges.

    `conditions` are those that it is sold under now.
    """

    offer: FlightOffer
    cabin: str
    price: money.Money
    conditions: FareConditions


async def find_flights(
    ports: PricingPorts,
    *,
    origin: str,
    destination: str,
    local_date: dt.date,
    cabin: str,
    seat_count: int,
) -> tuple[Sequence[PricedFlight], AsOf]:
    """Return the departures of a day, local at origin, with enough free seats, by time.

    They come from a read model and may be a moment old: a booking decides on the log.
    """
    offers, as_of = await ports.search_flights(
        origin=origin,
        destination=destination,
        local_date=local_date,
        cabin=cabin,
        seat_count=seat_count,
    )
    in_force = await ports.policies.in_force()
    if isinstance(offers, Remembered):
        return _all_priced(offers, cabin, in_force), as_of
    return [priced(offer, cabin, in_force) for offer in offers], as_of


@functools.lru_cache(ANSWERS_REMEMBERED)
def _all_priced(
    offers: Remembered[FlightOffer], cabin: str, in_force: PoliciesInForce
) -> Remembered[PricedFlight]:
    return Remembered(priced(offer, cabin, in_force) for offer in offers)


async def read_flight(ports: PricingPorts, flight_id: str) -> PricedFlight:
    """Return a departure as the log has it now, in economy where there is one.

    Rejects FlightNotFound.
    """
    flight = await flights.current(ports.bus, flight_id)
    cabin = flight.cabins.get("Y") or next(iter(flight.cabins.values()))
    bucket = journeys.lowest_bucket(cabin, 1)
    offer = FlightOffer(
        flight=flight_id,
        number=flight.number,
        origin=flight.origin,
        destination=flight.destination,
        origin_zone=flight.origin_zone,
        destination_zone=flight.destination_zone,
        departs_at=flight.departs_at,
        arrives_at=flight.arrives_at,
        domestic=flight.at_home,
        fare_class=bucket.code,
        fare_amount=bucket.fare.amount,
        currency=bucket.fare.currency,
        residue=bucket.residue,
        free_count=max(0, cabin.free_count),
        aircraft=flight.aircraft,
        departure_terminal=flight.departure_terminal,
        arrival_terminal=flight.arrival_terminal,
    )
    return priced(offer, cabin.code, await ports.policies.in_force())


def priced(offer: FlightOffer, cabin: str, in_force: PoliciesInForce) -> PricedFlight:
    """Return the departure with its price for one adult alone, and its conditions."""
    terms = in_force.terms(_sale(offer, cabin))
    conditions = fare_conditions.conditions_of(cabin, offer.residue, terms)
    return PricedFlight(offer, cabin, price_of(offer), conditions)


def is_on_sale(offer: FlightOffer, in_force: PoliciesInForce, *, now: dt.datetime) -> bool:
    """Return whether seats of the departure may still be held."""
    sale = operating_rules.on_route(
        at_home=offer.domestic, origin=offer.origin, destination=offer.destination
    )
    closes = in_force.book.value_in_force(SalesWindow, sale, at=now).closes
    return sales_window.is_on_sale(offer.departs_at, closes=closes, now=now)


def price_of(offer: FlightOffer) -> money.Money:
    """Return the price of one adult who flies nothing else."""
    fare = rules.SegmentFare(money.Money(offer.fare_amount, offer.currency), offer.domestic)
    return rules.price_journey(segments=(fare,), passengers=("ADT",)).total()


def _sale(offer: FlightOffer, cabin: str) -> Sale:
    return Sale(
        market="domestic" if offer.domestic else "international",
        route=f"{offer.origin}-{offer.destination}",
        cabin=cabin,
        fare_class=offer.fare_class,
        currency=offer.currency,
    )
