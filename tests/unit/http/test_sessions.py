"""Sessions at the edge: bearer or cookie, CSRF, what is set and cleared, ended sessions."""

from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any

import pytest

from application.identity.ports import Principal
from tests.support.http_client import Edge
from tests.support.memory_sessions import MemoryEndedSessions, MemorySessions

ACCOUNT = {"email": "layla@example.com", "password": "correct horse battery"}
ACCESS, REFRESH, CSRF = "__Host-ais_access", "__Host-ais_refresh", "__Host-ais_csrf"


@pytest.fixture
def edge() -> Edge:
    return Edge()


async def send(
    edge: Edge, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Any:
    async with edge.client() as client:
        return await client.request(method, path, headers=headers, **more)


def set_by(answer: Any) -> dict[str, Any]:
    """The cookies of an answer with their attributes."""
    found: dict[str, Any] = {}
    for line in answer.headers.get_list("set-cookie"):
        found.update(SimpleCookie(line))
    return found


async def browser(edge: Edge) -> dict[str, str]:
    """The headers of a browser that has signed in: cookies and the token of its page."""
    await send(edge, "POST", "/api/auth/register", json=ACCOUNT)
    answer = await send(edge, "POST", "/api/auth/login", json=ACCOUNT)
    cookies = {name: each.value for name, each in set_by(answer).items()}
    return {
        "cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "x-csrf-token": answer.json()["csrfToken"],
    }


async def app(edge: Edge) -> dict[str, str]:
    """The tokens of an app that has signed in."""
    await send(edge, "POST", "/api/auth/register", json=ACCOUNT)
    tokens: dict[str, str] = (
        await send(edge, "POST", "/api/auth/mobile-login", json=ACCOUNT)
    ).json()
    return tokens


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_a_browser_gets_cookies_that_scripts_and_other_sites_cannot_use(edge: Edge) -> None:
    await send(edge, "POST", "/api/auth/register", json=ACCOUNT)
    answer = await send(edge, "POST", "/api/auth/login", json=ACCOUNT)
    assert set(answer.json()) == {"expiresIn", "csrfToken"}
    cookies = set_by(answer)
    assert cookies.keys() == {ACCESS, REFRESH, CSRF, "ais_device"}
    for name, each in cookies.items():
        assert (each["secure"], each["samesite"]) == (True, "Strict")
        assert bool(each["httponly"]) is (name != CSRF)
        assert each["domain"] == ""
    assert {cookies[name]["path"] for name in (ACCESS, REFRESH, CSRF)} == {"/"}
    assert cookies[REFRESH]["max-age"] == str(7 * 24 * 3600)
    assert cookies[CSRF].value == answer.json()["csrfToken"]
    assert cookies[REFRESH].value not in answer.text


async def test_a_cookie_signs_requests_in_and_a_change_needs_the_csrf_token(edge: Edge) -> None:
    signed_in = await browser(edge)
    reading = await send(edge, "GET", "/api/auth/me", {"cookie": signed_in["cookie"]})
    assert reading.json()["id"] == "usr_layla@example.com"
    body: Any = {"travellers": [{"firstName": "Layla", "amount": 50}], "idempotencyKey": "k"}
    for method, path, more in (
        ("POST", "/probe", {"json": body}),
        ("DELETE", "/api/auth/sessions", {}),
        ("POST", "/api/auth/refresh", {}),
        ("POST", "/api/auth/logout", {}),
    ):
        without = await send(edge, method, path, {"cookie": signed_in["cookie"]}, **more)
        assert (without.status_code, without.json()["code"]) == (403, "FORBIDDEN"), path
        assert without.json()["details"] == {"reason": "csrf_token"}
        with_token = await send(edge, method, path, signed_in, **more)
        assert with_token.status_code in (200, 201), path


async def test_a_guests_token_in_a_cookie_signs_nobody_in(edge: Edge) -> None:
    """No CSRF token belongs to it: another site could have the browser act for the guest."""
    booking = "booking-AAAAAA"
    guest = Principal(f"guest-{booking}", "customer", f"guest-{booking}", booking=booking)
    token = edge.tokens.issue(guest).access_token
    path = f"/api/bookings/{booking}"
    assert (await send(edge, "GET", path, bearer(token))).status_code not in (401, 403)
    refused = await send(edge, "GET", path, {"cookie": f"{ACCESS}={token}"})
    assert (refused.status_code, refused.json()["code"]) == (401, "UNAUTHORIZED")


async def test_a_browser_that_signs_in_again_leaves_no_session_behind(edge: Edge) -> None:
    """Who copied its cookies before goes out with the session that nobody has in view any more."""
    stranger, before = await browser(edge), await browser(edge)
    kept = {name: value for name, value in before.items() if name == "cookie"}
    app_before = await app(edge)
    answer = await send(edge, "POST", "/api/auth/login", kept, json=ACCOUNT)
    assert answer.status_code == 200
    fresh = {"cookie": f"{ACCESS}={set_by(answer)[ACCESS].value}"}
    for headers, status in (
        (before, 401),
        (fresh, 200),
        (stranger, 200),
        (bearer(app_before["accessToken"]), 200),
    ):
        assert (await send(edge, "GET", "/api/auth/me", headers)).status_code == status
    # A cookie that is none of ours ends nothing: the id of a session is no proof.
    session = edge.tokens.verify(set_by(answer)[ACCESS].value.encode()).session
    forged = {"cookie": f"{REFRESH}=rt_{session}.1.{'A' * 43}"}
    assert (await send(edge, "POST", "/api/auth/login", forged, json=ACCOUNT)).status_code == 200
    assert (await send(edge, "GET", "/api/auth/me", fresh)).status_code == 200


async def test_a_csrf_token_is_good_for_its_own_session_only(edge: Edge) -> None:
    """An attacker can plant cookies of their own beside the victim's, but not their token."""
    victim, attacker = await browser(edge), await browser(edge)
    assert victim["x-csrf-token"] != attacker["x-csrf-token"]
    tossed = victim["cookie"].replace(victim["x-csrf-token"], attacker["x-csrf-token"])
    missing = victim["cookie"].replace(CSRF, "other")
    for cookie, token in (
        (tossed, attacker["x-csrf-token"]),
        (victim["cookie"], attacker["x-csrf-token"]),
        (tossed, victim["x-csrf-token"]),
        (missing, victim["x-csrf-token"]),
        (f"{victim['cookie']}; {CSRF}={attacker['x-csrf-token']}", victim["x-csrf-token"]),
    ):
        headers = {"cookie": cookie, "x-csrf-token": token}
        assert (await send(edge, "POST", "/api/auth/logout", headers)).status_code == 403
    assert (await send(edge, "POST", "/api/auth/logout", victim)).status_code == 200


async def test_a_bearer_token_wins_over_cookies_and_needs_no_csrf_token(edge: Edge) -> None:
    signed_in = await browser(edge)
    both = {"cookie": signed_in["cookie"], **edge.bearer("customer", "usr_other")}
    assert (await send(edge, "GET", "/api/auth/me", both)).json()["id"] == "usr_other"
    assert (await send(edge, "DELETE", "/api/auth/sessions", both)).status_code == 200
    # A bearer token that is not ours is refused, whatever the cookies are.
    forged = {"cookie": signed_in["cookie"], **bearer("x.y.z")}
    assert (await send(edge, "GET", "/api/auth/me", forged)).status_code == 401


async def test_the_token_of_a_guest_is_no_cookie(edge: Edge) -> None:
    """It belongs to no session, so no page could prove that it sends a request."""
    guest = Principal("guest-booking-A", "customer", "guest-booking-A", booking="booking-A")
    kept = {"cookie": f"{ACCESS}={edge.tokens.issue(guest).access_token}"}
    for method, path in (("GET", "/api/bookings/booking-A"), ("POST", "/api/auth/logout")):
        assert (await send(edge, method, path, kept)).status_code == 401


async def test_two_different_access_cookies_sign_nobody_in(edge: Edge) -> None:
    one, two = await browser(edge), await browser(edge)
    headers = {"cookie": f"{one['cookie']}; {two['cookie']}"}
    assert (await send(edge, "GET", "/api/auth/me", headers)).status_code == 401
    headers = {"cookie": f"{one['cookie']}; {one['cookie']}; theme=dark"}
    assert (await send(edge, "GET", "/api/auth/me", headers)).status_code == 200


async def test_an_expired_cookie_is_answered_so_that_a_browser_refreshes(edge: Edge) -> None:
    signed_in = await browser(edge)
    edge.time.now += 901
    answer = await send(edge, "GET", "/api/auth/me", signed_in)
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_EXPIRED")
    refreshed = await send(edge, "POST", "/api/auth/refresh", signed_in)
    assert refreshed.json() == {"expiresIn": 900, "csrfToken": signed_in["x-csrf-token"]}
    cookies = set_by(refreshed)
    assert cookies.keys() == {ACCESS, REFRESH, CSRF}
    assert cookies[REFRESH].value.split(".")[1] == "2"
    fresh = {"cookie": f"{ACCESS}={cookies[ACCESS].value}"}
    assert (await send(edge, "GET", "/api/auth/me", fresh)).status_code == 200


async def test_a_sign_out_clears_the_cookies_and_ends_the_access_token_at_once(edge: Edge) -> None:
    signed_in = await browser(edge)
    answer = await send(edge, "POST", "/api/auth/logout", signed_in)
    assert answer.json() == {"ended": 1}
    assert {name: (each.value, each["max-age"]) for name, each in set_by(answer).items()} == (
        dict.fromkeys((ACCESS, REFRESH, CSRF), ("", "0"))
    )
    for method, path in (("GET", "/api/auth/me"), ("POST", "/api/auth/refresh")):
        refused = await send(edge, method, path, signed_in)
        assert (refused.status_code, refused.json()["code"]) == (401, "UNAUTHORIZED")


async def test_an_app_refreshes_by_header_or_body(edge: Edge) -> None:
    tokens = await app(edge)
    by_header = await send(edge, "POST", "/api/auth/refresh", bearer(tokens["refreshToken"]))
    assert set(by_header.json()) == {"accessToken", "refreshToken", "expiresIn"}
    assert by_header.json()["expiresIn"] == 900
    assert "set-cookie" not in by_header.headers
    second = by_header.json()["refreshToken"]
    by_body = await send(edge, "POST", "/api/auth/refresh", json={"refreshToken": second})
    third = by_body.json()["refreshToken"]
    both = await send(
        edge, "POST", "/api/auth/refresh", bearer(third), json={"refreshToken": third}
    )
    assert both.status_code == 200
    me = await send(edge, "GET", "/api/auth/me", bearer(both.json()["accessToken"]))
    assert me.json()["id"] == "usr_layla@example.com"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, None, 401),
        (bearer("rt_nonsense"), None, 401),
        ({"authorization": "Basic abc"}, None, 401),
        ({"cookie": f"{REFRESH}=rt_nonsense"}, None, 401),
        ({}, {"refreshToken": ""}, 400),
        ({}, {"refreshToken": 7}, 400),
        ({}, {"refreshToken": "x" * 201}, 400),
        ({}, {"token": "x"}, 400),
        (bearer("one"), {"refreshToken": "two"}, 400),
    ],
)
async def test_what_is_no_refresh_token_is_refused(
    edge: Edge, headers: dict[str, str], body: Any, status: int
) -> None:
    more = {} if body is None else {"json": body}
    answer = await send(edge, "POST", "/api/auth/refresh", headers, **more)
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["details"]["field"] in ("refreshToken", "token")


