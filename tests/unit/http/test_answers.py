"""What every answer has in common: correlation id, flat errors, languages, security headers."""

import json
import logging
import re
from typing import Any

import pytest

from application.rate_limit import Limit
from domain.kernel.rejections import Rejection
from interfaces.http import problem_kinds, reason_words
from interfaces.http.security_headers import SECURITY_HEADERS
from tests.support.http_client import GENEROUS, Edge

CLIENTS_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
FLAT = {"code", "message", "correlationId", "retryable", "details"}


@pytest.fixture
def edge() -> Edge:
    return Edge()


async def asked(edge: Edge, method: str, path: str, **headers: str) -> Any:
    async with edge.client() as client:
        return await client.request(method, path, headers=headers)


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "retryable"),
    [
        ("GET", "/nowhere", 404, "NOT_FOUND", False),
        ("GET", "/api/auth/", 404, "NOT_FOUND", False),
        ("GET", "/%00", 404, "NOT_FOUND", False),
        ("GET", "/../../etc/passwd", 404, "NOT_FOUND", False),
        ("DELETE", "/api/auth/register", 405, "METHOD_NOT_ALLOWED", False),
        ("HEAD", "/api/auth/register", 405, "METHOD_NOT_ALLOWED", False),
        ("GET", "/api/auth/me", 401, "UNAUTHORIZED", False),
        ("GET", "/fail/bug", 500, "INTERNAL_ERROR", False),
        ("GET", "/fail/unavailable", 503, "SERVICE_UNAVAILABLE", True),
        ("GET", "/fail/misconfigured", 502, "PROVIDER_ERROR", True),
        ("GET", "/fail/archived", 410, "ARCHIVED", False),
        ("GET", "/fail/%00", 404, "NOT_FOUND", False),
        ("GET", "/counted?note=%00", 400, "VALIDATION_ERROR", False),
        ("GET", "/counted?limit=0", 400, "VALIDATION_ERROR", False),
        ("GET", "/counted?limit=-1", 400, "VALIDATION_ERROR", False),
        ("GET", "/counted?limit=1000000000", 400, "VALIDATION_ERROR", False),
        ("GET", "/counted?limit=ten", 400, "VALIDATION_ERROR", False),
    ],
)
async def test_every_failure_is_the_flat_object(
    edge: Edge, method: str, path: str, status: int, code: str, retryable: bool
) -> None:
    """Fault row 42: a page size of 0, below it, or far too large."""
    answer = await asked(edge, method, path, **{"x-correlation-id": CLIENTS_ID})
    assert answer.status_code == status
    assert answer.headers["x-correlation-id"] == CLIENTS_ID
    if method == "HEAD":
        return
    body = answer.json()
    assert set(body) == FLAT
    assert (body["code"], body["retryable"], body["correlationId"]) == (
        code,
        retryable,
        CLIENTS_ID,
    )
    reason = str(body["details"].get("reason", ""))
    words = reason_words.words_of(code, reason) or problem_kinds.KINDS[code]
    assert body["message"] == words.english


async def test_a_query_parameter_out_of_bounds_is_named(edge: Edge) -> None:
    answer = await asked(edge, "GET", "/counted?limit=0")
    assert answer.json()["details"]["field"] == "limit"


async def test_what_helps_the_client_is_in_headers(edge: Edge) -> None:
    assert (await asked(edge, "GET", "/fail/unavailable")).headers["retry-after"] == "3"
    assert (await asked(edge, "GET", "/api/auth/me")).headers["www-authenticate"] == "Bearer"
    assert "POST" in (await asked(edge, "PUT", "/api/auth/register")).headers["allow"]


async def test_a_bug_shows_nothing_of_itself_to_the_client_or_the_log(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="ais.http"):
        answer = await asked(edge, "GET", "/fail/bug", **{"x-correlation-id": CLIENTS_ID})
    assert "somebody@example.com" not in answer.text + caplog.text
    assert CLIENTS_ID in caplog.text
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize(
    ("wanted", "arabic"),
    [
        ("ar", True),
        ("ar-SA,en;q=0.5", True),
        ("en,ar;q=0.9", False),
        ("en;q=0.2, ar;q=0.3", True),
        ("AR", True),
        ("fr", False),
        ("ar;q=0", False),
        ("ar;q=rubbish", False),
        ("", False),
        ("," * 5000, False),
    ],
)
async def test_the_message_is_in_the_language_asked_for(
    edge: Edge, wanted: str, arabic: bool
) -> None:
    body = (await asked(edge, "GET", "/nowhere", **{"accept-language": wanted})).json()
    kind = problem_kinds.KINDS["NOT_FOUND"]
    assert body["message"] == (kind.arabic if arabic else kind.english)


