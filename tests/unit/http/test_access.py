"""Who may use a route, which command a request is, and how often a client may ask."""

import json
from collections import Counter
from typing import Any

import pytest

from application.rate_limit import Limit
from interfaces.http import app
from tests.support.http_client import GENEROUS, Edge

GOOD: dict[str, Any] = {"travellers": [{"firstName": "Layla", "amount": 50}]}
REGISTRATION = {"email": "Layla@Example.com", "password": "correct horse battery"}


@pytest.fixture
def edge() -> Edge:
    return Edge()


async def probed(edge: Edge, body: dict[str, Any], **headers: str) -> Any:
    async with edge.client() as client:
        return await client.post("/probe", json=body, headers={**edge.bearer(), **headers})


async def me(edge: Edge, authorization: str) -> Any:
    async with edge.client() as client:
        return await client.get("/api/auth/me", headers={"authorization": authorization})


async def test_a_registered_user_signs_in_and_is_known_by_the_token(edge: Edge) -> None:
    async with edge.client() as client:
        registered = await client.post("/api/auth/register", json=REGISTRATION)
        assert (registered.status_code, registered.json()) == (201, {"email": "Layla@example.com"})
        answer = await client.post(
            "/api/auth/mobile-login",
            json={**REGISTRATION, "email": " Layla@EXAMPLE.com"},
        )
        assert answer.status_code == 200
        assert set(answer.json()) == {"accessToken", "refreshToken", "expiresIn"}
        assert answer.json()["expiresIn"] == 900
        whoami = await client.get(
            "/api/auth/me", headers={"authorization": f"Bearer {answer.json()['accessToken']}"}
        )
    assert whoami.json() == {
        "id": "usr_Layla@example.com",
        "role": "customer",
        "state": "active",
        "nextSteps": [],
    }


async def test_registering_a_known_address_is_answered_alike_and_changes_nothing(
    edge: Edge,
) -> None:
    async with edge.client() as client:
        first = await client.post("/api/auth/register", json=REGISTRATION)
        again = await client.post(
            "/api/auth/register", json={**REGISTRATION, "password": "taken over by me"}
        )
        assert (first.status_code, first.content) == (again.status_code, again.content)
        answer = await client.post("/api/auth/mobile-login", json=REGISTRATION)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"email": "nobody@example.com"},
        {"email": "not an address"},
        {"password": "wrong password"},
    ],
)
async def test_all_wrong_credentials_get_one_answer(edge: Edge, change: dict[str, str]) -> None:
    async with edge.client() as client:
        await client.post("/api/auth/register", json=REGISTRATION)
        answer = await client.post("/api/auth/mobile-login", json={**REGISTRATION, **change})
    body = answer.json()
    assert (answer.status_code, body["code"], body["details"]) == (401, "UNAUTHORIZED", {})


@pytest.mark.parametrize(
    "change",
    [
        {"email": "not an address"},
        {"email": "a@b"},
        {"email": "x" * 250 + "@example.com"},
        {"email": "a\n@example.com"},
        {"password": "p" * 30_000},
        {"password": ""},
        {"role": "admin"},
        {"id": "usr_other"},
    ],
)
async def test_a_registration_that_is_not_one_is_refused(
    edge: Edge, change: dict[str, str]
) -> None:
    async with edge.client() as client:
        answer = await client.post("/api/auth/register", json={**REGISTRATION, **change})
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_a_megabyte_of_password_is_refused_before_it_is_read(edge: Edge) -> None:
    async with edge.client() as client:
        answer = await client.post(
            "/api/auth/mobile-login", json={**REGISTRATION, "password": "p" * 1_000_000}
        )
    assert (answer.status_code, answer.json()["code"]) == (413, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer ", "Basic dTpw", "Bearer x.y.z", "bearer  a", "x" * 9000]
)
async def test_a_wrong_authorization_is_refused(edge: Edge, authorization: str) -> None:
    answer = await me(edge, authorization)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")


async def test_a_token_with_a_megabyte_of_header_is_refused(edge: Edge) -> None:
    answer = await me(edge, "Bearer " + "e" * 1_000_000)
    assert answer.status_code == 431


async def test_the_scheme_is_taken_in_any_case(edge: Edge) -> None:
    token = edge.bearer()["authorization"].removeprefix("Bearer ")
    assert (await me(edge, f"bEARER {token}")).status_code == 200


@pytest.mark.parametrize("forged", ["x.y.z", "", "e" * 2000])
async def test_a_forged_token_leaves_a_security_event(edge: Edge, forged: str) -> None:
    await me(edge, f"Bearer {forged}")
    assert edge.security.noted == [("token_refused", None, "GET /api/auth/me")]


async def test_who_offers_no_token_or_an_old_one_leaves_none(edge: Edge) -> None:
    bearer = edge.bearer()["authorization"]
    edge.time.now += 900
    await me(edge, bearer)
    async with edge.client() as client:
        await client.get("/api/auth/me")
    assert edge.security.noted == []


