"""The edge behind a real server on loopback: what only sockets can show."""

import asyncio
import datetime as dt
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import psycopg
import pytest
import uvicorn

from application.identity import log_in, register_user
from application.identity.log_in import LogIn, SecondFactorAsked, SignedIn
from application.identity.register_user import RegisterUser
from application.rate_limit import Limit
from infrastructure.identity.security_record import PostgresSecurityRecord
from infrastructure.identity.sign_in_places import KeyedSignInPlaces
from infrastructure.redis import rate_limit as redis_rate_limit
from infrastructure.sealing import master_key
from interfaces.connection import BoundedConnection
from interfaces.http import strict_request
from interfaces.http.rate_limit import RateLimiter
from tests.support import identity as identities
from tests.support.http_client import GENEROUS, application, http_ports
from tests.support.identity import Identity
from tests.support.servers import TestDatabase

USER = {"email": "layla@example.com", "password": "correct horse battery"}
GOOD = json.dumps({"travellers": [{"firstName": "Layla", "amount": 1}]}).encode()


class Served:
    """A running server and what stands behind it."""

    def __init__(self, identity: Identity, port: int) -> None:
        self.identity = identity
        self.port = port
        self.base = f"http://127.0.0.1:{port}"

    async def bearer(self) -> str:
        """The token of a user who registered over HTTP."""
        async with httpx.AsyncClient(verify=False, base_url=self.base) as client:
            await client.post("/api/auth/register", json=USER)
            answer = await client.post("/api/auth/mobile-login", json=USER)
        return f"Bearer {answer.json()['accessToken']}"

    async def raw(self, content: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the first answer to these bytes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(content)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.split(": ", 1) for line in head[1:] if line)
            headers = {name.lower(): value for name, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
        finally:
            writer.close()
        return int(head[0].split()[1]), headers, body


@asynccontextmanager
async def serving(
    identity: Identity, valkey_url: str, authentication: Limit
) -> AsyncIterator[Served]:
    client = redis_rate_limit.make_client(valkey_url)
    limits = {**GENEROUS, "authentication": authentication}

    async def register(command: RegisterUser) -> None:
        await register_user.register_user(command, identity.registration)

    async def sign_in(command: LogIn) -> SignedIn | SecondFactorAsked:
        return await log_in.log_in(command, identity.login)

    async def readiness() -> Mapping[str, bool]:
        return {"database": True, "redis": True}

    places = KeyedSignInPlaces(master_key.parse(master_key.generated()))
    record = PostgresSecurityRecord(identity.pool, places, now=lambda: dt.datetime.now(dt.UTC))
    ports = http_ports(
        security_record=record,
        register_user=register,
        log_in=sign_in,
        sessions=identity.sessions,
        verifier=identity.tokens,
        limiter=RateLimiter(
            limits, redis_rate_limit.RedisTokenStore(client), monotonic=time.monotonic
        ),
        readiness=readiness,
    )
    config = uvicorn.Config(
        application(ports),
        port=0,
        access_log=False,
        log_config=None,
        lifespan="off",
        http=BoundedConnection,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    for _ in range(6_000):
        if server.started or running.done():
            break
        await asyncio.sleep(0.01)
    try:
        yield Served(identity, server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await running
        await record.close()
        await client.aclose()


@pytest.fixture
async def served(database: TestDatabase, valkey_url: str) -> AsyncIterator[Served]:
    async with (
        identities.opened(database.app_dsn) as identity,
        serving(identity, valkey_url, Limit(50, 60)) as each,
    ):
        yield each


async def request(served: Served, *lines: bytes, body: bytes = b"") -> bytes:
    bearer = await served.bearer()
    head = [
        b"POST /probe HTTP/1.1",
        b"Host: 127.0.0.1",
        b"Authorization: " + bearer.encode(),
        b"Idempotency-Key: k-1",
        *lines,
    ]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


JSON = b"Content-Type: application/json"


async def test_a_traveller_registers_signs_in_and_asks(served: Served) -> None:
    length = b"Content-Length: %d" % len(GOOD)
    status, headers, body = await served.raw(await request(served, JSON, length, body=GOOD))
    assert (status, json.loads(body)["names"]) == (201, ["Layla"])
    assert headers["x-correlation-id"]


async def test_a_chunked_body_is_read(served: Served) -> None:
    chunked = b"5\r\n" + GOOD[:5] + b"\r\n%x\r\n" % len(GOOD[5:]) + GOOD[5:] + b"\r\n0\r\n\r\n"
    content = await request(served, JSON, b"Transfer-Encoding: chunked", body=chunked)
    status, _, body = await served.raw(content)
    assert (status, json.loads(body)["names"]) == (201, ["Layla"])


async def test_a_chunked_flood_is_cut_off(served: Served) -> None:
    """Fault row 32: a body beyond the limit, in chunks."""
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    content = await request(served, JSON, b"Transfer-Encoding: chunked", body=chunk * 4)
    status, _, body = await served.raw(content)
    assert (status, json.loads(body)["code"]) == (413, "VALIDATION_ERROR")


async def test_a_large_declared_body_is_refused_before_it_is_sent(served: Served) -> None:
    """Fault row 32: a body beyond the limit, by its declared length."""
    status, _, body = await served.raw(await request(served, JSON, b"Content-Length: 10000000"))
    assert (status, json.loads(body)["code"]) == (413, "VALIDATION_ERROR")


async def test_a_body_that_does_not_arrive_times_out(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault row 39: a body that comes too slowly."""
    monkeypatch.setattr(strict_request, "BODY_TIMEOUT_SECONDS", 0.2)
    content = await request(served, JSON, b"Content-Length: 100", body=b'{"travellers":')
    status, _, body = await served.raw(content)
    answer = json.loads(body)
    assert (status, answer["code"], answer["retryable"]) == (408, "REQUEST_TIMEOUT", True)


async def test_a_form_post_of_another_site_is_refused(served: Served) -> None:
    """Fault row 38: what a form of another site can send."""
    for kind in (b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data"):
        length = b"Content-Length: %d" % len(GOOD)
        content = await request(served, b"Content-Type: " + kind, length, body=GOOD)
        status, _, body = await served.raw(content)
        assert (status, json.loads(body)["code"]) == (415, "VALIDATION_ERROR")


async def test_a_compressed_body_is_refused(served: Served) -> None:
    """Fault row 39: a body that grows when it is unpacked."""
    length = b"Content-Length: 4"
    content = await request(
        served, JSON, b"Content-Encoding: gzip", length, body=b"\x1f\x8b\x08\x00"
    )
    assert (await served.raw(content))[0] == 415


async def test_large_headers_and_tokens_are_refused(served: Served) -> None:
    status, _, body = await served.raw(
        b"GET /api/auth/me HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
        + b"e" * 20_000
        + b"\r\n\r\n"
    )
    assert (status, json.loads(body)["code"]) == (431, "HEADERS_TOO_LARGE")


async def test_a_replaced_correlation_id_cannot_carry_lines(served: Served) -> None:
    status, headers, _ = await served.raw(
        b"GET /nowhere HTTP/1.1\r\nHost: a\r\nX-Correlation-Id: a b\xff\r\n\r\n"
    )
    assert (status, len(headers["x-correlation-id"])) == (404, 22)


async def test_guessing_passwords_is_limited_across_processes(
    database: TestDatabase, valkey_url: str
) -> None:
    limit = Limit(5, 900)
    async with (
        identities.opened(database.app_dsn) as identity,
        serving(identity, valkey_url, limit) as first,
        serving(identity, valkey_url, limit) as second,
    ):
        statuses = []
        for number in range(8):
            base = (first, second)[number % 2].base
            async with httpx.AsyncClient(verify=False, base_url=base) as client:
                answer = await client.post("/api/auth/mobile-login", json=USER)
                statuses.append(answer.status_code)
        assert statuses == [401] * 5 + [429] * 3
        assert 0 < int(answer.headers["retry-after"]) <= 900
    with psycopg.connect(database.owner_dsn) as connection:
        ((recorded,),) = connection.execute(
            "SELECT count(*) FROM identity.auth_event WHERE happened = 'limit_reached'"
        ).fetchall()
    assert recorded == 1, "once for a window, whichever process refused first"


async def test_a_forged_forwarded_address_does_not_evade_the_limit(
    database: TestDatabase, valkey_url: str
) -> None:
    """Fault row 54: an address that the client made up."""
    async with (
        identities.opened(database.app_dsn) as identity,
        serving(identity, valkey_url, Limit(2, 900)) as served,
        httpx.AsyncClient(verify=False, base_url=served.base) as client,
    ):
        statuses = []
        for number in range(4):
            forged = {"x-forwarded-for": f"198.51.100.{number}"}
            answer = await client.post("/api/auth/mobile-login", json=USER, headers=forged)
            statuses.append(answer.status_code)
    assert statuses == [401, 401, 429, 429]


async def test_without_valkey_the_edge_serves_and_still_limits(database: TestDatabase) -> None:
    async with (
        identities.opened(database.app_dsn) as identity,
        serving(identity, "unix:///nonexistent/socket", Limit(3, 900)) as served,
        httpx.AsyncClient(verify=False, base_url=served.base) as client,
    ):
        statuses = [
            (await client.post("/api/auth/mobile-login", json=USER)).status_code for _ in range(5)
        ]
    assert statuses == [401] * 3 + [429] * 2
