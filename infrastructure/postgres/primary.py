"""Finds the newest primary among the servers of one address, and refuses one that was left.

A promotion begins a new timeline (PostgreSQL 15, 26.3.5), so the primary with the highest one is
the newest. A server that comes back after its standby was promoted still accepts connections and
calls itself a primary: it is recognised by its older timeline, and nothing is appended to it.
"""

import asyncio
import contextlib
import functools
import logging
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import msgspec
import psycopg
from psycopg import conninfo

from infrastructure.postgres.silence import BoundedConnection

logger = logging.getLogger(__name__)

LOOK_SECONDS = 3
WATCH_SECONDS = 5.0
# Threads that connect at the same time share a look, also one that found no server.
SHARED_SECONDS = 1.0
# Raises ObjectNotInPrerequisiteState, an OperationalError, on a standby.
_PLACE = (
    "SELECT (SELECT system_identifier FROM pg_control_system()), "
    "('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::bigint"
)
DEFAULT_PORT = 5432
_PARTS_OF_A_SERVER = ("host", "hostaddr", "port")
# The highest timeline that this process has seen of each cluster, by its system identifier.
_newest: dict[int, int] = {}
# Event loops and threads may find out at the same time.
_noting = threading.Lock()
# Servers that a warning was logged of.
_not_judged: set[str] = set()
_places: "weakref.WeakKeyDictionary[psycopg.AsyncConnection[Any], Place]" = (
    weakref.WeakKeyDictionary()
)


class Place(msgspec.Struct, frozen=True):
    """Where a write goes: the system identifier of the cluster, and its timeline."""

    cluster: int
    timeline: int


class OldPrimary(psycopg.OperationalError):
    """Another server was promoted after this one had been left; nothing is written here."""


class PrimaryConnection(BoundedConnection):
    """A connection to the newest primary of an address with several hosts.

    An address with one host is connected to as it is: its owner moves the name or the address.
    """

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> "PrimaryConnection":
        """Connect; raises OperationalError where no server accepts writes."""
        place, address = await _find(conninfo)
        connection = await super().connect(address, **options)
        _remember(connection, place)
        return connection


async def connect_to_listen(dsn: str) -> psycopg.AsyncConnection[tuple[Any, ...]]:
    """Connect as PrimaryConnection does, but to wait for notifications; raises OperationalError."""
    place, address = await _find(dsn)
    connection = await psycopg.AsyncConnection.connect(
        address, autocommit=True, connect_timeout=LOOK_SECONDS
    )
    _remember(connection, place)
    return connection


def newest_address(dsn: str) -> str:
    """Return the address of the newest primary, for a program without a loop; raises as connect."""
    return dsn if len(servers_of(dsn)) == 1 else asyncio.run(_find(dsn))[1]


def servers_of(dsn: str) -> list[str]:
    """Return an address for each server that this one names."""
    parts = conninfo.conninfo_to_dict(dsn)
    lists = {name: str(parts[name]).split(",") for name in _PARTS_OF_A_SERVER if parts.get(name)}
    count = max((len(each) for each in lists.values()), default=1)
    if count == 1:
        return [dsn]
    return [
        conninfo.make_conninfo(
            dsn,
            # One port counts for all hosts.
            **{name: each[number if len(each) > 1 else 0] for name, each in lists.items()},
        )
        for number in range(count)
    ]


def places_of(dsn: str) -> list[tuple[str, str, str]]:
    """Return host, port and database for each server of an address; none where it is no address."""
    try:
        places = [conninfo.conninfo_to_dict(each) for each in servers_of(dsn)]
    except psycopg.Error:
        return []
    return [
        (
            str(each.get("host") or each.get("hostaddr") or "").lower(),
            str(each.get("port") or DEFAULT_PORT),
            str(each.get("dbname") or each.get("user") or ""),
        )
        for each in places
    ]


def require_newest(connection: "psycopg.AsyncConnection[Any]") -> None:
    """Raise OldPrimary where this process has seen a newer primary than that of the connection."""
    place = _places.get(connection)
    if place is not None:
        _require_not_left(place)


async def require_newest_behind(connection: "psycopg.AsyncConnection[Any]") -> None:
    """Raise OldPrimary as above for a connection whose server may change, as that of PgBouncer.

    One round trip, where this process knows of several servers; none otherwise.
    """
    if not _newest:
        return
    row = await (await connection.execute(_PLACE)).fetchone()
    assert row is not None
    _places[connection] = Place(cluster=row[0], timeline=row[1])
    require_newest(connection)


