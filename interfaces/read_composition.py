"""Builds the reads that may lag: on the replica, where there is one, or else on the primary."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from application import read_positions
from application.flight_searches import FlightOffer, SearchFlights
from application.queries import AsOf
from application.read_positions import LastWrites, NoSharedWrites, Reading, SharedWrites
from application.together import Together
from infrastructure.postgres.lagging_reads import LaggingReads, PrimaryReads
from infrastructure.postgres.pool import Pool, raising_unavailable
from infrastructure.postgres.replica import Replica, open_replica
from interfaces.settings import Settings
from projections.flight_availability import queries as flight_availability

SEARCHES_AT_ONCE = 2

Parameters = ParamSpec("Parameters")
Found = TypeVar("Found")
Query = Callable[Concatenate[Pool, Parameters], Awaitable[Found]]


def asking(
    pool: Pool, query: Query[Parameters, Found]
) -> Callable[Parameters, Coroutine[Any, Any, Found]]:
    """Return the query of a read model on this pool; it raises Unavailable without a database."""

    async def ask(*args: Parameters.args, **named: Parameters.kwargs) -> Found:
        async with raising_unavailable():
            return await query(pool, *args, **named)

    return ask


class Reads:
    """Where the read models are read: `primary` alone, or the replica and the primary."""

    def __init__(
        self,
        primary: Pool,
        replica: Replica | None = None,
        last_writes: LastWrites | None = None,
    ) -> None:
        self._primary = primary
        self.replica = replica
        self.last_writes = last_writes
        self.lagging: LaggingReads | None = None
        if replica is not None and last_writes is not None:
            self.lagging = LaggingReads(primary, replica, last_writes)
        self._awaited = self.lagging or PrimaryReads(primary)

    def may_lag(
        self, query: Query[Parameters, Found]
    ) -> Callable[Parameters, Coroutine[Any, Any, Found]]:
        """Return the query for clients that are shown what it finds, and decide nothing by it."""
        primary = asking(self._primary, query)
        if self.lagging is None or self.replica is None:
            return self._awaited.awaited(read_model_of(query), primary)
        pool = self.replica.pool

        async def on_replica(*args: Parameters.args, **named: Parameters.kwargs) -> Found:
            return await query(pool, *args, **named)

        return self.lagging.routed(read_model_of(query), replica=on_replica, primary=primary)

    def current(
        self, query: Query[Parameters, Found]
    ) -> Callable[Parameters, Coroutine[Any, Any, Found]]:
        """Return the query on the primary: for decisions, and for what a replica cannot know."""
        return asking(self._primary, query)

    async def position_needed(self) -> int:
        """Return the position of the log that the reads of the request under way contain."""
        return await self._awaited.position_needed()

    def search(self) -> SearchFlights:
        """Return the search of flights, one query for all who look for the same."""
        primary = _sharing(asking(self._primary, flight_availability.find_flights))
        if self.lagging is None or self.replica is None:
            return self._awaited.awaited("flight_availability", primary)
        pool = self.replica.pool

        async def find(**wanted: Any) -> tuple[list[FlightOffer], AsOf]:
            return await flight_availability.find_flights(pool, **wanted)

        return self.lagging.routed("flight_availability", replica=_sharing(find), primary=primary)


def read_model_of(query: Callable[..., Any]) -> str:
    """Return the read model of a query, which is its package in `projections`."""
    layer, read_model, _ = query.__module__.split(".")
    assert layer == "projections", query
    return read_model


@asynccontextmanager
async def reads_of_command(
    primary: Pool, replica_dsn: str | None, *, max_lag_seconds: float
) -> AsyncIterator[Reads]:
    """Yield the reads of one command of the shell, on the replica if it is well now.

    Nothing is written by such a command, so no position has to be waited for.
    """
    if replica_dsn is None:
        yield Reads(primary)
        return
    async with open_replica(
        replica_dsn, primary, max_lag_seconds=max_lag_seconds, good_looks=1
    ) as replica:
        await replica.looked_at()
        with read_positions.carrying(Reading(is_primary=False)):
            yield Reads(primary, replica, NoSharedWrites())


@asynccontextmanager
async def open_reads(
    settings: Settings, primary: Pool, shared: LastWrites | None
) -> AsyncIterator[Reads]:
    """Watch the replica of the settings within; without one, all is read from the primary.

    `shared` are the last writes that several processes know, None where this one serves alone.
    """
    if settings.replica_database_url is None:
        yield Reads(primary)
        return
    last_writes = NoSharedWrites() if shared is None else SharedWrites(shared)
    async with open_replica(
        settings.replica_database_url,
        primary,
        max_lag_seconds=settings.replica_max_lag_seconds,
        carrier=settings.carrier,
    ) as replica:
        yield Reads(primary, replica, last_writes)


def _sharing(
    search: Callable[..., Awaitable[tuple[list[FlightOffer], AsOf]]],
) -> SearchFlights:
    """Return the search with one query for all who look for the same while another runs."""

    async def search_all(
        asked: Sequence[tuple[tuple[str, object], ...]],
    ) -> Sequence[tuple[list[FlightOffer], AsOf]]:
        different = list(dict.fromkeys(asked))
        found = await asyncio.gather(*(search(**dict(each)) for each in different))
        by_question = dict(zip(different, found, strict=True))
        return [by_question[each] for each in asked]

    together = Together(search_all, at_once=SEARCHES_AT_ONCE)

    async def ask(**wanted: object) -> tuple[Sequence[FlightOffer], AsOf]:
        return await together.ask(tuple(wanted.items()))

    return ask
