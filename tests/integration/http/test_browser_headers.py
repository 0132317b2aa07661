"""What every answer says to browsers, and to scripts of other origins: shown over real HTTP."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from application.rate_limit import Limit
from tests.support.answer_headers import STORED, missing
from tests.support.http_client import GENEROUS, Edge, http_ports
from tests.support.openapi_document import openapi_document
from tests.support.served_edge import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCUMENT: dict[str, Any] = openapi_document()
OPERATIONS = [(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item]
OURS = "https://book.airline.example"
THEIRS = "https://evil.example"
# What a path of a route is filled with: sound by its form, and of nothing that exists.
SAMPLE = "ABCDEF"


@pytest.fixture(scope="module")
def edge() -> Edge:
    return Edge(cors_origins=frozenset({OURS.encode()}))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(edge: Edge) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serving(edge) as (_, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as each,
    ):
        yield each


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def spent() -> AsyncIterator[httpx.AsyncClient]:
    """A client of an edge that lets nobody through."""
    closed = Edge(limits=dict.fromkeys(GENEROUS, Limit(0, 60)))
    async with (
        serving(closed) as (_, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as each,
    ):
        each.headers.update(closed.bearer("operations"))
        yield each


def requests(edge: Edge, path: str) -> list[tuple[str, dict[str, str]]]:
    """Paths and headers by which one operation is refused at each stage, or fails."""
    finance = edge.bearer("finance", "usr_two")
    return [
        (path, {}),
        (path, edge.bearer("customer")),
        (path, finance),
        (path, {**finance, "content-type": "application/json"}),
        (path, {**finance, "accept": "image/png;q=0.1"}),
        (f"{path}?x=%00", finance),
        (f"{path}/", finance),
        (path, {**finance, "cookie": "x" * 17_000}),
    ]


async def test_every_answer_of_every_route_has_the_security_headers(
    edge: Edge, client: httpx.AsyncClient, spent: httpx.AsyncClient
) -> None:
    seen = set()
    faults = []
    for method, template in OPERATIONS:
        path = re.sub(r"\{[^}]+\}", SAMPLE, template)
        answers = [
            await client.request(method, each, headers=headers, content=b"{")
            for each, headers in requests(edge, path)
        ]
        answers.append(await client.request("PATCH", path))
        answers.append(await client.options(path))
        answers.append(await spent.request(method, path))
        for answer in answers:
            seen.add(answer.status_code)
            faults += [f"{method} {path} {answer.status_code}: {each}" for each in missing(answer)]
            if answer.headers["strict-transport-security"] != "max-age=31536000; includeSubDomains":
                faults.append(f"{method} {path}: strict-transport-security")
    assert faults == []
    assert len(OPERATIONS) > 90
    assert {200, 204, 400, 401, 403, 404, 405, 406, 415, 429, 431, 500} <= seen


async def test_public_routes_say_how_long_an_answer_may_be_stored(
    client: httpx.AsyncClient,
) -> None:
    """Those that need no data; the answers of the others are checked in the end-to-end tests."""
    for path in (each for each in STORED if not each.startswith("/api/")):
        answer = await client.get(path)
        assert (answer.status_code, missing(answer)) == (200, [])
        assert answer.headers["cache-control"] == STORED[path]


async def test_a_page_has_one_policy_of_its_own(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs")
    (policy,) = answer.headers.get_list("content-security-policy")
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


async def test_only_a_server_behind_https_asks_browsers_for_https() -> None:
    edge = Edge()
    edge.app.ports = http_ports(secure_cookies=False)
    async with edge.client() as client:
        answer = await client.get("/nowhere")
    assert "strict-transport-security" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_preflight_of_our_origin_is_permitted(client: httpx.AsyncClient) -> None:
    asks = {
        "origin": OURS,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,idempotency-key",
    }
    answer = await client.options("/api/bookings", headers=asks)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == OURS
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS, POST"
    named = answer.headers["access-control-allow-headers"].split(", ")
    assert {"authorization", "content-type", "idempotency-key"} <= set(named)
    assert answer.headers["access-control-max-age"] == "600"
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("path", ["/api/auth/me", "/nowhere", "/docs", "/fail/bug"])
async def test_our_origin_may_read_answers_and_errors(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"origin": OURS})
    assert answer.headers["access-control-allow-origin"] == OURS
    assert "x-correlation-id" in answer.headers["access-control-expose-headers"]
    varies = {"Origin", "Accept-Encoding"} if path == "/docs" else {"Origin"}
    assert set(answer.headers["vary"].split(", ")) == varies


@pytest.mark.parametrize(
    "origin",
    [
        THEIRS,
        "null",
        "*",
        "",
        OURS.upper(),
        f"{OURS}/",
        f"{OURS}:443",
        f"{OURS}.evil.example",
        "http://book.airline.example",
        "https://airline.example",
        f"{OURS}, {THEIRS}",
    ],
)
async def test_another_origin_gets_no_permission(client: httpx.AsyncClient, origin: str) -> None:
    asks = {"origin": origin, "access-control-request-method": "POST"}
    answers = [
        await client.options("/api/bookings", headers=asks),
        await client.get("/api/auth/me", headers={"origin": origin}),
    ]
    for answer in answers:
        assert [name for name in answer.headers if name.startswith("access-control-")] == []
        # A cache must not give this answer to our origin.
        assert answer.headers["vary"] == "Origin"


async def test_without_the_setting_no_origin_has_permission() -> None:
    async with Edge().client() as client:
        asks = {"origin": OURS, "access-control-request-method": "POST"}
        answer = await client.options("/api/bookings", headers=asks)
        assert answer.status_code == 204
        assert [name for name in answer.headers if name.startswith("access-control-")] == []
        assert "vary" not in answer.headers


async def test_an_unknown_path_has_no_preflight(client: httpx.AsyncClient) -> None:
    asks = {"origin": OURS, "access-control-request-method": "POST"}
    answer = await client.options("/nowhere", headers=asks)
    assert answer.status_code == 404
    assert "access-control-allow-methods" not in answer.headers