async def test_a_forged_refresh_token_is_recorded_and_a_spent_one_ends_the_session(
    edge: Edge,
) -> None:
    tokens = await app(edge)
    forged = tokens["refreshToken"].replace(".1.", ".2.")
    assert (await send(edge, "POST", "/api/auth/refresh", bearer(forged))).status_code == 401
    assert edge.security.noted == [("token_refused", None, "POST /api/auth/refresh")]
    store = edge.sessions.sessions
    assert isinstance(store, MemorySessions)
    assert store.ends == []
    first = bearer(tokens["refreshToken"])
    assert (await send(edge, "POST", "/api/auth/refresh", first)).status_code == 200
    edge.time.now += 60
    answer = await send(edge, "POST", "/api/auth/refresh", first)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    assert [reason for _, reason in store.ends] == ["reuse"]
    me = await send(edge, "GET", "/api/auth/me", bearer(tokens["accessToken"]))
    assert (me.status_code, me.json()["details"]) == (401, {"reason": "session_ended"})


@pytest.mark.parametrize("is_away", [False, True])
async def test_an_access_token_ends_with_its_session(edge: Edge, is_away: bool) -> None:
    ended = edge.sessions.ended
    assert isinstance(ended, MemoryEndedSessions)
    ended.away = is_away
    one, two = await app(edge), await app(edge)
    assert (await send(edge, "POST", "/api/auth/logout", bearer(one["accessToken"]))).json() == {
        "ended": 1
    }
    statuses = [
        (await send(edge, "GET", "/api/auth/me", bearer(each["accessToken"]))).status_code
        for each in (one, two)
    ]
    assert statuses == [401, 200]


