"""Travellers for `bench journey`: search, quote, reserve, check out, pay; over and over.

A process of its own with raw connections, so that travellers cost the measured machine little.
`python -m tests.bench.journey_clients` reads a plan from standard input and prints the result as
JSON. It stops by itself.
"""

import asyncio
import json
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import msgspec
import psycopg
import uvloop

STAGES = ("search", "quote", "reserve", "check out", "pay")
POLL_SECONDS = 0.1
DRAIN_SECONDS = 60.0
# Journeys that may be paid and not yet confirmed; a traveller who finds more of them waits.
UNCONFIRMED_LIMIT = 256


class Plan(msgspec.Struct, frozen=True):
    """`ports` are web processes, used in turn; the query counts on `dsn` what is confirmed."""

    ports: list[int]
    dsn: str
    confirmed_query: str
    tokens: list[str]
    day: str
    flights: list[str]
    clients: int
    warmup_seconds: float
    seconds: float
    run: str


class JourneyResult(msgspec.Struct, frozen=True):
    """Confirmed journeys per second of the measured time; milliseconds by stage; the number paid
    and the number confirmed in the end; for each booking that was paid in the measured time the
    moment at which the traveller pressed the button, in seconds since the epoch."""

    rate: float
    median_ms: dict[str, float]
    paid: int
    confirmed: int
    paid_at: dict[str, float]


class Connection:
    """One HTTP/1.1 connection, one request at a time, opened again when the other side closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, path: str, headers: str, body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n{headers}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        if self._writer is None or self._reader is None or self._is_closed():
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(head.encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = int(answer[9:12])
        start = answer.find(b"content-length:")
        length = int(answer[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
        content = await self._reader.readexactly(length)
        if b"connection: close" in answer:
            self._writer.close()
            self._writer = None
        return status, content

    def _is_closed(self) -> bool:
        """Return whether a side has closed it; servers do that to connections that are idle."""
        assert self._writer is not None
        assert self._reader is not None
        return self._writer.is_closing() or self._reader.at_eof()


class Travellers:
    """All travellers of one round."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._number = 0
        self._spent: dict[str, list[float]] = {name: [] for name in STAGES}
        self._measure_from = time.perf_counter() + plan.warmup_seconds
        self._end = self._measure_from + plan.seconds
        self.paid = 0
        self.confirmed = 0
        self._before = 0
        self._paid_at: dict[str, float] = {}

    async def run(self) -> JourneyResult:
        """Travel, and wait until everything that was paid is confirmed."""
        async with await psycopg.AsyncConnection.connect(self._plan.dsn, autocommit=True) as log:
            self._before = await self._count(log)
            watch = asyncio.create_task(self._watch(log))
            await asyncio.gather(*(self._travel(index) for index in range(self._plan.clients)))
            first, last = await watch
            await self._drain(log)
        return JourneyResult(
            rate=(last - first) / self._plan.seconds,
            median_ms={name: _median(found) * 1e3 for name, found in self._spent.items()},
            paid=self.paid,
            confirmed=self.confirmed,
            paid_at=self._paid_at,
        )

    async def _count(self, log: psycopg.AsyncConnection[Any]) -> int:
        row = await (await log.execute(self._plan.confirmed_query.encode())).fetchone()
        assert row is not None
        return int(row[0]) - self._before

    async def _watch(self, log: psycopg.AsyncConnection[Any]) -> tuple[int, int]:
        """Return how many were confirmed when the measured time began, and when it ended."""
        first: int | None = None
        while True:
            self.confirmed = await self._count(log)
            now = time.perf_counter()
            if first is None and now >= self._measure_from:
                first = self.confirmed
            if now >= self._end:
                return first or 0, self.confirmed
            await asyncio.sleep(POLL_SECONDS)

    async def _drain(self, log: psycopg.AsyncConnection[Any]) -> None:
        until = time.perf_counter() + DRAIN_SECONDS
        while self.confirmed < self.paid and time.perf_counter() < until:
            self.confirmed = await self._count(log)
            await asyncio.sleep(POLL_SECONDS)

    async def _travel(self, index: int) -> None:
        edge = Connection(self._plan.ports[index % len(self._plan.ports)])
        stripe: Connection | None = None
        token = self._plan.tokens[index % len(self._plan.tokens)]
        while time.perf_counter() < self._end:
            if self.paid - self.confirmed > UNCONFIRMED_LIMIT:
                await asyncio.sleep(POLL_SECONDS / 5)
                continue
            booking, page = await self._to_checkout(edge, token)
            url = urlsplit(page)
            assert url.port is not None
            stripe = stripe or Connection(url.port)
            began, pressed_at = time.perf_counter(), time.time()
            status, _ = await stripe.post(f"{url.path}/pay", "", b"")
            assert status == 303, status
            self._took("pay", began)
            self.paid += 1
            if began >= self._measure_from:
                self._paid_at[booking] = pressed_at

    async def _to_checkout(self, edge: Connection, token: str) -> tuple[str, str]:
        """Go from the search to Stripe's page; return the booking's id and the page's address."""
        self._number += 1
        number = self._number
        flight = self._plan.flights[number % len(self._plan.flights)]
        search = {"from": "RUH", "to": "JED", "date": self._plan.day, "passengers": 1}
        await self._step("search", edge, "/api/flights/search", search)
        wanted = {"flightIds": [flight], "passengers": [{"type": "ADT"}]}
        quote = await self._step("quote", edge, "/api/quotes", wanted)
        headers = f"Authorization: Bearer {token}\r\nIdempotency-Key: {self._plan.run}-{number}\r\n"
        body = {
            "quoteId": quote["quoteId"],
            "passengers": [{"firstName": "Noura", "lastName": "Traveller", "type": "ADT"}],
            "contact": {"email": f"noura{number}@example.com"},
        }
        booking = await self._step("reserve", edge, "/api/bookings", body, headers)
        path = f"/api/bookings/{booking['id']}/checkout"
        session = await self._step("check out", edge, path, {}, headers)
        return str(booking["id"]), str(session["checkoutUrl"])

    async def _step(
        self, name: str, edge: Connection, path: str, body: dict[str, Any], headers: str = ""
    ) -> dict[str, Any]:
        began = time.perf_counter()
        status, answer = await edge.post(
            path,
            f"Content-Type: application/json\r\nAccept-Language: en\r\n{headers}",
            json.dumps(body).encode(),
        )
        self._took(name, began)
        assert status in {200, 201}, (name, status, answer)
        found: dict[str, Any] = msgspec.json.decode(answer)
        return found

    def _took(self, name: str, began: float) -> None:
        if began >= self._measure_from:
            self._spent[name].append(time.perf_counter() - began)


def _median(found: list[float]) -> float:
    return sorted(found)[len(found) // 2] if found else 0.0


def main() -> None:
    """Read the plan, run it, print the result."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    result = uvloop.run(Travellers(plan).run())
    # The result may be larger than a pipe holds: without a buffer of its own, Python's standard
    # output drops what one write did not take (PYTHONUNBUFFERED).
    with open(sys.stdout.fileno(), "wb", closefd=False) as output:
        output.write(msgspec.json.encode(result))


if __name__ == "__main__":
    main()
