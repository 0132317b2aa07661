"""Sessions of apps and browsers on the whole system: refresh, theft, sign-out, changed rights."""

import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest

from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.running_system import System

APP = {"user-agent": "AirlineApp/7.1 (Noura's phone)"}
CSRF_HEADER = "X-CSRF-Token"


@pytest.fixture
async def browser(system: System) -> AsyncIterator[httpx.AsyncClient]:
    """A client that keeps cookies of its own."""
    async with httpx.AsyncClient(verify=False, base_url=system.base_url, timeout=30) as found:
        yield found


def account_of(customer: Customer) -> dict[str, str]:
    return {"email": customer.email, "password": customers.PASSWORD}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def app_tokens(client: httpx.AsyncClient, customer: Customer) -> dict[str, str]:
    answer = await client.post("/api/auth/mobile-login", json=account_of(customer), headers=APP)
    assert answer.json()["expiresIn"] == 900
    tokens: dict[str, str] = answer.json()
    return tokens


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/api/auth/refresh", headers=bearer(token))


async def status_of(client: httpx.AsyncClient, tokens: dict[str, str]) -> int:
    return (await client.get("/api/auth/me", headers=bearer(tokens["accessToken"]))).status_code


def recorded(system: System, session: str) -> list[tuple[str, str | None]]:
    with psycopg.connect(system.owner_dsn) as connection:
        rows = connection.execute(
            "SELECT happened, reason FROM identity.auth_event WHERE session = %s ORDER BY id",
            (session,),
        )
        return [(row[0], row[1]) for row in rows]


