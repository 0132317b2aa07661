"""The log as a stream over HTTP: every event once, in order, whatever breaks in between."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import psycopg

from interfaces import web
from interfaces.cli import demo_stage
from tests.support import customers, running_system
from tests.support.customers import Customer, Refused
from tests.support.running_system import System

PATH = "/api/audit/stream"
WAIT_SECONDS = 60.0
WAIT_POLLS = 3_000
KILL = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND usename = 'ais_app'"
)


class Follower:
    """A client that keeps the id of the last message, and connects again as long as it runs."""

    def __init__(self, client: httpx.AsyncClient, reader: Customer, query: str = "") -> None:
        self.client = client
        self.reader = reader
        self.query = query
        self.last: str | None = None
        self.found: list[dict[str, Any]] = []
        self.connections = 0

    async def follow(self, *, most: int = 10**9) -> None:
        """Read one connection to its end, or so many messages of it."""
        headers = dict(self.reader.headers)
        if self.last is not None:
            headers["last-event-id"] = self.last
        self.connections += 1
        path = f"{PATH}{self.query}"
        async with self.client.stream("GET", path, headers=headers, timeout=20) as answer:
            if answer.status_code == 503:
                return
            assert answer.status_code == 200, await answer.aread()
            async for message in _messages(answer):
                if "id" in message:
                    self.last = message["id"]
                if "data" in message:
                    self.found.append(msgspec.json.decode(message["data"]))
                    assert str(self.found[-1]["position"]) == message["id"]
                    most -= 1
                if most <= 0:
                    return

    async def follow_on(self) -> None:
        """Connect again whenever a connection ends."""
        while True:
            with contextlib.suppress(httpx.TransportError):
                await self.follow()
            await asyncio.sleep(0.05)

    async def until(self, position: int) -> None:
        """Wait until it has come so far."""
        for _ in range(WAIT_POLLS):
            if self.last is not None and int(self.last) >= position:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"only {self.last} of {position}")


async def _messages(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
        else:
            yield fields
            fields = {}


async def _head(reader: Customer) -> int:
    newest: int = (await reader.call("GET", "/api/audit/events?after=0&limit=1&actor=nobody"))[
        "position"
    ]
    return newest


async def _log(reader: Customer, after: int, until: int, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while after < until:
        path = f"/api/audit/events?after={after}&limit=500{query}"
        page = await reader.call("GET", path)
        found += page["events"]
        after = page["position"]
    return [each for each in found if each["position"] <= until]


@contextlib.asynccontextmanager
async def _running(follower: Follower) -> AsyncIterator[None]:
    task = asyncio.create_task(follower.follow_on())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_reader_that_is_cut_off_again_and_again_misses_and_repeats_nothing(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    auditor = await customers.staff(system, client, "auditor")
    start = await _head(auditor)
    await customer.confirmed([running_system.schedule(system, seats=1)])
    head = await _head(auditor)
    follower = Follower(client, auditor, f"?after={start}")
    for most in (1, 2, 1, 3):
        await follower.follow(most=most)
    async with _running(follower):
        await follower.until(head)
    assert follower.connections == 5
    assert follower.found == await _log(auditor, start, int(follower.last or 0))


async def test_broken_connections_to_the_database_delay_the_stream_and_skip_nothing(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    auditor = await customers.staff(system, client, "auditor")
    start = await _head(auditor)
    follower = Follower(client, auditor, f"?after={start}")
    async with _running(follower):
        for _ in range(3):
            # A request that meets the broken connection may be answered with 503.
            with contextlib.suppress(Refused):
                await customer.confirmed([running_system.schedule(system, seats=1)])
            with psycopg.connect(system.owner_dsn, autocommit=True) as connection:
                connection.execute(KILL)
            await running_system.await_ready(client)
        await asyncio.to_thread(running_system.await_rest, system)
        await follower.until(await _head(auditor))
    assert len(follower.found) > 10
    assert follower.found == await _log(auditor, start, int(follower.last or 0))


async def test_a_filtered_stream_has_what_the_filtered_list_has(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    auditor = await customers.staff(system, client, "auditor")
    start = await _head(auditor)
    follower = Follower(client, auditor, f"?after={start}&type=booking.confirmed.1")
    async with _running(follower):
        booking = await customer.confirmed([running_system.schedule(system, seats=1)])
        await follower.until(await _head(auditor))
    assert [each["stream"] for each in follower.found] == [booking["id"]]
    assert follower.connections == 1


async def test_a_stream_ends_with_the_session_of_its_token(
    system: System, client: httpx.AsyncClient
) -> None:
    auditor = await customers.staff(system, client, "auditor")
    follower = Follower(client, auditor)
    following = asyncio.create_task(follower.follow())
    await follower.until(await _head(auditor))
    assert (await client.post("/api/auth/logout", headers=auditor.headers)).is_success
    async with asyncio.timeout(WAIT_SECONDS):
        await following
    refused = await client.get(PATH, headers=auditor.headers)
    assert refused.status_code == 401


async def test_a_server_that_stops_ends_its_streams_whole(
    system: System, client: httpx.AsyncClient
) -> None:
    auditor = await customers.staff(system, client, "auditor")
    follower = Follower(client, auditor)
    following = asyncio.create_task(follower.follow())
    await follower.until(await _head(auditor))
    process = running_system.process(system, "web")
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            # A stream that the server cut off raises here.
            await following
        # What still runs after the time of grace is cancelled.
        assert time.monotonic() - began < web.GRACE_SECONDS
        assert await asyncio.to_thread(process.wait, WAIT_SECONDS) == 0
    finally:
        demo_stage.restart(system, demo_stage.process_of(system.processes, "web"))
    await running_system.await_ready(client)


async def test_only_auditors_follow(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    for caller in (customer, finance):
        assert (await client.get(PATH, headers=caller.headers)).status_code == 403
    assert (await client.get(PATH)).status_code == 401
