"""Reads the seat map of a flight: which seats are free, and what choosing one costs."""

import msgspec

from application.inventory import flights
from application.pricing.ports import PricingPorts
from domain.inventory import seat_map
from domain.inventory.events import CabinLayout
from domain.inventory.seat_map import Category
from domain.inventory.state import Cabin, Flight
from domain.kernel import money
from domain.pricing import extras


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
    return [
        CabinSeats(cabin.code, _offers(flight, cabin, cabin.layout))
        for cabin in flight.cabins.values()
        if cabin.layout is not None
    ]


def _offers(flight: Flight, cabin: Cabin, layout: CabinLayout) -> tuple[SeatOffer, ...]:
    currency = cabin.buckets[0].fare.currency
    return tuple(
        SeatOffer(
            seat=seat,
            category=(category := seat_map.category(layout, seat)),
            exit_row=seat_map.is_at_exit(layout, seat),
            available=flight.seats.get(seat) is None,
            price=_price(category, currency),
        )
        for seat in seat_map.seats(layout)
    )


def _price(category: Category, currency: str) -> money.Money:
    extra = extras.SEAT_EXTRAS.get(category)
    net = 0 if extra is None else extras.net_price(extra, currency)
    return money.Money(net, currency)