async def test_a_stolen_refresh_token_signs_thief_and_owner_out(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 47: the owner and the thief have both used one token."""
    first = await app_tokens(client, customer)
    second = (await refresh(client, first["refreshToken"])).json()
    third = (await refresh(client, second["refreshToken"])).json()
    assert await status_of(client, third) == 200
    thief = await refresh(client, first["refreshToken"])
    assert (thief.status_code, thief.json()["code"]) == (401, "UNAUTHORIZED")
    assert (await refresh(client, third["refreshToken"])).status_code == 401
    # Access tokens that would be valid for a quarter of an hour.
    assert [await status_of(client, each) for each in (first, second, third)] == [401] * 3
    session = first["refreshToken"].removeprefix("rt_").partition(".")[0]
    assert recorded(system, session) == [("session_ended", "reuse"), ("reuse_detected", None)]
    # Another session of the same user goes on.
    assert (await client.get("/api/auth/me", headers=customer.headers)).status_code == 200


async def test_a_repeated_refresh_gets_the_same_successor(
    client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 48: the first answer was lost."""
    first = await app_tokens(client, customer)
    answers = [(await refresh(client, first["refreshToken"])).json() for _ in range(3)]
    assert len({each["refreshToken"] for each in answers}) == 1
    assert await status_of(client, answers[0]) == 200
    assert (await refresh(client, answers[0]["refreshToken"])).status_code == 200


async def test_nothing_of_a_session_works_after_the_sign_out(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 49: refresh after the sign-out; the access token ends as well."""
    tokens = await app_tokens(client, customer)
    answer = await client.post("/api/auth/logout", headers=bearer(tokens["accessToken"]))
    assert answer.json() == {"ended": 1}
    assert await status_of(client, tokens) == 401
    assert (await refresh(client, tokens["refreshToken"])).status_code == 401
    session = tokens["refreshToken"].removeprefix("rt_").partition(".")[0]
    assert recorded(system, session) == [("session_ended", "signed_out")]


async def test_a_browser_books_with_cookies_and_the_csrf_token(
    system: System, browser: httpx.AsyncClient, customer: Customer
) -> None:
    signed_in = await browser.post("/api/auth/login", json=account_of(customer))
    csrf = {CSRF_HEADER: signed_in.json()["csrfToken"]}
    assert csrf[CSRF_HEADER] == browser.cookies["ais_csrf"]
    body = customers.booking_body(running_system.schedule(system, seats=3))
    key = {"Idempotency-Key": secrets.token_hex(8)}
    forged = await browser.post("/api/bookings", json=body, headers=key)
    assert (forged.status_code, forged.json()["code"]) == (403, "FORBIDDEN")
    made = await browser.post("/api/bookings", json=body, headers={**key, **csrf})
    assert made.status_code == 201
    assert (await browser.get(f"/api/bookings/{made.json()['id']}")).status_code == 200
    before = browser.cookies["ais_refresh"]
    assert (await browser.post("/api/auth/refresh")).status_code == 403
    assert (await browser.post("/api/auth/refresh", headers=csrf)).status_code == 200
    assert browser.cookies["ais_refresh"] != before
    assert (await browser.get("/api/auth/me")).status_code == 200
    assert (await browser.post("/api/auth/logout", headers=csrf)).json() == {"ended": 1}
    assert "ais_access" not in browser.cookies
    assert (await browser.get("/api/auth/me")).status_code == 401


async def test_a_user_sees_their_devices_and_signs_one_out(
    client: httpx.AsyncClient, browser: httpx.AsyncClient, customer: Customer
) -> None:
    tokens = await app_tokens(client, customer)
    await browser.post("/api/auth/login", json=account_of(customer))
    listed = (await browser.get("/api/auth/sessions")).json()["sessions"]
    found = {each["deviceName"]: each for each in listed}
    assert len(listed) == 3
    assert [each["kind"] for each in listed if each["current"]] == ["web"]
    phone = found[APP["user-agent"]]
    stranger = await customers.register(client)
    path = f"/api/auth/sessions/{phone['id']}"
    theirs = await client.delete(path, headers=stranger.headers)
    assert (theirs.status_code, theirs.json()["code"]) == (404, "NOT_FOUND")
    assert await status_of(client, tokens) == 200
    csrf = {CSRF_HEADER: browser.cookies["ais_csrf"]}
    assert (await browser.delete(path, headers=csrf)).json() == {"ended": 1}
    assert await status_of(client, tokens) == 401
    assert (await browser.delete("/api/auth/sessions", headers=csrf)).json() == {"ended": 1}
    assert (await client.get("/api/auth/me", headers=customer.headers)).status_code == 401
    assert (await browser.get("/api/auth/me")).status_code == 200


def change_role(system: System, email: str, role: str) -> "subprocess.CompletedProcess[str]":
    """Run the command as the owner of the schema."""
    settings = {**system.environment, "AIS_ADMIN_DATABASE_URL": system.owner_dsn}
    return subprocess.run(
        [sys.executable, "-m", "interfaces.cli.main", "user", "role", email, role],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


async def test_changed_rights_apply_at_once(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    async def may_read_the_books(headers: dict[str, str]) -> int:
        return (await client.get("/api/ledger/accounts", headers=headers)).status_code

    assert await may_read_the_books(customer.headers) == 403
    done = change_role(system, customer.email, "finance")
    assert done.returncode == 0, done.stderr
    assert await may_read_the_books(customer.headers) == 401
    promoted = await app_tokens(client, customer)
    assert await may_read_the_books(bearer(promoted["accessToken"])) == 200
    assert change_role(system, customer.email, "customer").returncode == 0
    # Its access token says finance and would be valid for a quarter of an hour.
    assert await may_read_the_books(bearer(promoted["accessToken"])) == 401
    assert (await refresh(client, promoted["refreshToken"])).status_code == 401
    demoted = await app_tokens(client, customer)
    assert await may_read_the_books(bearer(demoted["accessToken"])) == 403


def test_only_the_owner_of_the_schema_changes_roles_and_only_of_users(system: System) -> None:
    unknown = change_role(system, "nobody@example.com", "finance")
    assert (unknown.returncode, "no user" in unknown.stderr) == (1, True)
    assert change_role(system, "nobody@example.com", "emperor").returncode == 2
    account = system.staff[0]
    application = {**system.environment, "AIS_ADMIN_DATABASE_URL": ""}
    refused = subprocess.run(
        [sys.executable, "-m", "interfaces.cli.main", "user", "role", account.email, "admin"],
        env={**os.environ, **application},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (refused.returncode, "InsufficientPrivilege" in refused.stderr) == (1, True)
