"""A webhook endpoint for tests: stores requests and answers with the configured statuses."""

import asyncio
from collections import deque
from typing import Self

import msgspec
from aiohttp import web

WAIT_SECONDS = 60


class Arrival(msgspec.Struct, frozen=True):
    """One received request: raw body and signature header."""

    body: bytes
    signature: str

    @property
    def event(self) -> str:
        return str(msgspec.json.decode(self.body)["id"])

    @property
    def type(self) -> str:
        return str(msgspec.json.decode(self.body)["type"])


class WebhookReceiver:
    """Answers 200, or first the statuses put into `statuses`."""

    def __init__(self) -> None:
        self.url = ""
        self.secret = ""
        self.statuses: deque[int] = deque()
        self.arrivals: list[Arrival] = []
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner

    @classmethod
    async def start(cls) -> Self:
        receiver = cls()
        application = web.Application()
        application.router.add_post("/hook", receiver._receive)
        receiver._runner = web.AppRunner(application)
        await receiver._runner.setup()
        site = web.TCPSite(receiver._runner, "127.0.0.1", 0)
        await site.start()
        host, port = receiver._runner.addresses[0][:2]
        receiver.url = f"http://{host}:{port}/hook"
        return receiver

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def wait_for(self, count: int, *, type_prefix: str = "") -> list[Arrival]:
        """Wait for `count` arrivals of the type and return them; fails after ten seconds."""
        async with asyncio.timeout(WAIT_SECONDS), self._changed:
            await self._changed.wait_for(lambda: len(self._of(type_prefix)) >= count)
        return self._of(type_prefix)

    def _of(self, prefix: str) -> list[Arrival]:
        return [arrival for arrival in self.arrivals if arrival.type.startswith(prefix)]

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        status = self.statuses.popleft() if self.statuses else 200
        async with self._changed:
            self.arrivals.append(Arrival(body, request.headers["Stripe-Signature"]))
            self._changed.notify_all()
        return web.Response(status=status)