async def test_a_role_without_the_permission_leaves_a_security_event(edge: Edge) -> None:
    async with edge.client() as client:
        await client.post("/probe/x/ledger", headers=edge.bearer("customer", "usr_two"))
    assert edge.security.noted == [("permission_refused", "usr_two", "POST /probe/{name}/ledger")]


async def test_a_device_is_known_by_a_cookie_that_scripts_and_other_sites_cannot_use(
    edge: Edge,
) -> None:
    async with edge.client() as client:
        await client.post("/api/auth/register", json=REGISTRATION)
        answer = await client.post("/api/auth/mobile-login", json=REGISTRATION)
    name, *terms = answer.headers["set-cookie"].split("; ")
    assert name == "ais_device=device"
    assert {"HttpOnly", "SameSite=Strict", "Secure", "Path=/api/auth"} <= set(terms)


async def test_an_expired_token_is_distinguished(edge: Edge) -> None:
    bearer = edge.bearer()["authorization"]
    assert (await me(edge, bearer)).status_code == 200
    edge.time.now += 900
    answer = await me(edge, bearer)
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_EXPIRED")


async def test_a_role_without_the_permission_is_refused(edge: Edge) -> None:
    async with edge.client() as client:
        for role, status in (("customer", 403), ("finance", 201), ("auditor", 201)):
            answer = await client.post("/probe/x/ledger", headers=edge.bearer(role))
            assert answer.status_code == status
        auditor = {**edge.bearer("auditor"), "idempotency-key": "k"}
        answer = await client.post("/probe", json=GOOD, headers=auditor)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    "key", ["k", "x" * 255, "!#$%&'*+-./^_`|~", '"quoted"', "8e03978e-40d5-43dd-bc93-6894a57f9324"]
)
async def test_a_key_of_visible_characters_is_accepted(edge: Edge, key: str) -> None:
    assert (await probed(edge, GOOD, **{"idempotency-key": key})).status_code == 201


@pytest.mark.parametrize("key", ["", '""', " ", "x" * 256, "a b", "a\tb", "a\x7fb", '"a b"'])
async def test_a_key_of_another_form_is_refused(edge: Edge, key: str) -> None:
    answer = await probed(edge, GOOD, **{"idempotency-key": key})
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, "Idempotency-Key")


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a b", "a\u0007", "\u0645", 7])
async def test_a_key_of_another_form_in_the_body_is_refused(edge: Edge, key: object) -> None:
    answer = await probed(edge, {**GOOD, "idempotencyKey": key})
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, "idempotencyKey")


async def test_a_missing_key_is_refused_where_it_is_required(edge: Edge) -> None:
    answer = await probed(edge, GOOD)
    assert answer.status_code == 400
    assert answer.json()["details"] == {"field": "Idempotency-Key", "reason": "missing"}


async def test_where_a_key_is_optional_each_request_without_one_is_a_command(edge: Edge) -> None:
    async with edge.client() as client:
        finance = edge.bearer("finance")
        answers = [
            (await client.post("/probe/x/ledger", headers={**finance, **key})).json()["commandId"]
            for key in ({}, {}, {"idempotency-key": "k"}, {"idempotency-key": "k"})
        ]
    assert len(set(answers)) == 3
    assert answers[2] == answers[3]


async def test_header_and_body_name_the_same_command(edge: Edge) -> None:
    bare = (await probed(edge, GOOD, **{"idempotency-key": "k-1"})).json()
    quoted = (await probed(edge, GOOD, **{"idempotency-key": '"k-1"'})).json()
    body = (await probed(edge, {**GOOD, "idempotencyKey": "k-1"})).json()
    both = await probed(edge, {**GOOD, "idempotencyKey": "k-1"}, **{"idempotency-key": "k-1"})
    assert bare == quoted == body == both.json()


async def test_a_key_in_the_body_that_differs_from_the_header_is_refused(edge: Edge) -> None:
    answer = await probed(edge, {**GOOD, "idempotencyKey": "k-2"}, **{"idempotency-key": "k-1"})
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, "idempotencyKey")


async def test_the_fingerprint_follows_the_meaning_of_the_body(edge: Edge) -> None:
    async def fingerprint(content: str) -> str:
        async with edge.client() as client:
            headers = {**edge.bearer(), "idempotency-key": "k", "content-type": "application/json"}
            answer = await client.post("/probe", content=content.encode(), headers=headers)
            return str(answer.json()["fingerprint"])

    plain = await fingerprint(json.dumps(GOOD))
    same = '{"note":"", "travellers": [ {"amount":50,"firstName":"\\u004cayla"} ] }'
    assert await fingerprint(same) == plain
    deeper = {"travellers": [{"firstName": "Layla", "amount": 51}]}
    assert await fingerprint(json.dumps(deeper)) != plain


