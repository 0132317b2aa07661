"""Cached answers to searches, and the promise by which they are never older than the read model.

The process that keeps the read model current drops the answers of a route and day *before* it
commits a change of them. It holds a lease, which it renews whenever it has reached the end of the
log: while the lease lasts, what is cached is what the read model contains. Without a lease nothing
is answered from the cache.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from application import ports
from application.flight_searches import FlightOffer, SearchFlights
from application.queries import AsOf
from application.together import Together

# After a failure the cache is left alone for so long.
REST_SECONDS = 5.0
LOOK_UPS_AT_ONCE = 2


class Question(NamedTuple):
    """What is searched for: a route and a local day, and of it a cabin for so many."""

    route_day: str
    cabin: str
    seat_count: int


class CachedAnswer(NamedTuple):
    """What the cache knows of a question.

    `offers` is None where nothing is cached; `epoch` is what `keep` has to be given then, None
    where nothing may be kept now. `as_of` is how far the read model was that the cache follows.
    """

    epoch: str | None
    offers: Sequence[FlightOffer] | None = None
    as_of: AsOf | None = None


class SearchCache(Protocol):
    """The side of those who search; raises Unavailable."""

    async def find(self, questions: Sequence[Question]) -> Sequence[CachedAnswer]:
        """Return what is cached for each question."""
        ...

    async def keep(
        self, epoch: str, question: Question, offers: Sequence[FlightOffer], position: int
    ) -> None:
        """Cache an answer that contains the log up to `position`, unless it may be old by now."""
        ...


class CachedAnswers(Protocol):
    """The side of the one process that keeps the read model current; never raises."""

    def begin(self) -> None:
        """Forget all answers: another process or another generation may have made them."""
        ...

    def drop(self, route_days: Collection[str], position: int) -> None:
        """Drop the answers of these; returns when none of them can be given any more.

        To be called before a change at `position` is committed.
        """
        ...

    def vouch(self, position: int, *, caught_up: bool) -> None:
        """Renew the lease: what is cached holds the log up to `position`, where it ended."""
        ...


def route_day(origin: str, destination: str, local_date: dt.date) -> str:
    """Return the name under which answers are dropped; the date is the day at the origin."""
    return f"{origin}-{destination}-{local_date}"


class CachedSearch:
    """The search, answered from the cache where it can be (`SearchFlights`).

    `needed` returns the position of the log that the answer must contain; 0 for any.
    """

    def __init__(
        self,
        cache: SearchCache,
        search: SearchFlights,
        *,
        needed: Callable[[], Awaitable[int]],
        monotonic: Callable[[], float],
    ) -> None:
        self._cache = cache
        self._search = search
        self._needed = needed
        self._monotonic = monotonic
        self._rests_until = 0.0
        self._together = Together[Question, CachedAnswer](cache.find, at_once=LOOK_UPS_AT_ONCE)

    async def __call__(
        self, *, origin: str, destination: str, local_date: dt.date, cabin: str, seat_count: int
    ) -> tuple[Sequence[FlightOffer], AsOf]:
        """As the port says; without the cache directly."""
        question = Question(route_day(origin, destination, local_date), cabin, seat_count)
        needed = await self._needed()
        found = await self._found(question)
        as_of = found.as_of
        if found.offers is not None and as_of is not None and as_of.position >= needed:
            return found.offers, as_of
        offers, as_of = await self._search(
            origin=origin,
            destination=destination,
            local_date=local_date,
            cabin=cabin,
            seat_count=seat_count,
        )
        # Nothing is kept of routes without flights: there is no end of them.
        # Of a replica that lags, only what is no older than the cache was at the look.
        is_recent = found.as_of is None or as_of.position >= found.as_of.position
        if found.epoch is not None and offers and is_recent:
            await self._keep(found.epoch, question, offers, as_of.position)
        return offers, as_of

    async def _found(self, question: Question) -> CachedAnswer:
        if self._monotonic() < self._rests_until:
            return CachedAnswer(None)
        try:
            return await self._together.ask(question)
        except ports.Unavailable:
            self._rest()
            return CachedAnswer(None)

    async def _keep(
        self, epoch: str, question: Question, offers: Sequence[FlightOffer], position: int
    ) -> None:
        try:
            await self._cache.keep(epoch, question, offers, position)
        except ports.Unavailable:
            self._rest()

    def _rest(self) -> None:
        self._rests_until = self._monotonic() + REST_SECONDS
