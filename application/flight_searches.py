"""What searches for flights return: the types that the read model's ports promise.

All raise Unavailable when the database does not answer.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from application.queries import AsOf
from domain.inventory.events import Residue


class FlightOffer(msgspec.Struct, frozen=True):
    """A departure with free seats; the fare is one adult's, without tax, in minor units.

    It is that of `fare_class`; `residue` is where money goes when a change is cheaper. Zones are
    IANA names; aircraft type and terminals are "" where they are not known.
    """

    flight: str
    number: str
    origin: str
    destination: str
    origin_zone: str
    destination_zone: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    domestic: bool
    fare_class: str
    fare_amount: int
    currency: str
    residue: Residue
    free_count: int
    aircraft: str = ""
    departure_terminal: str = ""
    arrival_terminal: str = ""


class SearchFlights(Protocol):
    """The read model `flight_availability`."""

    async def __call__(
        self,
        *,
        origin: str,
        destination: str,
        local_date: dt.date,
        cabin: str,
        seat_count: int,
    ) -> tuple[Sequence[FlightOffer], AsOf]:
        """Return the departures of a day, local at origin, with enough free seats, by time."""
        ...


class SearchConnections(Protocol):
    """The read model `flight_availability`."""

    async def __call__(
        self,
        *,
        origin: str,
        destination: str,
        local_date: dt.date,
        cabin: str,
        seat_count: int,
        within: dt.timedelta,
    ) -> tuple[Sequence[tuple[FlightOffer, FlightOffer]], AsOf]:
        """Return pairs of flights of which the second leaves after the first arrived, less than
        `within` later, by arrival; the day is local at origin.
        """
        ...


class SearchDays(Protocol):
    """The read model `flight_availability`."""

    async def __call__(
        self,
        *,
        origin: str,
        destination: str,
        first_day: dt.date,
        last_day: dt.date,
        cabin: str,
        seat_count: int,
    ) -> tuple[Sequence[FlightOffer], AsOf]:
        """Return the departures of these days, local at origin, with enough free seats."""
        ...


class ServedRoute(msgspec.Struct, frozen=True):
    """A route that is flown; `domestic` where both airports are in the airline's own country."""

    origin: str
    destination: str
    domestic: bool


ServedRoutes = Callable[[dt.datetime], Awaitable[tuple[Sequence[ServedRoute], AsOf]]]
"""Returns the routes with a departure that is to leave after an instant, by their airports."""