async def test_another_users_key_is_another_command(edge: Edge) -> None:
    first = (await probed(edge, GOOD, **{"idempotency-key": "k"})).json()
    other = edge.bearer("customer", "usr_two")
    second = (await probed(edge, GOOD, **{**other, "idempotency-key": "k"})).json()
    assert first["commandId"] != second["commandId"]


async def test_the_sixth_attempt_to_sign_in_is_limited_until_the_window_closes() -> None:
    edge = Edge(limits={**GENEROUS, "authentication": Limit(5, 900)})
    async with edge.client() as client:
        for _ in range(5):
            assert (
                await client.post("/api/auth/mobile-login", json=REGISTRATION)
            ).status_code == 401
        limited = await client.post("/api/auth/mobile-login", json=REGISTRATION)
        assert (limited.status_code, limited.json()["code"]) == (429, "RATE_LIMITED")
        assert limited.json()["retryable"] is True
        assert limited.headers["retry-after"] == "900"
        edge.time.now += 900
        assert (await client.post("/api/auth/mobile-login", json=REGISTRATION)).status_code == 401


async def test_a_limit_that_is_reached_leaves_one_security_event_for_each_window() -> None:
    edge = Edge(limits={**GENEROUS, "authentication": Limit(2, 60), "booking": Limit(1, 60)})
    async with edge.client() as client:
        for _ in range(2):
            for _ in range(20):
                await client.post("/api/auth/mobile-login", json=REGISTRATION)
                await client.post("/probe", json=GOOD, headers=edge.bearer())
            edge.time.now += 61
    route = "POST /api/auth/mobile-login"
    reached = [each for each in edge.security.noted if each[0] == "limit_reached"]
    by_account = ("limit_reached", "usr_one", "POST /probe")
    assert Counter(reached) == {("limit_reached", None, route): 2, by_account: 2}


async def test_a_user_is_limited_whatever_the_token_and_address() -> None:
    edge = Edge(limits={**GENEROUS, "booking": Limit(2, 60)})
    key = {"idempotency-key": "k"}
    for _ in range(2):
        assert (await probed(edge, GOOD, **key)).status_code == 201
    assert (await probed(edge, GOOD, **key)).status_code == 429
    other = edge.bearer("customer", "usr_two")
    assert (await probed(edge, GOOD, **{**other, **key})).status_code == 201


async def test_wrong_tokens_are_counted_by_address() -> None:
    edge = Edge(limits={**GENEROUS, "anonymous": Limit(3, 60)})
    statuses = [(await me(edge, f"Bearer {number}")).status_code for number in range(5)]
    assert statuses == [401, 401, 401, 429, 429]


async def login_from(edge: Edge, peer: bytes | None, forwarded: bytes | None) -> int:
    headers = [(b"content-type", b"application/json")]
    if forwarded is not None:
        headers.append((b"x-forwarded-for", forwarded))
    body = json.dumps(REGISTRATION).encode()
    return (await edge.exchange("POST", "/api/auth/mobile-login", headers, [body]))[0]


async def test_a_forged_forwarded_address_does_not_evade_the_limit() -> None:
    edge = Edge(limits={**GENEROUS, "authentication": Limit(2, 60)})
    statuses = [await login_from(edge, None, b"198.51.100.%d" % number) for number in range(4)]
    assert statuses == [401, 401, 429, 429]


async def test_clients_behind_our_proxy_are_distinguished_by_the_address_it_saw() -> None:
    edge = Edge(limits={**GENEROUS, "authentication": Limit(1, 60)}, trusted=("192.0.2.0/24",))
    assert await login_from(edge, None, b"198.51.100.1") == 401
    assert await login_from(edge, None, b"198.51.100.2") == 401
    assert await login_from(edge, None, b"203.0.113.9, 198.51.100.2") == 429


def test_every_route_declares_who_may_use_it() -> None:
    for handler in app.ROUTES:
        paths = [path for path in handler.paths if path.startswith(("/api/", "/.well-known/"))]
        if paths and not any(path.startswith("/api/webhooks/") for path in paths):
            assert handler.before_request is not None, paths


async def test_what_an_auditor_asks_is_recorded_before_it_is_answered(edge: Edge) -> None:
    async with edge.client() as client:
        asked = await client.post("/probe/books/ledger?x=1", headers=edge.bearer("auditor"))
        assert asked.status_code == 201
        await client.post("/probe/books/ledger", headers=edge.bearer("finance"))
        edge.questions.away = True
        unanswered = await client.post("/probe/books/ledger", headers=edge.bearer("auditor"))
        others = await client.post("/probe/books/ledger", headers=edge.bearer("finance"))
    assert edge.questions.asked == [
        ("auditor:usr_one", "audit.asked", "POST /probe/books/ledger"),
    ]
    assert unanswered.status_code == 503
    assert others.status_code == 201
