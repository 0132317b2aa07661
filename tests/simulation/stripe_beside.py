"""The Stripe simulator in this process: no sockets, a clock that only tests move.

The adapter, the SDK and the simulator are the real ones; a connection is a call of the simulator's
ASGI program, and a webhook a call of whoever listens.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
from multidict import CIMultiDict

from infrastructure.stripe.gateway import StripePaymentGateway
from infrastructure.stripe.pace import Pace
from infrastructure.stripe.session_search import SessionSearch
from infrastructure.stripe_simulator import agenda
from infrastructure.stripe_simulator.app import Simulator
from infrastructure.stripe_simulator.clock import Clock
from infrastructure.stripe_simulator.configuration import Configuration, Json, WebhookTarget
from tests.support.stripe_simulator import API_KEY, UNLIMITED, WEBHOOK_SECRET

# Large enough that nothing of a long run is dropped.
KEPT = 1_000_000
# Within so many turns of the event loop a delivery that can begin has begun.
QUIET_TURNS = 4
Listener = Callable[[bytes, str], Awaitable[int]]
"""Takes body and signature of a webhook; the status of its answer. Raises OSError."""


class StandingClock(Clock):
    """The account's clock; it stands still until it is moved."""

    def __init__(self, began: int) -> None:
        super().__init__(0)
        self._began = began

    def now(self) -> int:
        """Whole seconds since the epoch."""
        return self._began + self.offset_seconds

    def exact(self) -> float:
        """As `now`: there are no fractions."""
        return float(self.now())

    async def reaches(self, instant: float) -> None:
        """Wait until the clock was moved so far."""
        while self.now() < instant:
            await self._moved.wait()


class StripeBeside:
    """An account at Stripe; `listener` gets its webhooks."""

    def __init__(self, began: int) -> None:
        target = WebhookTarget("http://airline.invalid/webhooks", WEBHOOK_SECRET)
        self.simulator = Simulator(
            Configuration(webhooks=(target,), objects_limit=KEPT, deliveries_limit=KEPT)
        )
        self.account = self.simulator.account
        self.account.clock = StandingClock(began)
        self.listener: Listener = _nobody
        self._under_way = 0
        self.simulator.courier._session = _Session(self._deliver)  # type: ignore[assignment]

    def gateway(self, delayed_methods: tuple[str, ...] = ()) -> StripePaymentGateway:
        """The adapter of a process, connected to this account."""
        loop = asyncio.get_running_loop()
        adapter = StripePaymentGateway(
            api_key=API_KEY,
            base_url="http://stripe.invalid",
            timeout_seconds=10,
            limits=UNLIMITED,
            delayed_methods=delayed_methods,
        )
        calls = adapter._calls
        calls._pace = Pace(UNLIMITED, monotonic=loop.time)
        calls._transport._session = _Session(self._ask)  # type: ignore[assignment]
        # By the real clock, all calls that it may make in a minute were those of the whole run.
        clock = self.account.clock.exact
        adapter._search = SessionSearch(adapter._list_sessions, monotonic=clock, now=clock)
        return adapter

    async def control(self, path: str, /, **body: Any) -> Any:
        """One call of the control path."""
        return await self.post(f"/_control/{path}", msgspec.json.encode(body))

    async def press(self, session: str, verb: str, card: str | None = None) -> None:
        """The customer presses a button of the hosted page."""
        form = b"" if card is None else f"card={card}".encode()
        await self.post(f"/c/pay/{session}/{verb}", form)

    async def post(self, path: str, body: bytes) -> Any:
        """Post it; the answer, of JSON. A 4xx is an AssertionError."""
        answer = await self._ask("POST", path, {}, body)
        assert answer.status < 400, f"{path}: {answer.content!r}"
        return (
            msgspec.json.decode(answer.content) if answer.content.startswith((b"{", b"[")) else None
        )

    async def tried(self, path: str, *, form: bytes | None = None, **body: Any) -> bool:
        """Post what may be refused; return whether it was not."""
        content = msgspec.json.encode(body) if form is None else form
        return (await self._ask("POST", path, {}, content)).status < 400

    def move(self, seconds: int) -> None:
        """Let time pass; what falls due happens."""
        agenda.advance(self.account, seconds)

    async def deliver(self) -> None:
        """Wait until no delivery is under way but those that wait for the clock."""
        agenda.run_due(self.account)
        for _ in range(QUIET_TURNS):
            await asyncio.sleep(0)
        while self._under_way:
            await asyncio.sleep(0.001)
            for _ in range(QUIET_TURNS):
                await asyncio.sleep(0)

    async def _deliver(
        self, _method: str, _path: str, headers: Mapping[str, str], body: bytes
    ) -> "_Answer":
        self._under_way += 1
        try:
            status = await self.listener(body, headers["Stripe-Signature"])
        finally:
            self._under_way -= 1
        return _Answer(status, CIMultiDict(), b"")

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> "_Answer":
        """Call the ASGI program; a connection that it breaks is one of aiohttp's exceptions."""
        split = urlsplit(path)
        scope = {
            "type": "http",
            "method": method,
            "path": split.path,
            "query_string": split.query.encode(),
            "headers": [
                (name.lower().encode("latin-1"), str(value).encode("latin-1"))
                for name, value in headers.items()
            ],
            "server": ("stripe.invalid", None),
        }
        sent: list[Json] = []

        async def receive() -> Json:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        try:
            await self.simulator(scope, receive, send)
        except ConnectionResetError:
            if sent:
                raise aiohttp.ClientPayloadError("truncated") from None
            raise aiohttp.ServerDisconnectedError() from None
        fields = CIMultiDict((name.decode(), value.decode()) for name, value in sent[0]["headers"])
        return _Answer(sent[0]["status"], fields, b"".join(each["body"] for each in sent[1:]))


async def _nobody(_body: bytes, _signature: str) -> int:
    raise ConnectionRefusedError


class _Answer(msgspec.Struct, frozen=True):
    """What aiohttp's answer has, as far as it is read."""

    status: int
    headers: CIMultiDict[str]
    content: bytes

    async def read(self) -> bytes:
        return self.content


class _Session:
    """What aiohttp's session does, as far as it is used."""

    def __init__(
        self, ask: Callable[[str, str, Mapping[str, str], bytes], Awaitable[_Answer]]
    ) -> None:
        self._ask = ask

    @asynccontextmanager
    async def request(
        self, method: str, url: str, *, headers: Any, data: Any = None, **_options: Any
    ) -> AsyncIterator[_Answer]:
        body = data.encode() if isinstance(data, str) else data or b""
        split = urlsplit(url)
        path = f"{split.path}?{split.query}" if split.query else split.path
        yield await self._ask(method.upper(), path, headers or {}, body)

    def post(self, url: str, **options: Any) -> Any:
        return self.request("POST", url, **options)

    async def close(self) -> None:
        """There is nothing to close."""
