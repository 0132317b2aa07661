"""The ASGI program: routes each path, and checks an API request in a fixed order.

Key, version, limits, fault before, route, parameters, idempotency, execution, fault after.
"""

import asyncio
import base64
import binascii
import contextlib
import time
from pathlib import Path

import msgspec

from infrastructure.stripe_simulator import (
    agenda,
    endpoints,
    expansion,
    forms,
    hosted,
    parameters,
    refunds,
    routes,
    snapshot,
)
from infrastructure.stripe_simulator.account import Account, Cause
from infrastructure.stripe_simulator.configuration import API_VERSION, Configuration, Json
from infrastructure.stripe_simulator.control import Control
from infrastructure.stripe_simulator.courier import Courier
from infrastructure.stripe_simulator.errors import ApiError, invalid
from infrastructure.stripe_simulator.faults import Fault, FaultBook
from infrastructure.stripe_simulator.ids import new_id
from infrastructure.stripe_simulator.rate_limits import RateLimiter
from infrastructure.stripe_simulator.request_log import Entry, RequestLog
from infrastructure.stripe_simulator.route import Call, Route
from infrastructure.stripe_simulator.wire import (
    Answer,
    Receive,
    Request,
    Scope,
    Send,
    json_answer,
    read,
    write,
)

TICK_SECONDS = 0.5
# After a save, the pause before the next is this many times as long as the save.
SAVE_SHARE = 20.0


