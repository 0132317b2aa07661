"""The HTTP edge over ports held in memory, and two probe routes built by its own pattern."""

import copy
import datetime as dt
import functools
import ipaddress
import urllib.parse
import uuid
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.testing import AsyncTestClient

from application.audit.ports import AuditPorts
from application.identity.log_in import LogIn, SignedIn
from application.identity.open_session import open_session
from application.identity.ports import Principal, RefusedAccess, StoredUser
from application.identity.register_user import RegisterUser
from application.identity.session_ports import SessionPorts
from application.modes.current_modes import CurrentModes
from application.modes.ports import ModePorts
from application.payment.gateway import GatewayMisconfigured
from application.ports import StreamArchived, Unavailable
from application.rate_limit import Limit, Slice
from domain.identity import rejections
from domain.identity.roles import Role
from domain.identity.scopes import Scope
from domain.identity.standing import Standing
from domain.kernel.sealed import Sealed
from infrastructure.identity import tokens
from interfaces.http import app, auth, idempotency
from interfaces.http.ports import HttpPorts
from interfaces.http.rate_limit import LimitName, RateLimiter
from interfaces.http.strict_request import StrictRequest
from tests.support import memory_clients, memory_sessions

START = 1_800_000_000.0
# The session of tokens that a test makes by itself.
SESSION = "ses_0123456789abcdef01234567"
CLIENT = "client_0123456789abcdef01234567"
Amount = Annotated[int, msgspec.Meta(ge=1, le=10**12)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
GENEROUS = dict.fromkeys(
    (
        *("anonymous", "signed_in", "staff", "authentication", "booking", "payment", "client"),
        *("unpaid_account", "unpaid_agency", "unpaid_address"),
        *("find_address", "find_reference"),
    ),
    Limit(1_000_000, 60),
)


class Traveller(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Something nested."""

    first_name: Name
    amount: Amount


class ProbeRequest(idempotency.KeyedRequest):
    """Something with a list and a key."""

    travellers: Annotated[list[Traveller], msgspec.Meta(min_length=1, max_length=9)]
    note: str = ""


class ProbeResponse(msgspec.Struct, rename="camel"):
    """What the edge made of the request."""

    user: str
    command_id: str
    fingerprint: str
    names: list[str]


@post("/probe", **auth.signed_in("book", "booking"))
async def probe(request: StrictRequest, data: JSONBody[ProbeRequest]) -> ProbeResponse:
    """Say what was understood."""
    identity = idempotency.required(request, data)
    return ProbeResponse(
        request.principal.user,
        str(identity.command_id),
        identity.fingerprint.hex(),
        [traveller.first_name for traveller in data.travellers],
    )


@post("/probe/{name:str}/ledger", **auth.signed_in("read_ledger"))
async def ledger_probe(request: StrictRequest, name: FromPath[str]) -> ProbeResponse:
    """A route for finance, without a body."""
    identity = idempotency.optional(request, None)
    return ProbeResponse(request.principal.user, str(identity.command_id), "", [name])


@get("/fail/{how:str}")
async def fail(how: FromPath[str]) -> ProbeResponse:
    """Fail in the way asked for."""
    if how == "unavailable":
        raise Unavailable("database", retry_after_seconds=3)
    if how == "archived":
        raise StreamArchived("booking-AB2CDE")
    if how == "misconfigured":
        raise GatewayMisconfigured("status 401, invalid_request_error, request req_1")
    raise RuntimeError("personal data of somebody@example.com")


@get("/counted", **auth.open_to_all())
async def counted(limit: Annotated[int, QueryParameter(ge=1, le=100)] = 10) -> dict[str, int]:
    """A page size as a query parameter."""
    return {"limit": limit}


_WITH_DEFAULTS = frozenset(
    {"roles", "trusted_proxies", "secure_cookies", "cors_origins", "return_to"}
)
PROBES = (probe, ledger_probe, fail, counted)


# No mode is on, and none can be switched.
NORMAL = ModePorts(None, CurrentModes(), lambda: dt.datetime.now(dt.UTC))  # type: ignore[arg-type]


class Seconds:
    """Time that moves only when told."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class MemoryTokenStore:
    """Windows in memory with the semantics of the Redis script; may be switched off."""

    def __init__(self, monotonic: Seconds) -> None:
        self.monotonic = monotonic
        self.away = False
        self.questions = 0
        self.windows: dict[str, tuple[int, float]] = {}
        self.refused: dict[str, float] = {}

    async def take(self, key: str, *, want: int, limit: Limit) -> Slice:
        """As the port says."""
        self.questions += 1
        if self.away:
            raise Unavailable("redis")
        used, closes_at = self.windows.get(key, (0, 0.0))
        now = self.monotonic()
        if closes_at <= now:
            used, closes_at = 0, now + limit.window_seconds
        granted = max(0, min(want, limit.count - used))
        self.windows[key] = (used + granted, closes_at)
        return Slice(granted, closes_at - now, limit.count - used - granted)

    async def is_first_refusal(self, key: str, *, seconds: float) -> bool:
        """As the port says."""
        if self.away:
            raise Unavailable("redis")
        now = self.monotonic()
        is_first = self.refused.get(key, 0.0) <= now
        if is_first:
            self.refused[key] = now + seconds
        return is_first


class Accounts:
    """Two use cases in memory: passwords by address."""

    def __init__(self, sessions: SessionPorts) -> None:
        self.passwords: dict[str, str] = {}
        self.sessions = sessions

    async def register(self, command: RegisterUser) -> None:
        """Keep the first password."""
        self.passwords.setdefault(command.email, command.password)

    async def log_in(self, command: LogIn) -> SignedIn:
        """A session for the right password."""
        if self.passwords.get(command.email) != command.password:
            raise rejections.CredentialsRefused
        user = StoredUser("usr_" + command.email, "customer", "", Sealed("sub", b""))
        device = msgspec.structs.replace(command.device, user_agent="")
        return SignedIn(await open_session(user, device, self.sessions), "device")


class ActiveAccounts:
    """What the state of an account is read from: every account waits for nothing."""

    def __init__(self, now: Callable[[], dt.datetime]) -> None:
        self.now = now
        self.notices = self
        self.second_factor_required = False

    async def standing(self, _user: str, **_: Any) -> Standing:
        """As the port says."""
        return Standing(is_verified=True, has_second_factor=False)


class NotedAttempts:
    """The refused attempts that the edge reported: what happened, to whom, on which route."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, str | None, str]] = []

    def note(
        self,
        happened: RefusedAccess,
        *,
        user_id: str | None,
        route: str,
        address: str,
        correlation_id: str,
    ) -> None:
        """Remember it."""
        assert address
        assert correlation_id
        self.noted.append((happened, user_id, route))


class AskedQuestions:
    """What auditors asked of the edge; `away` refuses to record it."""

    def __init__(self) -> None:
        self.away = False
        self.asked: list[tuple[str, str, str]] = []

    async def add(self, *, actor: str, action: str, resource: str, **_: Any) -> None:
        """Remember it."""
        if self.away:
            raise Unavailable("database")
        self.asked.append((actor, action, resource))


def http_ports(**edge: Any) -> HttpPorts:
    """Ports of the edge itself; those of bookings and payments are absent: no test here, nor any
    route that it asks, comes so far as to use one."""
    absent = {
        name: None
        for name in HttpPorts.__struct_fields__
        if name not in edge and name not in _WITH_DEFAULTS
    }
    return HttpPorts(
        **{**absent, "carrier": "SV", "modes": NORMAL, "fingerprint_key": b"f" * 32, **edge}
    )


@functools.cache
def _application() -> app.EdgeApp:
    """The application, built once: that takes longer than most tests; `ports` are set on copies."""
    return app.create_app(http_ports(), routes=(*app.ROUTES, *PROBES))


def application(ports: HttpPorts) -> app.EdgeApp:
    """The application, with the probe routes, over these ports."""
    made = copy.copy(_application())
    made.ports = ports
    return made


class Edge:
    """An application over memory; `client()` speaks HTTP to it."""

    def __init__(
        self,
        *,
        limits: Mapping[LimitName, Limit] = GENEROUS,  # type: ignore[assignment]  # literal keys
        trusted: tuple[str, ...] = (),
        cors_origins: frozenset[bytes] = frozenset(),
        return_to: Mapping[str, str] = MappingProxyType({}),
        second_factor_required: bool = False,
    ) -> None:
        self.time = Seconds()
        self.store = MemoryTokenStore(self.time)
        self.tokens = tokens.Es256Tokens(
            tokens.parse_keys(tokens.generated()),
            issuer="https://airline.example",
            audience="ais",
            now=self.time,
            token_id=lambda: uuid.uuid4().hex,
        )
        self.sessions = memory_sessions.session_ports(
            self.tokens, lambda: dt.datetime.fromtimestamp(self.time.now, dt.UTC)
        )
        self.clients = memory_clients.client_ports(self.sessions, self.tokens)
        self.accounts = Accounts(self.sessions)
        self.security = NotedAttempts()
        self.questions = AskedQuestions()
        self.ready = {"database": "up", "redis": "up"}
        ports = self._ports(limits, trusted)
        self.app = application(
            msgspec.structs.replace(
                ports,
                cors_origins=cors_origins,
                return_to=return_to,
                second_factor_required=second_factor_required,
            )
        )

    def _ports(self, limits: Mapping[LimitName, Limit], trusted: tuple[str, ...]) -> HttpPorts:
        async def readiness() -> Mapping[str, str]:
            return self.ready

        return http_ports(
            register_user=self.accounts.register,
            log_in=self.accounts.log_in,
            sessions=self.sessions,
            clients=self.clients,
            accounts=ActiveAccounts(lambda: dt.datetime.fromtimestamp(self.time.now, dt.UTC)),
            verifier=self.tokens,
            security_record=self.security,
            # The rest of these ports is in Postgres: no test of the edge reads from it.
            audit=AuditPorts(
                log=None,  # type: ignore[arg-type]
                appends=None,  # type: ignore[arg-type]
                actions=None,  # type: ignore[arg-type]
                record=self.questions,
                signer=None,  # type: ignore[arg-type]
                clock=lambda: dt.datetime.fromtimestamp(self.time.now, dt.UTC),
            ),
            limiter=RateLimiter(limits, self.store, monotonic=self.time),
            readiness=readiness,
            trusted_proxies=tuple(ipaddress.ip_network(each) for each in trusted),
        )

    def client(self) -> AsyncTestClient[Any]:
        """A client to be entered."""
        return AsyncTestClient(self.app, raise_server_exceptions=False)

    def bearer(
        self,
        role: Role = "customer",
        user: str = "usr_one",
        *,
        scopes: Iterable[Scope] | None = None,
        second_factor: bool = False,
    ) -> dict[str, str]:
        """The header of a signed-in user, or of a client with these scopes: it acts for the user,
        or for itself where it is the user."""
        principal = Principal(
            user,
            role,
            CLIENT if user == CLIENT else SESSION,
            second_factor=second_factor,
            client=None if scopes is None else CLIENT,
            scopes=None if scopes is None else frozenset(scopes),
        )
        token = self.tokens.issue(principal).access_token
        return {"authorization": f"Bearer {token}"}

    async def exchange(
        self,
        method: str,
        path: str,
        headers: list[tuple[bytes, bytes]],
        chunks: list[bytes],
        *,
        query: bytes = b"",
    ) -> tuple[int, dict[bytes, bytes], bytes]:
        """One request as a server hands it over: raw headers, the body in pieces."""
        sent: list[Any] = []
        pieces = list(chunks)

        async def receive() -> dict[str, Any]:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            sent.append(message)

        scope: Any = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "path": urllib.parse.unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "scheme": "http",
            "query_string": query,
            "headers": headers,
            "client": ("192.0.2.1", 1000),
            "server": ("127.0.0.1", 8000),
            "state": {},
        }
        await self.app(scope, receive, send)  # type: ignore[arg-type]  # plain ASGI callables
        body = b"".join(each.get("body", b"") for each in sent[1:])
        return sent[0]["status"], dict(sent[0]["headers"]), body