async def test_devices_are_listed_and_revoked(edge: Edge) -> None:
    one, two = await app(edge), await app(edge)
    web = await browser(edge)
    listed = (await send(edge, "GET", "/api/auth/sessions", web)).json()["sessions"]
    assert [(each["kind"], each["current"]) for each in listed] == [
        ("mobile", False),
        ("mobile", False),
        ("web", True),
    ]
    assert set(listed[0]) == {
        *("id", "kind", "deviceName", "createdAt", "lastUsedAt", "expiresAt", "current")
    }
    path = f"/api/auth/sessions/{listed[0]['id']}"
    stranger = edge.bearer("customer", "usr_other")
    for headers, where, status in (
        (stranger, path, 404),
        (web, "/api/auth/sessions/ses_" + "f" * 24, 404),
        (web, "/api/auth/sessions/nonsense", 404),
        (web, path, 200),
    ):
        assert (await send(edge, "DELETE", where, headers)).status_code == status
    assert (await send(edge, "DELETE", path, web)).json() == {"ended": 0}
    assert (await send(edge, "DELETE", "/api/auth/sessions", web)).json() == {"ended": 1}
    for tokens in (one, two):
        answer = await send(edge, "GET", "/api/auth/me", bearer(tokens["accessToken"]))
        assert answer.status_code == 401
    assert (await send(edge, "GET", "/api/auth/me", web)).status_code == 200
    await app(edge)
    assert (await send(edge, "POST", "/api/auth/logout-all", web)).json() == {"ended": 2}
