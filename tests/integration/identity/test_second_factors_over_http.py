"""The second factor over HTTP, and what a role that needs one can do without it."""

import datetime as dt
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.identity import roles
from domain.identity.roles import Role
from interfaces.http import app
from interfaces.http.auth import Admission
from tests.integration.identity.test_second_factors import STEP, App
from tests.support import account_edge
from tests.support import identity as identities
from tests.support.identity import Identity
from tests.support.servers import TestDatabase

ACCOUNT = {"email": "layla@example.com", "password": "correct horse battery"}
# What a user who must enrol can do before: enrol, look at the account, sign out.
BEFORE = {
    "/api/auth/me",
    "/api/auth/account",
    "/api/auth/logout",
    "/api/auth/logout-all",
    "/api/auth/totp",
    "/api/auth/totp/confirm",
}


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        # Cookies expire by the clock of the client.
        each.now = dt.datetime.now(dt.UTC)
        yield each


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {tokens['accessToken']}"}


async def signed_in(client: Any) -> Any:
    return (await client.post("/api/auth/mobile-login", json=ACCOUNT)).json()


async def enrol(identity: Identity, client: Any, tokens: Any) -> tuple[App, list[str]]:
    body = {"password": ACCOUNT["password"]}
    made = await client.post("/api/auth/totp", json=body, headers=bearer(tokens))
    assert made.status_code == 200, made.text
    assert made.headers["cache-control"] == "no-store"
    assert made.json()["otpauthUri"].startswith("otpauth://totp/")
    phone = App(made.json()["secret"])
    code = {"code": phone.code(identity.now)}
    done = await client.post("/api/auth/totp/confirm", json=code, headers=bearer(tokens))
    assert done.status_code == 200, done.text
    identity.now += STEP
    return phone, done.json()["recoveryCodes"]


def guarded() -> list[tuple[str, str]]:
    """Method and path of every route for signed-in users."""
    found = []
    for route in app.ROUTES:
        admission = route.opt.get("admission")
        if isinstance(admission, Admission) and admission.signed_in:
            for path in route.paths:
                method = next(iter(route.http_methods))
                found.append((str(method), re.sub(r"{[^}]+}", "1", path)))
    return found


async def test_a_role_that_needs_the_factor_can_do_nothing_but_enrol(identity: Identity) -> None:
    """Every route for signed-in users is asked, as finance without and with the factor."""
    await identity.register(ACCOUNT["email"], ACCOUNT["password"], "finance")
    routes = guarded()
    assert len(routes) > 80
    assert {path for _, path in routes} >= BEFORE
    async with account_edge.client_of(identity, second_factor_required=True) as client:
        tokens = await signed_in(client)
        for method, path in routes:
            if path in BEFORE:
                continue
            answer = await client.request(method, path, headers=bearer(tokens))
            assert answer.status_code == 403, (method, path, answer.text)
            assert answer.json()["details"] == {"reason": "second_factor_required"}, path
        account = await client.get("/api/auth/account", headers=bearer(tokens))
        assert account.json() == {
            "email": ACCOUNT["email"],
            "emailVerified": True,
            "mfaEnabled": False,
            "mfaRequired": True,
            "recoveryCodesLeft": 0,
        }
        phone, _ = await enrol(identity, client, tokens)
        # The access token says so after the next refresh.
        path = "/api/auth/sessions"
        assert (await client.get(path, headers=bearer(tokens))).status_code == 403
        refresh = {"authorization": f"Bearer {tokens['refreshToken']}"}
        fresh = (await client.post("/api/auth/refresh", headers=refresh)).json()
        assert (await client.get(path, headers=bearer(fresh))).status_code == 200
        # And so does the token of a sign-in in two steps.
        asked = await signed_in(client)
        body = {"challenge": asked["challenge"], "code": phone.code(identity.now)}
        proved = await client.post("/api/auth/mfa", json=body)
        assert (await client.get(path, headers=bearer(proved.json()))).status_code == 200
        turned_off = await client.post(
            "/api/auth/totp/disable",
            json={"password": ACCOUNT["password"], "code": phone.code(identity.now + STEP)},
            headers=bearer(fresh),
        )
        assert (turned_off.status_code, turned_off.json()["details"]) == (
            *(403, {"reason": "second_factor_required"}),
        )