@pytest.mark.parametrize(
    "sound", [CLIENTS_ID, CLIENTS_ID.upper(), "4bf92f3577b34da6a3ce929d0e0e4736", "0a" * 11]
)
async def test_a_sound_correlation_id_is_kept(edge: Edge, sound: str) -> None:
    answer = await asked(edge, "GET", "/health/live", **{"x-correlation-id": sound})
    assert (answer.status_code, answer.headers["x-correlation-id"]) == (200, sound)


@pytest.mark.parametrize(
    "unsound",
    [
        b"",
        b"0a" * 33,
        b"a b",
        b"\xd8\xa7",
        CLIENTS_ID.encode() + b"\n",
        b"noura.al-harbi",
        b"Noura_Al-Harbi_1985-02",
        b"+966501234567",
        b"4242424242424242",
        b"4242424242424242" * 2,
        b"{" + CLIENTS_ID.encode() + b"}",
    ],
)
async def test_a_correlation_id_that_could_name_a_person_is_replaced(
    edge: Edge, unsound: bytes
) -> None:
    headers = [(b"x-correlation-id", unsound)]
    first = (await edge.exchange("GET", "/nowhere", headers, [b""]))[1][b"x-correlation-id"]
    second = (await edge.exchange("GET", "/nowhere", headers, [b""]))[1][b"x-correlation-id"]
    assert first != second
    assert len(first) == 22


async def test_security_headers_stand_on_answers_of_every_kind(edge: Edge) -> None:
    for path in ("/health/live", "/nowhere", "/fail/bug", "/api/auth/me"):
        answer = await asked(edge, "GET", path)
        for name, value in SECURITY_HEADERS:
            assert answer.headers.get_list(name.decode()) == [value.decode()]


async def test_a_key_that_stripe_refuses_is_an_alarm_for_the_operator(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("CRITICAL", logger="ais.http"):
        await asked(edge, "GET", "/fail/misconfigured", **{"x-correlation-id": CLIENTS_ID})
    (alarm,) = caplog.records
    assert CLIENTS_ID in alarm.getMessage()
    assert "status 401" in alarm.getMessage()


async def test_oversize_headers_are_refused(edge: Edge) -> None:
    for headers in (
        [(b"cookie", b"x" * 17_000)],
        [(b"accept", b"x" * 1000)] * 17,
    ):
        status, _, body = await edge.exchange("GET", "/api/auth/me", headers, [b""])
        assert (status, json.loads(body)["code"]) == (431, "HEADERS_TOO_LARGE")


async def test_a_header_that_counts_may_stand_once_only(edge: Edge) -> None:
    good = edge.bearer()["authorization"].encode()
    for name in (b"authorization", b"idempotency-key", b"content-type", b"host"):
        headers = [(name, good), (b"accept", b"*/*"), (name, b"other")]
        status, _, body = await edge.exchange("GET", "/api/auth/me", headers, [b""])
        assert (status, json.loads(body)["details"]["field"]) == (400, name.decode())


async def test_a_host_that_is_none_is_refused(edge: Edge) -> None:
    headers = [(b"host", b"evil.example/<script>")]
    status, _, body = await edge.exchange("GET", "/health/live", headers, [b""])
    assert (status, json.loads(body)["code"]) == (400, "VALIDATION_ERROR")


async def test_harmless_headers_may_be_repeated(edge: Edge) -> None:
    headers = [(b"cookie", b"a=1"), (b"cookie", b"b=2")]
    assert (await edge.exchange("GET", "/health/live", headers, [b""]))[0] == 200


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("*/*", 200),
        ("application/*", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("text/html, application/json;q=0.1", 200),
        ("text/html", 406),
        ("application/json;q=0, */*", 406),
        ("image/png, text/*", 406),
    ],
)
async def test_json_is_given_to_those_who_take_it(edge: Edge, accept: str, status: int) -> None:
    answer = await asked(edge, "GET", "/api/auth/me", **edge.bearer(), accept=accept)
    assert answer.status_code == status
    if status == 406:
        assert answer.json()["code"] == "NOT_ACCEPTABLE"


