"""A lean HTTP/1.1 load generator for loopback: raw connections, one request at a time each.

It runs as a process of its own, so that its cost is not counted for the measured server, and
stops by itself. `python -m tests.bench.load` reads a plan from standard input
and prints the result as JSON.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Protocol, cast

import msgspec
import uvloop

SAMPLE_LIMIT = 64


class LoadPlan(msgspec.Struct, frozen=True):
    """POST `bodies` in turn to `ports` of loopback with `clients` connections for `seconds`.

    `{n}` in a body or header becomes a number that no other request has.
    """

    ports: list[int]
    path: str
    tokens: list[str]
    bodies: list[str]
    clients: int
    seconds: float
    run: str
    warmup_seconds: float = 0.5


class LoadResult(msgspec.Struct, frozen=True):
    """Requests per second over the measured time, latencies in milliseconds, answers by status."""

    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    statuses: dict[str, int]
    rate_by_port: dict[str, float]
    samples: list[str]


class Requests(Protocol):
    """What a connection sends, and whether it goes on after an answer."""

    def request(self, index: int) -> bytes:
        """Return the next request of the connection with this index."""
        ...

    def take(self, index: int, status: bytes, elapsed: float, body: bytes) -> bool:
        """Take an answer; return whether the connection sends again."""
        ...


class Client(asyncio.Protocol):
    """One connection: sends, reads one answer, sends again while there is something to send."""

    def __init__(self, load: Requests, index: int) -> None:
        self._load = load
        self._index = index
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        self._transport.write(self._load.request(self._index))
        self._sent_at = time.perf_counter()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        head = buffer.find(b"\r\n\r\n")
        if head < 0:
            self._buffer = buffer
            return
        lower = buffer[:head].lower()
        start = lower.find(b"content-length:")
        length = int(lower[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
        if len(buffer) < head + 4 + length:
            self._buffer = buffer
            return
        self._buffer = b""
        elapsed = time.perf_counter() - self._sent_at
        if self._load.take(self._index, buffer[9:12], elapsed, buffer[head + 4 :]):
            self._send()
        else:
            assert self._transport is not None
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


class _Load:
    def __init__(self, plan: LoadPlan) -> None:
        self._plan = plan
        self._number = 0
        self._heads = [
            (
                f"POST {plan.path} HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
                f"Accept-Language: en\r\nIdempotency-Key: {plan.run}-"
            ).encode()
            for token in plan.tokens
        ]
        self._bodies = [body.encode() for body in plan.bodies]
        self._measure_from = time.perf_counter() + plan.warmup_seconds
        self._end = self._measure_from + plan.seconds
        self.latencies: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.by_port: Counter[int] = Counter()
        self.samples: list[str] = []

    def port_of(self, index: int) -> int:
        return self._plan.ports[index % len(self._plan.ports)]

    def request(self, index: int) -> bytes:
        self._number += 1
        number = b"%d" % self._number
        body = self._bodies[self._number % len(self._bodies)].replace(b"{n}", number)
        head = self._heads[index % len(self._heads)]
        return b"%s%s\r\nContent-Length: %d\r\n\r\n%s" % (head, number, len(body), body)

    def take(self, index: int, status: bytes, elapsed: float, body: bytes) -> bool:
        now = time.perf_counter()
        if now >= self._measure_from and now < self._end:
            self.latencies.append(elapsed)
            self.statuses[status.decode()] += 1
            self.by_port[self.port_of(index)] += 1
            if len(self.samples) < SAMPLE_LIMIT and status != b"201":
                self.samples.append(body.decode(errors="replace")[:300])
        return now < self._end


async def run(plan: LoadPlan) -> LoadResult:
    """Run the plan."""
    load = _Load(plan)
    loop = asyncio.get_running_loop()
    clients = []
    for index in range(plan.clients):
        _, client = await loop.create_connection(
            lambda index=index: Client(load, index), "127.0.0.1", load.port_of(index)
        )
        clients.append(client)
    async with asyncio.timeout(plan.warmup_seconds + plan.seconds + 30):
        await asyncio.gather(*(client.closed for client in clients))
    latencies = sorted(load.latencies) or [0.0]
    return LoadResult(
        rate=len(load.latencies) / plan.seconds,
        p50_ms=latencies[len(latencies) // 2] * 1e3,
        p95_ms=latencies[int(len(latencies) * 0.95)] * 1e3,
        p99_ms=latencies[int(len(latencies) * 0.99)] * 1e3,
        statuses=dict(load.statuses),
        rate_by_port={str(port): n / plan.seconds for port, n in load.by_port.items()},
        samples=load.samples,
    )


def main() -> None:
    """Read the plan, run it, print the result."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=LoadPlan)
    result = uvloop.run(run(plan))
    print(json.dumps(msgspec.to_builtins(result)))


if __name__ == "__main__":
    main()
