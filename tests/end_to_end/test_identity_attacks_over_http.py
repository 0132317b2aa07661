"""Forged tokens, strangers, roles and guessers at the running server."""

import base64
import hmac
import json
import secrets
import statistics
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from domain.identity import roles
from infrastructure.identity import passwords, tokens
from interfaces.http import app
from tests.end_to_end.test_odd_values_over_http import Description
from tests.end_to_end.test_repeats_over_http import CASES, Case
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

ME = "/api/auth/me"
EVIL = "https://evil.example/keys"
# Cases of the owner whose path names a booking.
OWNERS_CASES = {
    path: step for path, step in CASES.items() if path.startswith("/api/bookings/{booking_id}")
}
BY_STAFF = frozenset({"board", "offload"})


class Forge:
    """Tokens like ours: by default one that is valid, signed with the server's own key."""

    def __init__(self, system: System, token: str) -> None:
        setting = system.environment["AIS_TOKEN_KEY"]
        (self.key,) = tokens.parse_keys(setting).keys
        head, body, _ = token.split(".")
        self.head, self.body = (json.loads(_decoded(each)) for each in (head, body))

    def token(self, head: dict[str, Any] | None = None, body: dict[str, Any] | None = None) -> str:
        """Signed with our key, as a worst case; None removes a member."""
        return jwt.encode(
            _without_none({**self.head, **(head or {})}),
            _without_none({**self.body, "jti": secrets.token_hex(8), **(body or {})}),
            self.key,
        )

    def unsigned(self, algorithm: str) -> str:
        """Without a signature."""
        return f"{_part({**self.head, 'alg': algorithm})}.{_part(self.body)}."

    def by_hmac(self, secret: bytes) -> str:
        """With a symmetric signature; by hand, as no library makes one with a public key."""
        signed = f"{_part({**self.head, 'alg': 'HS256'})}.{_part(self.body)}"
        made = hmac.digest(secret, signed.encode(), "sha256")
        return f"{signed}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"

    def by(self, key: Any, algorithm: str, **head: Any) -> str:
        """Signed with another key."""
        header = _without_none({**self.head, "alg": algorithm, **head})
        return jwt.encode(header, self.body, key, algorithms=[algorithm])


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _part(members: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()


def _forged(forge: Forge, public: dict[str, Any]) -> dict[str, str]:
    evil = ECKey.generate_key("P-256")
    own_public = forge.key.as_dict(private=False)
    evil_public = {**evil.as_dict(private=False), "kid": forge.head["kid"]}
    pem = forge.key.as_pem(private=False)
    now = int(time.time())
    return {
        **{f"alg {each or 'empty'}": forge.unsigned(each) for each in ("none", "None", "")},
        "HS256 with the public key as PEM": forge.by_hmac(pem),
        "HS256 with the public key as JWK": forge.by_hmac(json.dumps(public).encode()),
        "RS256": forge.by(RSAKey.generate_key(2048), "RS256"),
        "ES256 with a key of their own": forge.by(evil, "ES256"),
        "jku": forge.by(evil, "ES256", jku=EVIL),
        "x5u": forge.by(evil, "ES256", x5u=EVIL),
        "embedded jwk": forge.by(evil, "ES256", jwk=evil_public),
        "our own jwk embedded": forge.token({"jwk": own_public}),
        "unknown kid": forge.token({"kid": "unknown"}),
        "no kid": forge.token({"kid": None}),
        "kid that is a path": forge.token({"kid": "../../dev/null"}),
        "typ JWT": forge.token({"typ": "JWT"}),
        "no typ": forge.token({"typ": None}),
        "another audience": forge.token(body={"aud": "another"}),
        "no audience": forge.token(body={"aud": None}),
        "another issuer": forge.token(body={"iss": "https://evil.example"}),
        "no issuer": forge.token(body={"iss": None}),
        "not valid yet": forge.token(body={"nbf": now + 600}),
        "no expiry": forge.token(body={"exp": None}),
        "a week of life": forge.token(body={"exp": now + 7 * 86_400}),
        "no session": forge.token(body={"sid": None}),
        "unknown role": forge.token(body={"role": "root"}),
        "broken signature": forge.token()[:-6] + "AAAAAA",
    }


async def test_a_forged_token_signs_nobody_in(
    client: httpx.AsyncClient, system: System, customer: Customer
) -> None:
    """Fault row 45: each forged, altered or stale token; only the one in our form is taken."""
    forge = Forge(system, customer.headers["Authorization"].removeprefix("Bearer "))
    public = (await client.get("/.well-known/jwks.json")).json()["keys"][0]
    assert KeySet.import_key_set({"keys": [public]}).keys[0].kid == forge.head["kid"]
    good = await client.get(ME, headers={"authorization": f"Bearer {forge.token()}"})
    assert good.status_code == 200
    for name, token in _forged(forge, public).items():
        answer = await client.get(ME, headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json().get("code")) == (401, "UNAUTHORIZED"), name
        assert answer.headers["www-authenticate"] == "Bearer"
    past = int(time.time()) - 1_000
    stale = forge.token(body={"iat": past, "nbf": past, "exp": past + 900})
    answer = await client.get(ME, headers={"authorization": f"Bearer {stale}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_EXPIRED")


async def test_a_huge_token_costs_next_to_nothing(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 46: a header of a megabyte, and as much as the server reads, many times."""
    forge = Forge(system, customer.headers["Authorization"].removeprefix("Bearer "))
    huge = forge.by(ECKey.generate_key("P-256"), "ES256", kid="k" * 1_000_000)
    answer = await client.get(ME, headers={"authorization": f"Bearer {huge}"})
    assert (answer.status_code, answer.json()["code"]) == (431, "HEADERS_TOO_LARGE")
    large = forge.by(ECKey.generate_key("P-256"), "ES256", kid="k" * 8_000)
    stat = Path(f"/proc/{running_system.process(system, 'web').pid}/stat")
    before = _cpu_ticks(stat)
    for _ in range(100):
        answer = await client.get(ME, headers={"authorization": f"Bearer {large}"})
        assert answer.status_code == 401
    # A hundred ticks are a second; each of the requests takes about a millisecond.
    assert _cpu_ticks(stat) - before < 300


def _cpu_ticks(stat: Path) -> int:
    fields = stat.read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@pytest.mark.parametrize("path", OWNERS_CASES, ids=lambda path: path.rpartition("}")[2] or path)
async def test_a_sound_request_for_another_customers_booking_finds_nothing(
    system: System, client: httpx.AsyncClient, customer: Customer, path: str
) -> None:
    """Fault row 50: each change of a booking, and the owner's own request with the owner's key."""
    flight = running_system.schedule(system, seats=20, leaves_in=running_system.TOMORROW)
    booking = (await customer.confirmed([flight]))["id"]
    staff = [await customers.staff(system, client, role) for role in ("support", "gate", "ops")]
    who, target, body = await OWNERS_CASES[path](Case(system, customer, *staff, flight, booking))
    stranger = await customers.register(client)
    subject = target.split("/")[3]
    before = stored_log.tags(system.owner_dsn, subject)
    key = secrets.token_hex(8)
    first = await _sent(stranger, target, body, key)
    expected = 403 if who is not customer else 404
    assert first.status_code == expected, first.text
    assert stored_log.tags(system.owner_dsn, subject) == before
    await who.call("POST", target, body, key=key)
    replayed = await _sent(stranger, target, body, key)
    assert replayed.status_code == expected
    assert "idempotency-replayed" not in replayed.headers


async def _sent(who: Customer, path: str, body: Any, key: str) -> httpx.Response:
    headers = {**who.headers, "Idempotency-Key": key}
    return await who.client.post(path, json=body, headers=headers)


async def test_nothing_that_is_read_of_another_customers_booking_is_found(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 50: every read of the document that names a booking, and every list."""
    booking = (await customer.confirmed([running_system.schedule(system, seats=3)]))["id"]
    stranger = await customers.register(client)
    paths = (await client.get("/schema/openapi.json")).json()["paths"]
    asked = 0
    for path, operations in paths.items():
        if "get" not in operations or not path.startswith("/api/bookings"):
            continue
        target = path.replace("{booking_id}", booking)
        for name in ("passenger", "segment"):
            target = target.replace(f"{{{name}}}", "0")
        target = target.replace("{form}", "png").replace("{document_id}", "INV-2026-000001")
        answer = await client.get(target, headers=stranger.headers)
        if "{booking_id}" in path:
            assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), path
            asked += 1
        else:
            assert booking not in answer.text
    assert asked >= 6
    for reference in (booking, booking.removeprefix("booking-")):
        found = await client.get("/api/bookings", headers=stranger.headers, params={"q": reference})
        assert booking not in found.text


async def test_every_route_is_closed_to_every_role_without_its_permission(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 51: all routes by all roles; also no role of those who only read may write."""
    callers = {"customer": customer}
    for role in ("support", "ops", "gate", "finance", "auditor"):
        callers[role] = await customers.staff(system, client, role)
    refused = 0
    for handler in app.ROUTES:
        admission = handler.opt.get("admission")
        permission = None if admission is None else admission.permission
        if permission is None:
            continue
        (path, *_), method = sorted(handler.paths), next(iter(handler.http_methods))
        # A number has to be one, or there is no such route.
        numbered = ["1" if each.endswith(":int}") else each for each in path.split("/")]
        target = "/".join("x" if each.startswith("{") else each for each in numbered)
        for role, caller in callers.items():
            if roles.may(role, permission):  # type: ignore[arg-type]  # of the table
                continue
            answer = await client.request(method, target, headers=caller.headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN"), (role, path)
            refused += 1
    assert refused > 250
    writes = {"book", "change_any_booking", "override_refund", "reconcile", "close_books"}
    assert not writes & roles.GRANTS["auditor"]


async def test_a_member_that_nobody_offers_is_refused_in_every_body(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 52: status, amounts, owners and rights cannot be set beside what is asked for, on
    every route that needs a token."""
    document = (await client.get("/schema/openapi.json")).json()
    description = Description(document)
    staff = [await customers.staff(system, client, role) for role in ("support", "ops", "finance")]
    gate = await customers.staff(system, client, "gate")
    admin = await customers.fresh_staff(system, client, "admin")
    tried = 0
    for method, path, operation in description.routes():
        body = next(description.odd_bodies(operation), None)
        if not isinstance(body, dict):
            continue
        form = description.whole(operation["requestBody"]["content"]["application/json"]["schema"])
        for name in ("status", "owner", "ownerId", "role", "paid", "refunded", "isAdmin"):
            if name in form.get("properties", {}):
                continue
            target = "/".join("0" if "{" in each else each for each in path.split("/"))
            answers = [
                await client.request(
                    method,
                    target,
                    headers={**who.headers, "Idempotency-Key": secrets.token_hex(8)},
                    json={name: "paid", **body},
                )
                for who in (customer, *staff, gate, admin)
            ]
            taken = [each for each in answers if each.status_code != 403]
            assert taken, (method, path)
            for answer in taken:
                found = answer.json()
                assert answer.status_code == 400, (method, path, name, answer.text)
                assert found["details"] == {"field": name, "reason": "unknown"}, (path, name)
                tried += 1
    assert tried > 200


async def test_guesses_are_limited_and_say_nothing_of_who_has_an_account(
    system: System, client: httpx.AsyncClient
) -> None:
    """Fault row 53: the same answer in about the same time; a megabyte is not hashed."""
    with running_system.other_settings(system, cheap_passwords="false"):
        known = [(await customers.register(client)).email for _ in range(7)]
        unknown = [f"t{secrets.token_hex(6)}@example.com" for _ in range(7)]
        answers = {
            name: [await _wrong_sign_in(client, email) for email in addresses]
            for name, addresses in (("known", known), ("unknown", unknown))
        }
    bodies = {body for found in answers.values() for body, _ in found}
    assert len(bodies) == 1
    assert next(iter(bodies))[0] == 401
    times = {
        name: statistics.median(seconds for _, seconds in found) for name, found in answers.items()
    }
    # A hash takes a hundred milliseconds, an answer without one two.
    assert 0.2 < times["known"] / times["unknown"] < 5
    with psycopg.connect(system.owner_dsn) as connection:
        newest = connection.execute(
            "SELECT password_hash FROM identity.app_user ORDER BY created_at DESC LIMIT 1"
        ).fetchone()
    cost = passwords.PRODUCTION_COST
    assert newest is not None
    assert f"$m={cost.memory_kib},t={cost.time_cost},p={cost.parallelism}$" in newest[0]
    huge = {"email": known[0], "password": "p" * 1_000_000}
    answer = await client.post("/api/auth/mobile-login", json=huge)
    assert (answer.status_code, answer.json()["code"]) == (413, "VALIDATION_ERROR")
    long = {"email": known[0], "password": "p" * 5_000}
    answer = await client.post("/api/auth/mobile-login", json=long)
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, "password")


async def _wrong_sign_in(client: httpx.AsyncClient, email: str) -> tuple[tuple[int, bytes], float]:
    """The answer without its correlation id, and the seconds that it took."""
    began = time.perf_counter()
    account = {"email": email, "password": "not the password"}
    answer = await client.post("/api/auth/mobile-login", json=account)
    took = time.perf_counter() - began
    found = answer.json()
    found.pop("correlationId")
    return (answer.status_code, msgspec.json.encode(found)), took


async def test_guesses_are_counted_by_an_address_that_cannot_be_made_up(system: System) -> None:
    """Fault row 53: the limit of guesses. Fault row 54: the address behind several proxies."""

    async def guess(forwarded: str | None) -> int:
        headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
        account = {"email": "nobody@example.com", "password": "not the password"}
        async with httpx.AsyncClient(base_url=system.base_url, timeout=30) as client:
            answer = await client.post("/api/auth/mobile-login", json=account, headers=headers)
        assert answer.status_code != 429 or int(answer.headers["retry-after"]) > 0
        return answer.status_code

    with running_system.other_settings(system, limit_authentication="2"):
        made_up = [await guess(f"198.51.100.{number}") for number in range(4)]
        assert made_up == [401, 401, 429, 429]
        assert await guess("127.0.0.1") == 429
    trusting = {"limit_authentication": "1", "trusted_proxies": "127.0.0.0/8,10.0.0.0/8"}
    with running_system.other_settings(system, **trusting):
        assert await guess("203.0.113.1") == 401
        # What a client writes is to the left of what our proxies saw.
        assert await guess("198.51.100.7, 203.0.113.1") == 429
        assert await guess("198.51.100.8, 203.0.113.1, 10.1.2.3") == 429
        assert await guess("10.9.9.9, 203.0.113.1, 10.1.2.3, 10.1.2.4") == 429
        assert await guess("203.0.113.2, 10.1.2.3") == 401
        assert await guess("nonsense, 203.0.113.2") == 429
