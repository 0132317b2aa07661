"""Stripe's side of `bench webhook`: signed deliveries over a number of connections.

A process of its own, so that its cost is not counted for the measured side. `python -m
tests.bench.webhook_clients` reads a plan from standard input and prints the result as JSON. The
requests are signed before the clock starts.
"""

import asyncio
import hmac
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import uvloop

from tests.bench.load import Client

PATH = "/api/webhooks/stripe"


class Delivering(msgspec.Struct, frozen=True):
    """POST each line of a file once to a port of loopback; it ends when all are answered."""

    port: int
    secret: str
    file: str
    clients: int
    limit_seconds: float


class Delivered(msgspec.Struct, frozen=True):
    """When the first was sent, in seconds since the epoch; answers by status; how long until all
    were answered."""

    began_at: float
    answered_seconds: float
    statuses: dict[str, int]


def signed(body: bytes, secret: str, *, at: int) -> bytes:
    """Return the request of one delivery (https://docs.stripe.com/webhooks/signature)."""
    signature = hmac.digest(secret.encode(), b"%d.%s" % (at, body), "sha256").hex()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: application/json; charset=utf-8\r\n"
        f"Stripe-Signature: t={at},v1={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Deliveries:
    """All requests, shared out evenly among the connections."""

    def __init__(self, requests: Sequence[bytes], *, clients: int) -> None:
        self._left = [list(requests[index::clients]) for index in range(clients)]
        self.statuses: Counter[str] = Counter()

    def request(self, index: int) -> bytes:
        """Return the connection's next; it has one, since `take` ends it when there is none."""
        return self._left[index].pop()

    def take(self, index: int, status: bytes, _elapsed: float, _body: bytes) -> bool:
        """Count an answer; return whether its connection sends again."""
        self.statuses[status.decode()] += 1
        return bool(self._left[index])


async def run(plan: Delivering, bodies: Sequence[bytes]) -> Delivered:
    """Deliver all bodies."""
    at = int(time.time())
    count = min(plan.clients, len(bodies))
    requests = [signed(body, plan.secret, at=at) for body in bodies]
    deliveries = Deliveries(requests, clients=count)
    loop = asyncio.get_running_loop()
    began_at, began = time.time(), time.perf_counter()
    clients = []
    for index in range(count):
        _, client = await loop.create_connection(
            lambda index=index: Client(deliveries, index), "127.0.0.1", plan.port
        )
        clients.append(client)
    async with asyncio.timeout(plan.limit_seconds):
        await asyncio.gather(*(client.closed for client in clients))
    return Delivered(
        began_at=began_at,
        answered_seconds=time.perf_counter() - began,
        statuses=dict(deliveries.statuses),
    )


def main() -> None:
    """Read the plan, run it, print the result."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Delivering)
    bodies = Path(plan.file).read_bytes().splitlines()
    print(json.dumps(msgspec.to_builtins(uvloop.run(run(plan, bodies)))))


if __name__ == "__main__":
    main()