class Simulator:
    """One simulated account behind HTTP; an ASGI application."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._file = Path(configuration.state_file) if configuration.state_file else None
        self._ticker: asyncio.Task[None] | None = None
        self.account = Account(configuration)
        if self._file is not None:
            snapshot.load(self.account, self._file)
        for target in configuration.webhooks:
            self.account.add_endpoint(target.url, target.secret, list(target.events))
        self.courier = Courier(self.account, configuration)
        self.faults = FaultBook()
        self.limiter = RateLimiter(configuration.limits)
        self.requests = RequestLog()
        self._plans = refunds.RefundPlans()
        self._control = Control(
            self.account, self.courier, self.faults, self.limiter, self._plans, self.requests
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            answer = await self._answer(scope, receive)
            await write(answer, scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._ticker = asyncio.create_task(self._tick())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._ticker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._ticker
        await self.courier.close()
        if self._file is not None:
            snapshot.save(snapshot.encoded(self.account), self._file)
        await send({"type": "lifespan.shutdown.complete"})

    async def _tick(self) -> None:
        """Do what is due and save what changed."""
        saved = self._newest()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            agenda.run_due(self.account)
            if self._file is not None and self._newest() != saved:
                saved = self._newest()
                began = time.perf_counter()
                content = snapshot.encoded(self.account)
                await asyncio.to_thread(snapshot.save, content, self._file)
                # Saving a large account takes longer: the pause keeps it from using all the time.
                await asyncio.sleep(SAVE_SHARE * (time.perf_counter() - began))

    def _newest(self) -> tuple[str | None, str | None]:
        """Return the newest event and the newest key: they differ after each change."""
        events, keys = self.account.events.objects, self.account.keys.records
        return next(reversed(events), None), next(reversed(keys), None)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        try:
            request = await read(scope, receive, self._configuration.body_limit_bytes)
            agenda.run_due(self.account)
            if request.path.startswith("/v1/"):
                return await self._api(request)
            if request.path.startswith("/_control/"):
                return self._control.answer(request)
            return hosted.answer(self.account, request)
        except ApiError as error:
            return json_answer(error.status, {"error": error.body})

    async def _api(self, request: Request) -> Answer:
        arrived_at = time.time()
        request_id = new_id("req", 14)
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        version = request.headers.get("stripe-version")
        fault = None
        try:
            _check_key(request, self._configuration.api_keys)
            _check_version(version)
            self.limiter.admit(routes.endpoint_of(request.method, request.path))
            fault = self.faults.take(request.method, request.path)
            answer = await self._struck(request, Cause(request_id, key), fault)
        except ApiError as error:
            answer = json_answer(error.status, {"error": error.body})
            answer.headers.update(error.headers)
        if fault is not None:
            answer.headers.update(fault.headers())
        answer.headers["Stripe-Version"] = version or API_VERSION
        answer.headers["Request-Id"] = request_id
        if key is not None:
            answer.headers["Idempotency-Key"] = key
        self.requests.entries.append(
            Entry(
                id=request_id,
                at=arrived_at,
                method=request.method,
                path=request.path,
                key=key,
                version=version,
                status=answer.status,
                replayed="Idempotent-Replayed" in answer.headers,
                fault=None if fault is None else fault.kind,
            )
        )
        return answer

    async def _struck(self, request: Request, cause: Cause, fault: Fault | None) -> Answer:
        """Return the true answer, or the fault's answer in its place."""
        kind = "" if fault is None else fault.kind
        if fault is not None and kind == "refuse":
            raise fault.error()
        if fault is not None and kind == "lost_before":
            await asyncio.sleep(fault.seconds)
            return Answer(0, b"", {}, broken="lost")
        answer = await self._keyed(request, cause, fault)
        if fault is not None and kind == "fail_after":
            raise fault.error()
        if kind == "lost":
            answer.broken = "lost"
        if kind == "truncated":
            answer.broken = "truncated"
        return answer

    async def _keyed(self, request: Request, cause: Cause, fault: Fault | None) -> Answer:
        """Execute once for an idempotency key, or replay the answer to its first request."""
        route, identifier = routes.find(request.method, request.path)
        form = forms.unflatten(request.query if request.method != "POST" else _text(request.body))
        params = parameters.checked(form, route.shape)
        call = Call(
            account=self.account,
            plans=self._plans,
            identifier=identifier,
            params=params,
            cause=cause,
            origin=self._configuration.public_url or request.origin,
            path=request.path,
        )
        key = cause.idempotency_key
        if key is None:
            return await self._execute(route, call, fault)
        assert cause.request_id is not None
        known = self.account.keys.begin(
            key,
            fingerprint=_fingerprint(request, form),
            request_id=cause.request_id,
            now=self.account.clock.now(),
        )
        if known is not None:
            headers = {
                "Content-Type": "application/json",
                "Idempotent-Replayed": "true",
                "Original-Request": known.request_id,
            }
            return Answer(known.status, known.body.encode(), headers)
        try:
            answer = await self._execute(route, call, fault)
        except BaseException:
            self.account.keys.abandon(key)
            raise
        self.account.keys.finish(key, status=answer.status, body=answer.body.decode())
        return answer

    async def _execute(self, route: Route, call: Call, fault: Fault | None) -> Answer:
        kind = "" if fault is None else fault.kind
        if fault is not None and kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault is not None and kind == "refuse_stored":
            return json_answer(fault.status, {"error": fault.error().body})
        try:
            content = route.answer(call)
            if "expand" in call.params:
                content = expansion.expanded(self.account, content, call.params["expand"])
            answer = json_answer(200, content)
        except ApiError as error:
            answer = json_answer(error.status, {"error": error.body})
        if fault is not None and kind == "slow_after":
            await asyncio.sleep(fault.seconds)
        if fault is not None and kind == "fail_stored":
            return json_answer(fault.status, {"error": fault.error().body})
        return answer


def create_app(configuration: Configuration) -> Simulator:
    """Return the simulator as an ASGI application, with an account of its own."""
    return Simulator(configuration)


def _check_key(request: Request, keys: tuple[str, ...]) -> None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            credentials = base64.b64decode(credentials, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            credentials = ""
    if not credentials:
        raise ApiError(401, "You did not provide an API key.")
    if credentials not in keys:
        raise ApiError(401, f"Invalid API Key provided: {credentials[:8]}***")


def _check_version(version: str | None) -> None:
    if version is not None and endpoints.VERSION.fullmatch(version) is None:
        raise invalid(f"Invalid Stripe API version: {version[:40]}")


def _text(body: bytes) -> str:
    try:
        return body.decode("ascii")
    except UnicodeDecodeError as error:
        raise invalid("Invalid request body: not a readable form") from error


def _fingerprint(request: Request, form: Json) -> str:
    canonical = msgspec.json.encode(form, order="deterministic").decode()
    return f"{request.method} {request.path} {canonical}"
