"""Reads the seat map of a flight: which seats are free, and what choosing one costs."""

import msgspec

from application.inventory import flights
from application.pricing.ports import PricingPorts
from application.pricing.read_extras import extras_now
from domain.inventory import seat_map
from domain.inventory.events import CabinLayout
from domain.inventory.seat_map import Category
from domain.inventory.state import Cabin, Flight
from domain.kernel import money
from domain.policies.price_values import Extras
from domain.pricing.extras import SEAT_EXTRAS


class SeatOffer(msgspec.Struct, frozen=True):
    """One seat; `price` without tax is what choosing it costs with the booking.

    `exit_row` seats are not for children, adults with an infant and passengers with a wheelchair.
    """

    seat: str
    category: Category
    exit_row: bool
    available: bool
    price: money.Money


class CabinSeats(msgspec.Struct, frozen=True):
    """The seats of a cabin (`Y`, `J`) from the front to the back."""

    cabin: str
    seats: tuple[SeatOffer, ...]


async def read_seats(ports: PricingPorts, flight_id: str) -> list[CabinSeats]:
    """Return the cabins that have a seat map, as the log has them now; rejects FlightNotFound."""
    flight = await flights.current(ports.bus, flight_id)
    sold, _ = await extras_now(ports, flight)
    return [
        CabinSeats(cabin.code, _offers(flight, cabin, cabin.layout, sold))
        for cabin in flight.cabins.values()
        if cabin.layout is not None
    ]


def _offers(
    flight: Flight, cabin: Cabin, layout: CabinLayout, sold: Extras
) -> tuple[SeatOffer, ...]:
    currency = cabin.buckets[0].fare.currency
    return tuple(
        SeatOffer(
            seat=seat,
            category=(category := seat_map.category(layout, seat)),
            exit_row=seat_map.is_at_exit(layout, seat),
            available=flight.seats.get(seat) is None
            and _price(category, sold, currency) is not None,
            price=money.Money(_price(category, sold, currency) or 0, currency),
        )
        for seat in seat_map.seats(layout)
    )


def _price(category: Category, sold: Extras, currency: str) -> int | None:
    """Return what a seat costs; None where such seats are not sold in the currency."""
    extra = SEAT_EXTRAS.get(category)
    return 0 if extra is None else sold.net(extra, currency)
