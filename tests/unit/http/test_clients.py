"""Clients of third parties at the edge: the consent page, forms, limits."""

import base64
import datetime as dt
from typing import Any

import msgspec
import pytest

from application.identity.ports import Principal
from application.rate_limit import Limit
from domain.identity.clients import Client
from tests.support import third_party
from tests.support.http_client import GENEROUS, Edge
from tests.support.third_party import Registered, fresh_challenge
from tests.unit.http.test_sessions import ACCESS, app, bearer, browser

PAGE = {"accept": "text/html"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
PATH = "/oauth/authorize"


async def send(edge: Edge, method: str, path: str, **more: Any) -> Any:
    async with edge.client() as client:
        return await client.request(method, path, follow_redirects=False, **more)


async def registered(edge: Edge, **changes: Any) -> Registered:
    body = {
        "name": "Trip <Planner>",
        "kind": "web",
        "scopes": ["bookings:read"],
        "redirectUris": [third_party.CALLBACK],
        **changes,
    }
    made = await send(edge, "POST", "/api/admin/clients", json=body, headers=edge.bearer("admin"))
    assert made.status_code == 201, made.text
    found = made.json()
    return Registered(found["client"]["id"], found["clientSecret"])


async def page_of(edge: Edge, asked: dict[str, str], cookie: str) -> Any:
    return await send(edge, "GET", PATH, params=asked, headers={**PAGE, "cookie": cookie})


@pytest.fixture
def edge() -> Edge:
    return Edge()


async def app_of_the_user(edge: Edge) -> dict[str, str]:
    """The header of another device of the browser's user."""
    return bearer((await app(edge))["accessToken"])


def value_of(cookie: str) -> str:
    """The access token of a browser."""
    return cookie.partition(f"{ACCESS}=")[2].partition(";")[0]


def granted(edge: Edge) -> list[Any]:
    found: Any = edge.clients.authorizations
    codes: list[Any] = found.granted
    return codes


async def test_a_button_of_the_page_gives_a_code_for_exactly_what_it_said(edge: Edge) -> None:
    partner, cookie = await registered(edge), (await browser(edge))["cookie"]
    asked = third_party.asked_by(partner, fresh_challenge())
    page = await page_of(edge, asked, cookie)
    members = third_party.form_of(page.text)
    assert {name: members[name] for name in asked} == asked
    answer = await send(
        edge, "POST", PATH, data={**members, "decision": "allow"}, headers={"cookie": cookie}
    )
    query = third_party.sent_to(answer)
    assert query["code"].startswith("ac_")
    assert (query["state"], query["iss"]) == (asked["state"], "https://airline.example")
    (code,) = granted(edge)
    assert (code.client, code.scopes, code.user) == (
        partner.id,
        ("bookings:read",),
        "usr_layla@example.com",
    )
    assert (code.expires_at - code.created_at).total_seconds() == 60


@pytest.mark.parametrize(
    "attack",
    [
        {"consent_token": ""},
        {"consent_token": "ü"},
        {"scope": "profile:read"},
        {"state": "another"},
        {"redirect_uri": "https://evil.example"},
        {"code_challenge": "A" * 43},
        {"prompt": "none"},
    ],
)
async def test_a_form_that_is_not_of_the_page_gives_nothing(
    edge: Edge, attack: dict[str, str]
) -> None:
    partner, cookie = await registered(edge), (await browser(edge))["cookie"]
    page = await page_of(edge, third_party.asked_by(partner, fresh_challenge()), cookie)
    members = {**third_party.form_of(page.text), "decision": "allow", **attack}
    answer = await send(edge, "POST", PATH, data=members, headers={"cookie": cookie})
    assert (answer.status_code, answer.json()["details"]) == (403, {"reason": "csrf_token"})
    assert granted(edge) == []


async def test_an_address_presses_no_button_of_the_page(edge: Edge) -> None:
    """A link of the client's that names members of the form would take the choice from the user."""
    partner, cookie = await registered(edge), (await browser(edge))["cookie"]
    asked = third_party.asked_by(partner, fresh_challenge())
    page = await page_of(edge, {**asked, "decision": "allow", "consent_token": "x"}, cookie)
    members = third_party.form_of(page.text)
    assert members.keys() == {*asked, "consent_token"}
    answer = await send(
        edge, "POST", PATH, data={**members, "decision": "deny"}, headers={"cookie": cookie}
    )
    assert third_party.sent_to(answer)["error"] == "access_denied"


async def test_a_form_of_another_session_of_the_same_user_gives_nothing(edge: Edge) -> None:
    partner = await registered(edge)
    first, second = (await browser(edge))["cookie"], (await browser(edge))["cookie"]
    page = await page_of(edge, third_party.asked_by(partner, fresh_challenge()), first)
    members = {**third_party.form_of(page.text), "decision": "allow"}
    answer = await send(edge, "POST", PATH, data=members, headers={"cookie": second})
    assert answer.status_code == 403
    assert granted(edge) == []


@pytest.mark.parametrize("decision", ["deny", "", "ALLOW"])
async def test_anything_but_the_button_is_a_refusal(edge: Edge, decision: str) -> None:
    partner, cookie = await registered(edge), (await browser(edge))["cookie"]
    page = await page_of(edge, third_party.asked_by(partner, fresh_challenge()), cookie)
    members = {**third_party.form_of(page.text), "decision": decision}
    answer = await send(edge, "POST", PATH, data=members, headers={"cookie": cookie})
    assert third_party.sent_to(answer)["error"] == "access_denied"
    assert granted(edge) == []


async def test_the_token_of_a_session_that_is_over_shows_no_form(edge: Edge) -> None:
    partner, cookie = await registered(edge), (await browser(edge))["cookie"]
    asked = third_party.asked_by(partner, fresh_challenge())
    edge.time.now += 15 * 60
    assert third_party.form_of((await page_of(edge, asked, cookie)).text) == {}
    assert third_party.form_of((await page_of(edge, asked, "")).text) == {}


async def test_neither_guests_nor_clients_nor_ended_sessions_see_a_form(edge: Edge) -> None:
    """A token that is put into the cookie of a browser is worth no more than elsewhere."""
    partner, cookie = await registered(edge), (await browser(edge))["cookie"]
    asked = third_party.asked_by(partner, fresh_challenge())
    members = third_party.form_of((await page_of(edge, asked, cookie)).text)
    assert members
    guest = Principal("guest-booking-A", "customer", "guest-booking-A", booking="booking-A")
    theirs = edge.tokens.issue(guest).access_token
    client = edge.bearer(scopes=["bookings:read"])["authorization"].removeprefix("Bearer ")
    await send(edge, "POST", "/api/auth/logout-all", headers=await app_of_the_user(edge))
    for kept in (f"{ACCESS}={theirs}", f"{ACCESS}={client}", cookie):
        page = await page_of(edge, asked, kept)
        assert third_party.form_of(page.text) == {}
        # Not even with the token that the page of that session would have had.
        session = edge.tokens.verify(value_of(kept).encode()).session
        token = edge.clients.secrets.consent_token(session, asked)
        data = {**asked, "consent_token": token, "decision": "allow"}
        answer = await send(edge, "POST", PATH, data=data, headers={"cookie": kept})
        assert answer.status_code in (401, 403)
    assert granted(edge) == []


async def test_a_disabled_client_asks_nobody(edge: Edge) -> None:
    partner, cookie = await registered(edge), (await browser(edge))["cookie"]
    asked = third_party.asked_by(partner, fresh_challenge())
    members = third_party.form_of((await page_of(edge, asked, cookie)).text)
    stored: Any = edge.clients.clients
    stored.stored[partner.id] = msgspec.structs.replace(
        stored.stored[partner.id], disabled_at=dt.datetime.now(dt.UTC)
    )
    page = await page_of(edge, asked, cookie)
    assert (page.status_code, third_party.form_of(page.text)) == (400, {})
    answer = await send(
        edge, "POST", PATH, data={**members, "decision": "allow"}, headers={"cookie": cookie}
    )
    assert (answer.status_code, granted(edge)) == (400, [])


async def test_staff_see_no_form(edge: Edge) -> None:
    partner = await registered(edge)
    token = edge.bearer("finance")["authorization"].removeprefix("Bearer ")
    cookie = f"__Host-ais_access={token}"
    answer = await page_of(edge, third_party.asked_by(partner, fresh_challenge()), cookie)
    assert (answer.status_code, third_party.form_of(answer.text)) == (403, {})


async def test_the_policy_of_the_page_lets_its_form_go_to_the_client_only(edge: Edge) -> None:
    partner, cookie = await registered(edge), (await browser(edge))["cookie"]
    page = await page_of(edge, third_party.asked_by(partner, fresh_challenge()), cookie)
    (policy,) = page.headers.get_list("content-security-policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self' https://partner.example; frame-ancestors 'none'" in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert "Trip &lt;Planner&gt;" in page.text


async def test_a_client_without_its_secret_counts_as_anonymous(edge: Edge) -> None:
    few = Edge(limits={**GENEROUS, "anonymous": Limit(3, 60)})  # type: ignore[dict-item]  # literal
    form = {"grant_type": "client_credentials", "client_id": "client_x", "client_secret": "s"}
    answers = [await send(few, "POST", "/oauth/token", data=form) for _ in range(4)]
    assert [each.status_code for each in answers] == [401, 401, 401, 429]
    assert answers[0].json()["error"] == "invalid_client"
    assert answers[0].headers["www-authenticate"] == 'Basic realm="clients"'
    assert few.security.noted[0] == ("client_refused", None, "POST /oauth/token")


async def test_tokens_are_asked_for_as_often_as_the_limit_of_clients_allows() -> None:
    few = Edge(limits={**GENEROUS, "client": Limit(2, 60)})  # type: ignore[dict-item]  # literal
    for path in ("/oauth/token", "/oauth/introspect", "/oauth/revoke"):
        await send(few, "POST", path, data={"token": "t", "grant_type": "g"})
    for method in ("GET", "POST"):
        answer = await send(few, method, PATH)
        assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"grant_type=a&grant_type=b", FORM, 400),
        (b"grant_type=%00", FORM, 400),
        (b"grant_type=%e2%80%8b", FORM, 400),
        (b"grant_type=\xff", FORM, 400),
        (b"grant_type=%ff", FORM, 400),
        (b"&".join(b"a%d=1" % number for number in range(50)), FORM, 400),
        (b"", FORM, 400),
        (b"grant_type=", FORM, 400),
        (b"{}", {"content-type": "application/json"}, 415),
        (b"grant_type=a", {}, 415),
        (b"grant_type=a", {"content-type": "text/plain"}, 415),
        (b"a" * 20_000, FORM, 413),
    ],
)
async def test_a_form_that_is_not_one_is_refused_in_both_languages_of_errors(
    edge: Edge, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await send(edge, "POST", "/oauth/token", content=content, headers=headers)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, "VALIDATION_ERROR")
    assert (body["error"], set(body["details"])) == ("invalid_request", {"field", "reason"})
    assert body["error_description"].isascii()