@pytest.mark.parametrize("role", roles.ROLES)
@pytest.mark.parametrize("required", [True, False])
async def test_only_finance_auditor_and_admin_need_it_and_only_by_the_setting(
    identity: Identity, role: Role, required: bool
) -> None:
    await identity.register(ACCOUNT["email"], ACCOUNT["password"], role)
    async with account_edge.client_of(identity, second_factor_required=required) as client:
        answer = await client.get("/api/auth/sessions", headers=bearer(await signed_in(client)))
    is_refused = required and role in ("finance", "auditor", "admin")
    assert answer.status_code == (403 if is_refused else 200)


async def test_an_app_and_a_browser_sign_in_in_two_steps(identity: Identity) -> None:
    await identity.register(ACCOUNT["email"], ACCOUNT["password"])
    async with account_edge.client_of(identity, second_factor_required=True) as client:
        phone, codes = await enrol(identity, client, await signed_in(client))
        asked = await client.post("/api/auth/login", json=ACCOUNT)
        assert asked.status_code == 200
        assert asked.json() == {
            "mfaRequired": True,
            "expiresIn": 300,
            "challenge": asked.json()["challenge"],
        }
        assert "set-cookie" not in asked.headers
        wrong = {"challenge": asked.json()["challenge"], "code": "000000"}
        refused = await client.post("/api/auth/mfa", json=wrong)
        assert (refused.status_code, refused.json()["code"]) == (401, "UNAUTHORIZED")
        unknown = await client.post("/api/auth/mfa", json={**wrong, "challenge": "A" * 43})
        strip = {"correlationId"}
        assert {k: v for k, v in unknown.json().items() if k not in strip} == {
            k: v for k, v in refused.json().items() if k not in strip
        }
        right = {**wrong, "code": phone.code(identity.now)}
        done = await client.post("/api/auth/mfa", json=right)
        assert done.json().keys() == {"expiresIn", "csrfToken"}
        assert "ais_access" in done.headers["set-cookie"]
        again = await client.post("/api/auth/mfa", json=right)
        assert again.status_code == 401
        mobile = await signed_in(client)
        body = {"challenge": mobile["challenge"], "code": codes[0]}
        tokens = (await client.post("/api/auth/mfa", json=body)).json()
        assert tokens.keys() == {"accessToken", "refreshToken", "expiresIn"}
        account = await client.get("/api/auth/account", headers=bearer(tokens))
        assert account.json()["recoveryCodesLeft"] == 9
        renewed = await client.post(
            "/api/auth/totp/recovery-codes", json={"code": codes[1]}, headers=bearer(tokens)
        )
        assert len(renewed.json()["recoveryCodes"]) == 10


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "١٢٣٤٥٦", "123456\n", "ABCDE-FGHI1", None]
)
async def test_what_is_no_code_is_refused_as_such(identity: Identity, code: str) -> None:
    async with account_edge.client_of(identity) as client:
        body = {"challenge": "A" * 43, "code": code}
        answer = await client.post("/api/auth/mfa", json=body)
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, "code")


async def test_guessed_codes_are_limited_by_address(identity: Identity) -> None:
    """Fault row 53: codes are guessed under the limit of sign-ins."""
    async with account_edge.client_of(identity, authentication=5) as client:
        body = {"challenge": "A" * 43, "code": "000000"}
        found = [await client.post("/api/auth/mfa", json=body) for _ in range(6)]
    statuses = [each.status_code for each in found]
    assert statuses == [401] * 5 + [429], found[0].text