@contextlib.asynccontextmanager
async def watched(dsn: str) -> AsyncIterator[None]:
    """Look for a newer primary every few seconds during the block.

    So a process finds out although the server that it uses still answers.
    """
    servers = servers_of(dsn)
    if len(servers) == 1:
        yield
        return
    watching = asyncio.create_task(_watch(servers), name="primary watch")
    try:
        yield
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


class WatchedServers:
    """The servers of an address, for threads that have no event loop."""

    def __init__(self, dsn: str) -> None:
        self._servers = servers_of(dsn)
        self._looking = threading.Lock()
        self._looked_at = -SHARED_SECONDS
        self._found: tuple[Place, str] | psycopg.OperationalError

    def newest(self) -> tuple[str, Callable[[], None]]:
        """Return the address of the newest primary, and what raises OldPrimary once another is.

        Raises OperationalError where no server accepts writes.
        """
        if len(self._servers) == 1:
            return self._servers[0], _is_the_only_one
        with self._looking:
            if time.monotonic() - self._looked_at >= SHARED_SECONDS:
                try:
                    self._found = asyncio.run(_newest_of(self._servers))
                except psycopg.OperationalError as error:
                    self._found = error
                self._looked_at = time.monotonic()
            found = self._found
        if isinstance(found, psycopg.OperationalError):
            raise psycopg.OperationalError(str(found)) from found
        place, address = found
        return address, functools.partial(_require_not_left, place)

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Look for a newer primary every few seconds during the block, in a thread."""
        if len(self._servers) == 1:
            yield
            return
        stop = threading.Event()
        watching = threading.Thread(target=self._watch, args=(stop,), name="primary watch")
        watching.start()
        try:
            yield
        finally:
            stop.set()
            watching.join()

    def _watch(self, stop: threading.Event) -> None:
        while not stop.wait(WATCH_SECONDS):
            with contextlib.suppress(psycopg.OperationalError):
                asyncio.run(_newest_of(self._servers))


def _is_the_only_one() -> None:
    """Whoever has its one address decides which server that is."""


async def _find(dsn: str) -> tuple["Place | None", str]:
    servers = servers_of(dsn)
    return (None, dsn) if len(servers) == 1 else await _newest_of(servers)


def _remember(connection: "psycopg.AsyncConnection[Any]", place: "Place | None") -> None:
    if place is not None:
        _places[connection] = place


async def _watch(servers: Sequence[str]) -> None:
    while True:
        with contextlib.suppress(psycopg.OperationalError):
            await _newest_of(servers)
        await asyncio.sleep(WATCH_SECONDS)


async def _newest_of(servers: Sequence[str]) -> tuple[Place, str]:
    """Return the primary with the highest timeline, and its address; raises OperationalError."""
    looks = await asyncio.gather(*(_look(address) for address in servers))
    found = [
        (place, address) for place, address in zip(looks, servers, strict=True) if place is not None
    ]
    if not found:
        raise psycopg.OperationalError("no server of the address accepts writes")
    if len({place.cluster for place, _ in found}) > 1:
        # Their timelines cannot be compared: each cluster counts its own promotions.
        raise psycopg.OperationalError("the servers of the address are of different clusters")
    newest, address = max(found, key=lambda each: each[0].timeline)
    with _noting:
        _newest[newest.cluster] = max(_newest.get(newest.cluster, 0), newest.timeline)
    _require_not_left(newest)
    return newest, address


def _require_not_left(place: Place) -> None:
    known = _newest.get(place.cluster, 0)
    if place.timeline < known:
        raise OldPrimary(f"timeline {place.timeline} was left for {known}")


async def _look(address: str) -> Place | None:
    """Return where a write to this server would go; None where it takes none or is silent."""
    try:
        async with (
            asyncio.timeout(LOOK_SECONDS),
            await psycopg.AsyncConnection.connect(
                address, autocommit=True, connect_timeout=LOOK_SECONDS
            ) as connection,
        ):
            row = await (await connection.execute(_PLACE)).fetchone()
    except (psycopg.OperationalError, TimeoutError):
        return None
    except psycopg.Error as error:
        # Such as where EXECUTE on pg_control_system was revoked from PUBLIC.
        if address not in _not_judged:
            _not_judged.add(address)
            logger.warning("a server cannot be told from an old primary: %s", error)
        return None
    assert row is not None
    return Place(cluster=row[0], timeline=row[1])