async def test_what_the_client_wrote_is_not_repeated_to_it(edge: Edge) -> None:
    partner = await registered(edge)
    assert partner.secret is not None
    basic = base64.b64encode(f"{partner.id}:{partner.secret}".encode()).decode()
    answer = await send(
        edge,
        "POST",
        "/oauth/token",
        data={"grant_type": 'pass"wörd', "code": "personal"},
        headers={"authorization": f"Basic {basic}"},
    )
    assert answer.status_code == 400
    assert "personal" not in answer.text
    assert "rd" not in answer.json()["error_description"].split()


async def test_admins_register_clients_and_see_no_secret_again(edge: Edge) -> None:
    partner = await registered(edge)
    listed = await send(edge, "GET", "/api/admin/clients", headers=edge.bearer("admin"))
    (found,) = listed.json()["clients"]
    assert (found["id"], found["grants"]) == (
        partner.id,
        ["authorization_code", "refresh_token"],
    )
    assert "ecret" not in listed.text
    stored: Any = edge.clients.clients
    (client,) = stored.stored.values()
    assert isinstance(client, Client)
    for role in ("customer", "agent", "support", "ops", "gate", "finance", "auditor"):
        refused = await send(
            edge,
            "GET",
            "/api/admin/clients",
            headers=edge.bearer(role),  # type: ignore[arg-type]  # literal
        )
        assert refused.status_code == 403
