"""Invitations and roles over HTTP: by an admin alone, with the second factor where required."""

import datetime as dt
from collections.abc import AsyncIterator

import pytest

from domain.identity import roles
from domain.identity.roles import Role
from tests.integration.identity.test_passwords import send_letters
from tests.integration.identity.test_second_factors_over_http import bearer, enrol
from tests.support import account_edge
from tests.support import identity as identities
from tests.support.identity import Identity
from tests.support.servers import TestDatabase

ACCOUNT = {"email": "layla@example.com", "password": "correct horse battery"}
NEW = {"email": "noura@example.com", "password": "seven dunes at dawn"}


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        each.now = dt.datetime.now(dt.UTC)
        yield each


async def test_a_colleague_is_invited_enrols_and_works(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register(ACCOUNT["email"], ACCOUNT["password"], "admin")
    async with account_edge.client_of(identity, second_factor_required=True) as client:
        admin = (await client.post("/api/auth/mobile-login", json=ACCOUNT)).json()
        body = {"email": NEW["email"], "role": "auditor"}
        early = await client.post("/api/admin/invitations", json=body, headers=bearer(admin))
        assert early.json()["details"] == {"reason": "second_factor_required"}
        await enrol(identity, client, admin)
        refresh = {"authorization": f"Bearer {admin['refreshToken']}"}
        admin = (await client.post("/api/auth/refresh", headers=refresh)).json()
        made = await client.post("/api/admin/invitations", json=body, headers=bearer(admin))
        assert made.status_code == 202, made.text
        assert made.json().keys() == {"email", "role", "expiresAt"}
        await send_letters(identity, database)
        path = "/api/auth/invitations/accept"
        answer = {"token": identity.mailbox.token(), "password": NEW["password"]}
        accepted = await client.post(path, json=answer)
        assert (accepted.status_code, accepted.json()) == (
            *(200, {"role": "auditor", "mfaRequired": True}),
        )
        again = await client.post(path, json=answer)
        assert again.json()["details"] == {"field": "token", "reason": "not_valid"}
        colleague = (await client.post("/api/auth/mobile-login", json=NEW)).json()
        assert (await client.get("/api/auth/sessions", headers=bearer(colleague))).json()[
            "details"
        ] == {"reason": "second_factor_required"}
        # The admin changes the role: every session of the colleague ends.
        role = {"email": NEW["email"], "role": "gate"}
        done = await client.post("/api/admin/users/role", json=role, headers=bearer(admin))
        assert (done.status_code, done.json()) == (200, {"role": "gate"})
        over = await client.get("/api/auth/me", headers=bearer(colleague))
        assert over.status_code == 401
        own = {"email": ACCOUNT["email"], "role": "gate"}
        kept = await client.post("/api/admin/users/role", json=own, headers=bearer(admin))
        assert (kept.status_code, kept.json()["details"]) == (409, {"reason": "own_role"})
        unknown = {"email": "nobody@example.com", "role": "gate"}
        none = await client.post("/api/admin/users/role", json=unknown, headers=bearer(admin))
        assert none.status_code == 404
        for _ in range(2):
            await client.post("/api/admin/invitations", json=body, headers=bearer(admin))
        fourth = await client.post("/api/admin/invitations", json=body, headers=bearer(admin))
        assert (fourth.status_code, fourth.json()["details"]) == (
            *(429, {"reason": "invited_too_often"}),
        )


@pytest.mark.parametrize("role", [each for each in roles.ROLES if each != "admin"])
async def test_no_other_role_invites_or_gives_rights(identity: Identity, role: Role) -> None:
    """Fault row 51: also not for themselves."""
    await identity.register(ACCOUNT["email"], ACCOUNT["password"], role)
    async with account_edge.client_of(identity) as client:
        tokens = (await client.post("/api/auth/mobile-login", json=ACCOUNT)).json()
        body = {"email": ACCOUNT["email"], "role": "admin"}
        for path in ("/api/admin/invitations", "/api/admin/users/role"):
            answer = await client.post(path, json=body, headers=bearer(tokens))
            assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
            assert (await client.post(path, json=body)).status_code == 401
        again = (await client.post("/api/auth/mobile-login", json=ACCOUNT)).json()
        me = await client.get("/api/auth/me", headers=bearer(again))
        assert me.json()["role"] == role


@pytest.mark.parametrize(
    "body",
    [
        {"email": "noura@example.com", "role": "emperor"},
        {"email": "noura@example.com", "role": "customer"},
        {"email": "nobody", "role": "gate"},
        {"email": "noura@example.com", "role": "gate", "invitedBy": None},
    ],
)
async def test_a_bad_invitation_is_refused_with_its_field(
    identity: Identity, body: dict[str, str]
) -> None:
    await identity.register(ACCOUNT["email"], ACCOUNT["password"], "admin")
    async with account_edge.client_of(identity) as client:
        tokens = (await client.post("/api/auth/mobile-login", json=ACCOUNT)).json()
        answer = await client.post("/api/admin/invitations", json=body, headers=bearer(tokens))
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
        assert answer.json()["details"]["field"]