def test_the_table_covers_the_contract_and_every_rejection() -> None:
    known = {name: (kind.status, kind.retryable) for name, kind in problem_kinds.KINDS.items()}
    assert known["PAYMENT_FAILED"] == (402, True)
    assert known["IDEMPOTENCY_CONFLICT"] == (422, False)
    assert known["BOOKING_CONFLICT"] == (409, True)
    assert len(known) == 26
    for rejection in Rejection.__subclasses__():
        assert rejection.code in known, rejection
    for kind in problem_kinds.KINDS.values():
        assert kind.english
        assert any("\u0600" <= symbol <= "\u06ff" for symbol in kind.arabic)


async def test_health_reports_what_is_down_and_fails_without_the_database(edge: Edge) -> None:
    assert (await asked(edge, "GET", "/health/ready")).json()["status"] == "ready"
    edge.ready["redis"] = "down"
    slower = await asked(edge, "GET", "/health/ready")
    assert slower.status_code == 200
    assert slower.json()["components"] == {"database": "up", "redis": "down"}
    assert slower.json()["status"] == "degraded"
    edge.ready["database"] = "down"
    down = await asked(edge, "GET", "/health/ready")
    assert (down.status_code, down.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert down.json()["details"]["database"] == "down"
    assert down.headers["retry-after"] == "2"
    assert (await asked(edge, "GET", "/health/live")).status_code == 200


@pytest.mark.parametrize("state", ["stopped", "stalled", "parked", "missing"])
async def test_health_is_degraded_by_a_read_model_that_cannot_be_relied_on(
    edge: Edge, state: str
) -> None:
    edge.ready["ledger_journal"] = state
    answer = await asked(edge, "GET", "/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["components"]["ledger_journal"] == state


async def test_health_is_never_limited() -> None:
    edge = Edge(limits={**GENEROUS, "anonymous": Limit(1, 60)})
    for _ in range(5):
        assert (await asked(edge, "GET", "/health/live")).status_code == 200


async def test_the_documentation_page_asks_nobody_else(edge: Edge) -> None:
    page = await asked(edge, "GET", "/docs")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers.get_list("content-security-policy")
    assert len(policy) == 1
    assert "default-src 'none'" in policy[0]
    for path in ("/docs", "/docs/page.js"):
        part = await asked(edge, "GET", path)
        assert part.status_code == 200
        assert "://" not in part.text
        assert "<script>" not in part.text
    for source in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert (await asked(edge, "GET", source)).status_code == 200
    # Whatever the viewer names, the browser asks our server alone, and runs no text of a document.
    allowed = dict(each.strip().split(" ", 1) for each in policy[0].split(";"))
    assert allowed["connect-src"] == allowed["script-src"] == allowed["style-src"] == "'self'"
    viewer = await asked(edge, "GET", "/docs/swagger-ui-bundle.js")
    assert "SwaggerUIBundle" in viewer.text


async def test_the_openapi_document_contains_bodies_errors_and_security(edge: Edge) -> None:
    document = (await asked(edge, "GET", "/schema/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    probe = document["paths"]["/probe"]["post"]
    assert probe["security"] == [
        {"bearer": []},
        {"cookie": [], "csrfToken": []},
        {"oauth": ["bookings:write"]},
    ]
    assert {"201", "400", "401", "403", "429", "503"} <= set(probe["responses"])
    name = probe["responses"]["400"]["$ref"].rpartition("/")[2]
    refused = document["components"]["responses"][name]
    reference = refused["content"]["application/json"]["schema"]["$ref"]
    schema = document["components"]["schemas"][reference.rpartition("/")[2]]
    assert set(schema["properties"]) == FLAT
    assert "application/json" in probe["requestBody"]["content"]
    assert "/docs" not in document["paths"]
