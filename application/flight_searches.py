"""What searches for flights return: the types that the read model's ports promise.

All raise Unavailable when the database does not answer.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from application.queries import AsOf
from domain.inventory.events import Residue

Item = TypeVar("Item")
# Answers of which a process remembers what it made: 10 kB each for ten departures.
ANSWERS_REMEMBERED = 2_048


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


class Remembered(tuple[Item, ...]):
    """The items of an answer that is given again and again: equal to itself only, so that what is
    made of it can be remembered without reading it."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        """Whether it is the very same."""
        return self is other

    def __ne__(self, other: object) -> bool:
        """Whether it is another; a tuple would compare its items."""
        return self is not other

    def __hash__(self) -> int:
        """That of the object."""
        return id(self)


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
