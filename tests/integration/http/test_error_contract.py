"""Every answer that is not 2xx has the one flat object, whoever refuses: over real HTTP.

Asked are all routes of the document at each stage at which they refuse, in both languages, and what
the framework, the server and the parser answer by themselves.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from application.rate_limit import Limit
from interfaces.http import compression, reason_words, request_target
from interfaces.http.problem_kinds import KINDS
from tests.support.http_client import GENEROUS, Edge
from tests.support.openapi_document import openapi_document
from tests.support.served_edge import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCUMENT: dict[str, Any] = openapi_document()
OPERATIONS = [(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item]
MEMBERS = {"code", "message", "correlationId", "retryable", "details"}
OTHER_STATUSES = {"VALIDATION_ERROR": {413, 415}}
CLIENTS_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
LIVE = "/health/live"


@pytest.fixture(scope="module")
def edge() -> Edge:
    return Edge()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def port(edge: Edge) -> AsyncIterator[int]:
    async with serving(edge) as (_, found):
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(port: int) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"x-correlation-id": CLIENTS_ID}
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", timeout=30, headers=headers
    ) as each:
        yield each


def faults(answer: httpx.Response, *, arabic: bool = False) -> list[str]:
    """What an answer that is not 2xx lacks."""
    if answer.is_success:
        return []
    if answer.request.method == "HEAD" or answer.status_code == 304:
        return [] if answer.content == b"" else ["a body"]
    try:
        body = answer.json()
    except ValueError:
        return [f"not JSON: {answer.text[:80]}"]
    if set(body) != MEMBERS or body["code"] not in KINDS:
        return [f"not flat: {answer.text[:80]}"]
    kind = KINDS[body["code"]]
    reason = body["details"].get("reason")
    # Who gives a reason says what to do about it.
    words = kind if reason is None else reason_words.words_of(body["code"], reason)
    checks = {
        "status": answer.status_code in {kind.status, *OTHER_STATUSES.get(body["code"], ())},
        "retryable": body["retryable"] is kind.retryable,
        "message": words is not None
        and body["message"] == (words.arabic if arabic else words.english),
        "correlation": body["correlationId"] == answer.headers["x-correlation-id"],
        "type": answer.headers["content-type"] == "application/json",
        "details": isinstance(body["details"], dict),
        "field": body["code"] != "VALIDATION_ERROR" or {"field", "reason"} <= set(body["details"]),
        "retry": answer.status_code not in (429, 503) or int(answer.headers["retry-after"]) > 0,
        "allow": answer.status_code != 405 or bool(answer.headers["allow"]),
        "challenge": answer.status_code != 401 or answer.headers["www-authenticate"] == "Bearer",
        "stored": answer.headers["cache-control"] == "no-store",
    }
    return [name for name, holds in checks.items() if not holds]


def requests(edge: Edge, path: str) -> list[tuple[str, str | None, dict[str, str], bytes]]:
    """Path, method (None: the route's), headers and body by which one operation is refused."""
    admin = {**edge.bearer("admin"), "content-type": "application/json", "idempotency-key": "k"}
    return [
        (path, None, {}, b""),
        (path, None, {"authorization": "Bearer x.y.z"}, b""),
        (path, None, edge.bearer("customer"), b""),
        (path, None, edge.bearer("gate"), b""),
        (path, None, {**admin, "accept": "image/x-none"}, b"{}"),
        (path, None, admin, b"{"),
        (path, None, admin, b'{"x":1}'),
        (path, None, admin, b"x" * 40_000),
        (path, None, {**admin, "content-type": "text/plain"}, b"{}"),
        (path, None, {**admin, "content-encoding": "gzip"}, b"{}"),
        (path, None, {**admin, "cookie": "x" * 17_000}, b""),
        (f"{path}?x=%00", None, admin, b"{}"),
        (f"{path}?limit=0&limit=0", None, admin, b"{}"),
        (f"{path}/", None, admin, b"{}"),
        (path, "PATCH", admin, b"{}"),
        (path, "TRACE", admin, b""),
        (path, "HEAD", {}, b""),
    ]


async def test_every_refusal_of_every_route_is_flat_in_both_languages(
    edge: Edge, client: httpx.AsyncClient
) -> None:
    seen: dict[int, int] = {}
    found = []
    for (method, template), (language, arabic) in (
        (operation, each) for operation in OPERATIONS for each in (("en", False), ("ar-SA", True))
    ):
        path = re.sub(r"\{[^}]+\}", "ABCDEF", template)
        for target, other, headers, content in requests(edge, path):
            answer = await client.request(
                other or method,
                target,
                headers={**headers, "accept-language": language},
                content=content,
            )
            seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
            found += [
                f"{other or method} {target} {answer.status_code}: {each}"
                for each in faults(answer, arabic=arabic)
            ]
    assert found == []
    assert {400, 401, 403, 404, 405, 406, 413, 415, 431, 500} <= seen.keys()


async def test_a_required_parameter_that_is_missing_is_named(
    edge: Edge, client: httpx.AsyncClient
) -> None:
    asked = 0
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            required = [
                each["name"]
                for each in operation.get("parameters", ())
                if each["in"] == "query" and each.get("required")
            ]
            if not required:
                continue
            target = re.sub(r"\{[^}]+\}", "ABCDEF", path)
            answer = await client.request(method, target, headers=edge.bearer("admin"))
            assert faults(answer) == []
            details = answer.json()["details"]
            assert details["field"] in required
            assert details["reason"] == "missing"
            asked += 1
    assert asked >= 4


async def test_every_route_that_is_limited_refuses_in_the_form(edge: Edge) -> None:
    closed = Edge(limits=dict.fromkeys(GENEROUS, Limit(0, 60)))
    limited = 0
    async with (
        serving(closed) as (_, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        for method, template in OPERATIONS:
            path = re.sub(r"\{[^}]+\}", "ABCDEF", template)
            for headers in ({}, closed.bearer("admin")):
                answer = await client.request(method, path, headers=headers)
                assert faults(answer) == [], (method, path)
                limited += answer.status_code == 429
    assert limited > 90


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/nowhere", {}, 404),
        ("GET", "/", {}, 404),
        ("GET", "/schema", {}, 404),
        ("GET", "/docs/nothing", {}, 404),
        ("OPTIONS", "/nowhere", {}, 404),
        ("POST", LIVE, {}, 405),
        ("GET", "/" + "x" * 15_000, {}, 404),
        ("GET", "/" + "x" * 20_000, {}, 431),
        ("GET", f"{LIVE}?{'x=1&' * 8_000}", {}, 431),
        ("GET", LIVE, {"x-long": "x" * 20_000}, 431),
        ("GET", LIVE, {"x-longer": "x" * 60_000}, 431),
        ("GET", "/fail/bug", {}, 500),
        ("GET", "/fail/unavailable", {}, 503),
        ("GET", "/fail/misconfigured", {}, 502),
    ],
)
async def test_what_the_framework_answers_is_flat(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    for language, arabic in (("en", False), ("ar", True)):
        asked = {**headers, "accept-language": language}
        answer = await client.request(method, path, headers=asked)
        assert answer.status_code == status
        if "x-longer" not in headers:  # the parser stops before it has the language
            assert faults(answer, arabic=arabic) == []
        else:
            assert answer.json()["code"] == "HEADERS_TOO_LARGE"


async def test_what_is_known_already_is_304_without_a_body(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/nothing", headers={"if-none-match": "*"})
    assert (answer.status_code, faults(answer)) == (404, [])


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 405),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n", 400),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
    ],
)
async def test_what_the_server_answers_before_the_application_is_flat(
    port: int, sent: bytes, status: int
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(20):
        head, _, body = (await reader.read(65_536)).partition(b"\r\n\r\n")
    writer.close()
    found = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d" % status)
    assert set(found) == MEMBERS
    assert found["correlationId"].encode() in head


@pytest.mark.parametrize("place", ["before", "after"])
async def test_a_bug_around_the_framework_is_flat_too(
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    place: str,
) -> None:
    """Without the one net around everything the server would answer in plain text."""

    def broken(*_: object) -> None:
        raise RuntimeError

    if place == "before":
        monkeypatch.setattr(request_target, "refusal", broken)
    else:
        monkeypatch.setattr(compression, "_remembered", broken)
    answer = await client.get("/schema/openapi.json", headers={"accept-encoding": "gzip"})
    assert answer.status_code == 500
    assert faults(answer) == []
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "RuntimeError" in caplog.text
    assert answer.json()["correlationId"] in caplog.text
