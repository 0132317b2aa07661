"""Passwords over HTTP: what the answers reveal, and what limits them."""

import logging
import statistics
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.identity.test_passwords import send_letters
from tests.support import account_edge
from tests.support import identity as identities
from tests.support.identity import Identity
from tests.support.servers import TestDatabase

ACCOUNT = {"email": "layla@example.com", "password": "correct horse battery"}
OTHER = "seven dunes at dawn"


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        await each.register(ACCOUNT["email"], ACCOUNT["password"])
        yield each


async def bearer(client: Any, password: str = ACCOUNT["password"]) -> dict[str, str]:
    body = {**ACCOUNT, "password": password}
    answer = await client.post("/api/auth/mobile-login", json=body)
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['accessToken']}"}


async def test_a_lost_password_is_reset_by_the_mailed_link(
    identity: Identity, database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with account_edge.client_of(identity) as client:
        old = await bearer(client)
        asked = await client.post(
            "/api/auth/password-reset",
            json={"email": "Layla@Example.com"},
            headers={"accept-language": "ar, en;q=0.5"},
        )
        assert (asked.status_code, asked.json()) == (202, {"email": "Layla@example.com"})
        await send_letters(identity, database)
        assert identity.mailbox.letters[-1].subject == "اختر كلمة مرور جديدة"
        token = identity.mailbox.token()
        path = "/api/auth/password-reset/confirm"
        body = {"token": token, "newPassword": OTHER}
        done = await client.post(path, json=body)
        assert (done.status_code, done.json()) == (200, {"ended": 1})
        again = await client.post(path, json=body)
        assert (again.status_code, again.json()["code"]) == (400, "VALIDATION_ERROR")
        assert again.json()["details"] == {"field": "token", "reason": "not_valid"}
        over = await client.get("/api/auth/me", headers=old)
        assert (over.status_code, over.json()["details"]) == (401, {"reason": "session_ended"})
        await bearer(client, OTHER)
    written = caplog.text + str([vars(each) for each in caplog.records])
    for secret in (token, OTHER, ACCOUNT["email"], ACCOUNT["password"]):
        assert secret not in written


async def test_nobody_learns_who_has_an_account(identity: Identity) -> None:
    """Fault row 53: the answer is the same for a known and an unknown address, and its time."""

    async def ask(client: Any, email: str) -> tuple[int, set[str], float]:
        began = time.perf_counter()
        answer = await client.post("/api/auth/password-reset", json={"email": email})
        assert answer.json() == {"email": email}
        return answer.status_code, set(answer.headers), time.perf_counter() - began

    async with account_edge.client_of(identity) as client:
        known, unknown = [], []
        for number in range(15):
            known.append(await ask(client, ACCOUNT["email"]))
            unknown.append(await ask(client, f"nobody{number}@example.com"))
    assert {each[:1] for each in known} == {each[:1] for each in unknown} == {(202,)}
    assert known[0][1] == unknown[0][1]
    medians = [statistics.median(each[2] for each in some) for some in (known, unknown)]
    # One statement and one commit each; a hash of a password would take ten times that.
    assert max(medians) - min(medians) < 0.02


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/auth/password-reset", {"email": "nobody@example.com"}),
        ("/api/auth/password-reset/confirm", {"token": "x", "newPassword": OTHER}),
    ],
)
async def test_requests_and_guesses_are_limited_by_address(
    identity: Identity, path: str, body: dict[str, str]
) -> None:
    """Fault row 53: guessed tokens and flooded mailboxes meet the limit of sign-ins."""
    async with account_edge.client_of(identity, authentication=5) as client:
        statuses = [(await client.post(path, json=body)).status_code for _ in range(6)]
    assert statuses in ([202] * 5 + [429], [400] * 5 + [429])


async def test_a_password_is_changed_and_other_devices_are_signed_out(identity: Identity) -> None:
    path = "/api/auth/password"
    body = {"currentPassword": ACCOUNT["password"], "newPassword": OTHER}
    async with account_edge.client_of(identity) as client:
        other, own = await bearer(client), await bearer(client)
        assert (await client.post(path, json=body)).status_code == 401
        wrong = {**body, "currentPassword": "wrong password"}
        refused = await client.post(path, json=wrong, headers=own)
        assert (refused.status_code, refused.json()["details"]) == (
            400,
            {"field": "currentPassword", "reason": "wrong"},
        )
        done = await client.post(path, json=body, headers=own)
        assert (done.status_code, done.json()) == (200, {"ended": 1})
        assert (await client.get("/api/auth/me", headers=own)).status_code == 200
        assert (await client.get("/api/auth/me", headers=other)).status_code == 401
        await bearer(client, OTHER)
