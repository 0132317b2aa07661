"""Clients of third parties on the whole system: consent in a browser, tokens, and attacks."""

import asyncio
import json
import os
import subprocess
import sys
import urllib.parse
import warnings
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.support import customers, running_system, third_party
from tests.support.customers import Customer
from tests.support.running_system import System
from tests.support.third_party import PAGE, Registered, fresh_challenge

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from authlib.integrations.httpx_client import AsyncOAuth2Client


def ais(system: System, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """An `ais` command with the settings of the running system."""
    return subprocess.run(
        [sys.executable, "-m", "interfaces.cli.main", *arguments],
        env={
            **os.environ,
            **system.environment,
            "AIS_ADMIN_DATABASE_URL": system.owner_dsn,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def admin_account(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The address of an account that is made an admin once."""
    yield {}


@pytest.fixture
async def admin(
    system: System, client: httpx.AsyncClient, admin_account: dict[str, str]
) -> Customer:
    """An admin; the demo has none."""
    if not admin_account:
        made = await customers.register(client)
        assert ais(system, "user", "role", made.email, "admin").returncode == 0
        admin_account["email"] = made.email
    return await customers.signed_in_again(Customer(client, {}, admin_account["email"]))


@pytest.fixture
async def partner(admin: Customer) -> Registered:
    return await third_party.register(admin)


@pytest.fixture
async def browser(system: System, customer: Customer) -> AsyncIterator[httpx.AsyncClient]:
    async with third_party.browser_of(system, customer) as found:
        yield found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def given(
    client: httpx.AsyncClient,
    browser: httpx.AsyncClient,
    partner: Registered,
    scope: str = "bookings:read",
) -> dict[str, Any]:
    """The tokens that a consent gives."""
    challenge = fresh_challenge()
    asked = third_party.asked_by(partner, challenge, scope)
    code = third_party.sent_to(await third_party.decided(browser, asked))["code"]
    answer = await third_party.tokens_of(client, partner, code, challenge)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def connected(
    partner: AsyncOAuth2Client, browser: httpx.AsyncClient, metadata: dict[str, str]
) -> dict[str, Any]:
    """The tokens of Authlib's client, by the consent of the browser's user."""
    verifier = "a-verifier-of-the-partner-that-is-long-enough-0"
    address, state = partner.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier
    )
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
    answer = await third_party.decided(browser, asked)
    query = third_party.sent_to(answer)
    assert (query["state"], query["iss"]) == (state, metadata["issuer"])
    token: dict[str, Any] = await partner.fetch_token(
        metadata["token_endpoint"],
        authorization_response=answer.headers["location"],
        code_verifier=verifier,
    )
    return token


async def test_a_partner_comes_from_its_registration_to_a_booking_with_authlib(
    system: System,
    client: httpx.AsyncClient,
    customer: Customer,
    browser: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The third party is Authlib's own client: what it knows of us are the metadata."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    made = ais(
        system,
        *("client", "register", "Trip Planner", "web"),
        *("--scope", "bookings:read", "--scope", "profile:read"),
        *("--redirect-uri", third_party.CALLBACK),
    )
    assert made.returncode == 0, made.stderr
    registered = json.loads(made.stdout)
    booking = await customer.reserved([running_system.schedule(system, seats=3)])
    metadata = (await client.get("/.well-known/oauth-authorization-server")).json()
    async with AsyncOAuth2Client(
        registered["id"],
        registered["secret"],
        scope="bookings:read profile:read",
        redirect_uri=third_party.CALLBACK,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic",
        token_endpoint=metadata["token_endpoint"],
        verify=False,
    ) as partner:
        token = await connected(partner, browser, metadata)
        assert (token["token_type"], token["expires_in"]) == ("Bearer", 900)
        path = f"{system.base_url}/api/bookings/{booking['id']}"
        read = await partner.get(path)
        assert (read.status_code, read.json()["reference"]) == (200, booking["reference"])
        me = await partner.get(f"{system.base_url}/api/auth/me")
        assert me.json()["id"] == (await customer.call("GET", "/api/auth/me"))["id"]
        refused = await partner.post(f"{path}/cancel", json={"quoteId": "q"})
        assert refused.json()["details"] == {"reason": "insufficient_scope"}
        before = token["refresh_token"]
        await partner.refresh_token(metadata["token_endpoint"])
        assert partner.token["refresh_token"] != before
        assert (await partner.get(path)).status_code == 200
        asks = await partner.introspect_token(
            metadata["introspection_endpoint"], token=partner.token["access_token"]
        )
        assert (asks.json()["active"], asks.json()["scope"]) == (
            True,
            "profile:read bookings:read",
        )
        await partner.revoke_token(
            metadata["revocation_endpoint"], token=partner.token["refresh_token"]
        )
        assert (await partner.get(path)).status_code == 401


async def test_the_page_says_who_asks_for_what_in_both_languages(
    browser: httpx.AsyncClient, partner: Registered
) -> None:
    asked = third_party.asked_by(partner, fresh_challenge(), "bookings:read profile:read")
    english = await browser.get("/oauth/authorize", params=asked, headers=PAGE)
    assert "Trip &lt;Planner&gt; &amp; Co" in english.text
    assert "<Planner>" not in english.text
    assert "see your bookings" in english.text
    assert "partner.example" in english.text
    policy = english.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://partner.example;" in policy
    assert "script" not in policy
    assert english.headers["cache-control"] == "no-store"
    arabic = await browser.get(
        "/oauth/authorize", params=asked, headers={**PAGE, "accept-language": "ar"}
    )
    assert 'dir="rtl"' in arabic.text
    assert "الاطلاع على حجوزاتك" in arabic.text


async def test_who_is_not_signed_in_is_asked_to_and_comes_back(
    client: httpx.AsyncClient, partner: Registered
) -> None:
    asked = third_party.asked_by(partner, fresh_challenge())
    page = await client.get("/oauth/authorize", params=asked, headers=PAGE)
    assert page.status_code == 200
    assert third_party.form_of(page.text) == {}
    assert urllib.parse.urlencode(asked).replace("&", "&amp;") in page.text
    without = await client.post("/oauth/authorize", data={**asked, "decision": "allow"})
    assert without.status_code == 401


async def test_a_refusal_of_the_user_gives_nothing(
    browser: httpx.AsyncClient, partner: Registered
) -> None:
    asked = third_party.asked_by(partner, fresh_challenge())
    query = third_party.sent_to(await third_party.decided(browser, asked, "deny"))
    issuer = query.pop("iss")
    assert query == {"error": "access_denied", "state": asked["state"]}
    assert issuer.startswith("http")
    assert (await browser.get("/api/auth/consents")).json() == {"consents": []}


@pytest.mark.parametrize(
    "attack",
    [
        {"consent_token": ""},
        {"consent_token": "x" * 43},
        {"scope": "profile:read"},
        {"state": "another"},
        {"client_id": "client_ffffffffffffffffffffffff"},
        {"code_challenge": "A" * 43},
        {"prompt": "none"},
    ],
)
async def test_nobody_else_makes_a_user_consent(
    browser: httpx.AsyncClient, partner: Registered, attack: dict[str, str]
) -> None:
    """Consent CSRF: the form is of this session and of this request, to the letter."""
    asked = third_party.asked_by(partner, fresh_challenge())
    page = await browser.get("/oauth/authorize", params=asked, headers=PAGE)
    members = {**third_party.form_of(page.text), "decision": "allow", **attack}
    answer = await browser.post("/oauth/authorize", data=members)
    assert (answer.status_code, answer.json()["details"]) == (403, {"reason": "csrf_token"})
    assert (await browser.get("/api/auth/consents")).json() == {"consents": []}


async def test_a_form_of_another_session_is_refused(
    system: System, client: httpx.AsyncClient, browser: httpx.AsyncClient, partner: Registered
) -> None:
    """Mix-up of users: an attacker's own page is worth nothing in the victim's browser."""
    asked = third_party.asked_by(partner, fresh_challenge())
    attacker = await customers.register(client)
    async with third_party.browser_of(system, attacker) as theirs:
        page = await theirs.get("/oauth/authorize", params=asked, headers=PAGE)
    members = {**third_party.form_of(page.text), "decision": "allow"}
    assert (await browser.post("/oauth/authorize", data=members)).status_code == 403
    as_json = await browser.post("/oauth/authorize", json=members)
    assert as_json.status_code == 415


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/callback",
        "https://partner.example/callback/",
        "https://partner.example/Callback",
        "https://partner.example:8443/callback",
        "https://partner.example@evil.example/callback",
        "https://user@partner.example/callback",
        "https://partner.example/callback#x",
        "https://partner.example/callback?x=1",
        "http://partner.example/callback",
        "//evil.example",
        "javascript:alert(1)",
        "",
    ],
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(
    browser: httpx.AsyncClient, partner: Registered, uri: str
) -> None:
    """No open redirect: what is wrong before the address is proven is shown."""
    for changes in ({}, {"scope": "nothing"}, {"response_type": "token"}):
        asked = third_party.asked_by(partner, fresh_challenge(), redirect_uri=uri, **changes)
        answer = await browser.get("/oauth/authorize", params=asked, headers=PAGE)
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert answer.headers["content-type"].startswith("text/html")
        as_json = await browser.get("/oauth/authorize", params=asked)
        assert (as_json.status_code, as_json.json()["code"]) == (400, "VALIDATION_ERROR")
    twice = await browser.get(
        f"/oauth/authorize?redirect_uri={uri}&redirect_uri={third_party.CALLBACK}", headers=PAGE
    )
    assert twice.status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "ledger:read"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
    ],
)
async def test_what_the_client_does_wrong_goes_back_to_it(
    browser: httpx.AsyncClient, partner: Registered, changes: dict[str, str], error: str
) -> None:
    """No implicit grant, no scope beyond the registration, no PKCE by less than S256."""
    asked = third_party.asked_by(partner, fresh_challenge(), **changes)
    query = third_party.sent_to(await browser.get("/oauth/authorize", params=asked))
    assert (query["error"], query["state"]) == (error, asked["state"])
    assert "iss" in query


async def test_of_twenty_exchanges_at_once_one_wins_and_nobody_keeps_it(
    client: httpx.AsyncClient, browser: httpx.AsyncClient, partner: Registered
) -> None:
    challenge = fresh_challenge()
    asked = third_party.asked_by(partner, challenge)
    code = third_party.sent_to(await third_party.decided(browser, asked))["code"]
    answers = await asyncio.gather(
        *(third_party.tokens_of(client, partner, code, challenge) for _ in range(20))
    )
    won = [each.json() for each in answers if each.status_code == 200]
    lost = [each.json()["error"] for each in answers if each.status_code == 400]
    assert (len(won), lost) == (1, ["invalid_grant"] * 19)
    answer = await client.get("/api/bookings", headers=bearer(won[0]["access_token"]))
    assert answer.status_code == 401


async def test_a_stolen_code_is_worth_nothing_to_another_client(
    client: httpx.AsyncClient, browser: httpx.AsyncClient, admin: Customer, partner: Registered
) -> None:
    challenge = fresh_challenge()
    asked = third_party.asked_by(partner, challenge)
    code = third_party.sent_to(await third_party.decided(browser, asked))["code"]
    thief = await third_party.register(admin)
    for stolen in (
        await third_party.tokens_of(client, thief, code, challenge),
        await third_party.tokens_of(client, partner, code, fresh_challenge()),
    ):
        assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
        assert stolen.json()["code"] == "VALIDATION_ERROR"
    owner = await third_party.tokens_of(client, partner, code, challenge)
    assert owner.status_code == 200


async def test_a_client_that_does_not_prove_who_it_is_gets_nothing(
    client: httpx.AsyncClient, partner: Registered
) -> None:
    for auth in (httpx.BasicAuth(partner.id, "cs_guess"), httpx.BasicAuth("nobody", "x"), None):
        for path in ("/oauth/token", "/oauth/introspect", "/oauth/revoke"):
            form = {"grant_type": "client_credentials", "token": "t"}
            answer = await client.post(path, data=form, auth=auth)  # type: ignore[arg-type]
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), path
            assert answer.headers["www-authenticate"].startswith("Basic")
    for form in ({"grant_type": "password", "username": "u", "password": "p"}, {"x": "y"}):
        answer = await client.post("/oauth/token", data=form, auth=partner.basic)
        assert answer.status_code == 400
    body = {"grant_type": "client_credentials"}
    as_json = await client.post("/oauth/token", json=body, auth=partner.basic)
    assert (as_json.status_code, as_json.json()["error"]) == (415, "invalid_request")
    twice = await client.post(
        "/oauth/token",
        content="grant_type=a&grant_type=b",
        headers={"content-type": "application/x-www-form-urlencoded"},
        auth=partner.basic,
    )
    assert (twice.status_code, twice.json()["details"]["field"]) == (400, "grant_type")


async def test_a_token_of_a_client_reaches_its_scopes_and_no_route_of_staff(
    system: System, client: httpx.AsyncClient, browser: httpx.AsyncClient, partner: Registered
) -> None:
    tokens = await given(client, browser, partner)
    headers = bearer(tokens["access_token"])
    assert (await client.get("/api/bookings", headers=headers)).status_code == 200
    for method, path in (
        ("GET", "/api/auth/me"),
        ("GET", "/api/auth/sessions"),
        ("DELETE", "/api/auth/sessions"),
        ("POST", "/api/auth/logout-all"),
        ("GET", "/api/auth/consents"),
        ("GET", "/api/ledger/accounts"),
        ("GET", "/api/admin/worklists"),
        ("POST", "/api/admin/clients"),
        ("POST", "/api/bookings"),
    ):
        answer = await client.request(method, path, headers=headers)
        assert answer.status_code == 403, path
    # A foreign booking is as if it were not there, for the client too.
    stranger = await customers.register(client)
    theirs = await stranger.reserved([running_system.schedule(system, seats=3)])
    foreign = await client.get(f"/api/bookings/{theirs['id']}", headers=headers)
    assert foreign.status_code == 404
    # A refresh token of the client is none of a user's.
    mine = await client.post("/api/auth/refresh", headers=bearer(tokens["refresh_token"]))
    assert mine.status_code == 401
    escalated = await client.post(
        "/oauth/token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": tokens["refresh_token"],
            "scope": "bookings:read profile:read",
        },
        auth=partner.basic,
    )
    assert (escalated.status_code, escalated.json()["error"]) == (400, "invalid_scope")


async def test_a_user_sees_and_takes_back_consents(
    client: httpx.AsyncClient, browser: httpx.AsyncClient, customer: Customer, partner: Registered
) -> None:
    tokens = await given(client, browser, partner)
    (consent,) = (await customer.call("GET", "/api/auth/consents"))["consents"]
    assert consent["clientId"] == partner.id
    assert consent["scopes"] == ["bookings:read"]
    stranger = await customers.register(client)
    theirs = await client.delete(f"/api/auth/consents/{partner.id}", headers=stranger.headers)
    assert theirs.status_code == 404
    ended = await customer.call("DELETE", f"/api/auth/consents/{partner.id}")
    assert ended == {"ended": 1}
    answer = await client.get("/api/bookings", headers=bearer(tokens["access_token"]))
    assert answer.status_code == 401
    assert (await customer.call("GET", "/api/auth/me"))["role"] == "customer"


async def test_a_service_reads_the_books_until_it_is_disabled(
    client: httpx.AsyncClient, admin: Customer
) -> None:
    service = await third_party.register(
        admin, kind="service", scopes=["ledger:read"], redirectUris=[], role="auditor"
    )
    form = {"grant_type": "client_credentials"}
    answer = await client.post("/oauth/token", data=form, auth=service.basic)
    tokens = answer.json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope"}
    headers = bearer(tokens["access_token"])
    assert (await client.get("/api/ledger/accounts", headers=headers)).status_code == 200
    for path in ("/api/bookings", "/api/admin/worklists", "/api/auth/sessions"):
        assert (await client.get(path, headers=headers)).status_code == 403
    secret = await admin.call("POST", f"/api/admin/clients/{service.id}/secret")
    assert (await client.post("/oauth/token", data=form, auth=service.basic)).status_code == 401
    renewed = Registered(service.id, secret["clientSecret"])
    assert (await client.post("/oauth/token", data=form, auth=renewed.basic)).status_code == 200
    await admin.call("POST", f"/api/admin/clients/{service.id}/disable")
    ended = await client.get("/api/ledger/accounts", headers=headers)
    assert (ended.status_code, ended.json()["details"]) == (401, {"reason": "session_ended"})
    again = await client.post("/oauth/token", data=form, auth=renewed.basic)
    assert again.status_code == 401
    with pytest.raises(customers.Refused) as refused:
        await admin.call("POST", f"/api/admin/clients/{service.id}/disable")
    assert refused.value.status == 409


async def test_an_agency_books_for_itself_and_sees_its_own_bookings_only(
    system: System, client: httpx.AsyncClient, admin: Customer, customer: Customer
) -> None:
    agency = await third_party.register(
        admin,
        kind="service",
        scopes=["bookings:read", "bookings:write"],
        redirectUris=[],
        role="agent",
    )
    form = {"grant_type": "client_credentials"}
    tokens = (await client.post("/oauth/token", data=form, auth=agency.basic)).json()
    caller = Customer(client, bearer(tokens["access_token"]))
    flight = running_system.schedule(system, seats=5)
    booking = await caller.reserved([flight])
    assert (await caller.booking(booking["id"]))["status"] == "reserved"
    with pytest.raises(customers.Refused) as refused:
        await customer.booking(booking["id"])
    assert refused.value.status == 404
    theirs = await customer.reserved([flight])
    with pytest.raises(customers.Refused) as refused:
        await caller.booking(theirs["id"])
    assert refused.value.status == 404
    paying = await caller.send_checkout(booking["id"])
    assert (paying.status_code, paying.json()["details"]) == (
        403,
        {"reason": "insufficient_scope"},
    )


async def test_only_an_admin_registers_clients_and_sound_ones(
    system: System, client: httpx.AsyncClient, customer: Customer, admin: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    for caller in (customer, finance):
        with pytest.raises(customers.Refused) as refused:
            await third_party.register(caller)
        assert refused.value.status == 403
    for changes, field in (
        ({"redirectUris": ["http://partner.example/"]}, "redirectUris[0]"),
        ({"scopes": ["ledger:read"]}, "scopes"),
        ({"scopes": ["admin"]}, "scopes[0]"),
        ({"kind": "service", "redirectUris": []}, "role"),
        ({"name": " "}, "name"),
        ({"secret": "mine"}, "secret"),
    ):
        with pytest.raises(customers.Refused) as refused:
            await third_party.register(admin, **changes)
        assert refused.value.body["details"]["field"] == field
    listed = await admin.call("GET", "/api/admin/clients")
    assert "secret" not in json.dumps(listed).lower()
