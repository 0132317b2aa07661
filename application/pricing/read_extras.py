"""Reads what can be bought with a flight: each extra with its price and limits."""

from typing import Literal, get_args

import msgspec

from application.inventory import flights
from application.policies.fee_terms import sale_of
from application.pricing.journeys import is_bookable, leg_of
from application.pricing.ports import PricingPorts
from application.pricing.seat_extras import category_of
from domain.inventory import seat_map
from domain.inventory.state import Cabin, Flight
from domain.kernel import money
from domain.policies.price_values import Extras
from domain.pricing import extras, rules, tax
from domain.pricing.extras import ExtraChoice, PricedExtra
from domain.pricing.price import PassengerType

Category = extras.Category
# More than so many free seats of a kind are not told to the public.
SHOWN_SEATS = 9
ALL_TYPES: tuple[PassengerType, ...] = get_args(PassengerType)


class CabinExtra(msgspec.Struct, frozen=True):
    """A cabin (`Y`, `J`) in which passengers of these types can have the extra.

    `available` is how many such seats are free, at most nine; None where the extra is no seat.
    """

    cabin: str
    passenger_types: tuple[PassengerType, ...]
    available: int | None


class ExtraOffer(msgspec.Struct, frozen=True):
    """One extra at the price of the flight alone, in minor units.

    `vat` is due on a domestic flight that is no part of a journey abroad. `per_passenger` is how
    many of it one passenger takes on a flight, None where nothing limits it but the size of the
    booking.
    """

    code: str
    category: Category
    net: money.Money
    vat: money.Money
    per_passenger: Literal[1] | None
    cabins: tuple[CabinExtra, ...]


async def read_extras(ports: PricingPorts, flight_id: str) -> list[ExtraOffer]:
    """Return the extras as the log has the flight now; none of one that is no longer on sale.

    Rejects FlightNotFound.
    """
    flight = await flights.current(ports.bus, flight_id)
    book = (await ports.policies.in_force()).book
    if not is_bookable(flight, book, now=ports.clock()):
        return []
    sold, currency = await extras_now(ports, flight)
    found = [
        _offer(flight, PricedExtra(ExtraChoice(code, 0, 0), net), currency)
        for code, net in sold.in_currency(currency)
    ]
    return [each for each in found if each.cabins]


async def extras_now(ports: PricingPorts, flight: Flight) -> tuple[Extras, str]:
    """Return what extras cost on the flight if they are sold now, and the currency of its fares.

    They are the same in all its cabins. Raises Unavailable.
    """
    cabin = next(iter(flight.cabins.values()))
    sold = sale_of(flight, cabin.code, cabin.buckets[0])
    return (await ports.policies.in_force()).value(Extras, sold), sold.currency


def _offer(flight: Flight, extra: PricedExtra, currency: str) -> ExtraOffer:
    (is_taxed,) = tax.taxed([leg_of(flight)])
    price, code = rules.extra_price(extra, currency=currency, taxed=is_taxed), extra.choice.code
    is_seat = extras.is_seat(code)
    cabins = [each for each in flight.cabins.values() if not is_seat or _seats(each, code)]
    return ExtraOffer(
        code=code,
        category=extras.CATEGORIES[code],
        net=money.Money(price.net, currency),
        vat=money.Money(price.vat, currency),
        per_passenger=1 if is_seat else None,
        cabins=tuple(
            _seat_in(flight, each, code) if is_seat else CabinExtra(each.code, ALL_TYPES, None)
            for each in cabins
        ),
    )


def _seat_in(flight: Flight, cabin: Cabin, code: str) -> CabinExtra:
    """Infants sit on a lap; children do not sit at an exit, where all such seats may be."""
    layout, seats = cabin.layout, _seats(cabin, code)
    assert layout is not None
    only_exits = all(seat_map.is_at_exit(layout, each) for each in seats)
    free = sum(flight.seats.get(each) is None for each in seats)
    types: tuple[PassengerType, ...] = ("ADT",) if only_exits else ("ADT", "CHD")
    return CabinExtra(cabin.code, types, min(SHOWN_SEATS, free))


def _seats(cabin: Cabin, code: str) -> list[str]:
    layout = cabin.layout
    if layout is None:
        return []
    category = category_of(code)
    return [each for each in seat_map.seats(layout) if seat_map.category(layout, each) == category]
