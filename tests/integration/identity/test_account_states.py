"""What an app shows first: the state of an account, and what its user does next."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any, get_args

import psycopg
import pytest

from application.identity.invite_staff import InviteStaff, invite_staff
from application.identity.ports import Principal
from application.identity.read_standing import AccountStep, read_standing
from domain.identity.standing import State
from infrastructure.privacy.erasures import PostgresErasures
from interfaces.http import identity as routes
from tests.integration.identity.test_lost_second_factors import asked, confirmed
from tests.integration.identity.test_second_factors import EMAIL, PASSWORD, enrolled
from tests.support import account_edge
from tests.support import identity as identities
from tests.support.identity import Identity
from tests.support.openapi_document import openapi_document
from tests.support.servers import TestDatabase

ADMIN = "admin@example.com"


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        each.now = dt.datetime.now(dt.UTC)
        yield each


async def me(identity: Identity, *, second_factor_required: bool = True) -> Any:
    """What the API says to a user who has just signed in."""
    body = {"email": EMAIL, "password": PASSWORD}
    async with account_edge.client_of(
        identity, second_factor_required=second_factor_required
    ) as client:
        token = (await client.post("/api/auth/mobile-login", json=body)).json()["accessToken"]
        headers = {"authorization": f"Bearer {token}"}
        return (await client.get("/api/auth/me", headers=headers)).json()


def run(database: TestDatabase, query: str) -> None:
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute(query.encode())


def steps(answer: Any) -> list[tuple[str, str, str]]:
    return [(each["state"], each["step"], each["operationId"]) for each in answer["nextSteps"]]


async def test_an_account_that_waits_for_nothing_is_active(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register(EMAIL, PASSWORD)
    run(database, "UPDATE identity.app_user SET email_verified_at = now()")
    found = await me(identity)
    assert (found["role"], found["state"], found["nextSteps"]) == ("customer", "active", [])


async def test_an_address_is_verified_first(identity: Identity) -> None:
    await identity.register(EMAIL, PASSWORD)
    found = await me(identity)
    assert found["state"] == "unverified"
    assert steps(found) == [("unverified", "verify_email", "requestVerification")]


async def test_a_role_that_needs_a_second_factor_enrols_one(identity: Identity) -> None:
    await identity.register(EMAIL, PASSWORD, "finance")
    found = await me(identity)
    assert steps(found) == [("second_factor_required", "enrol_second_factor", "beginEnrolment")]
    assert (await me(identity, second_factor_required=False))["state"] in (
        *("active", "second_factor_required"),
    )


async def test_a_session_that_has_not_proved_the_factor_signs_in_again(identity: Identity) -> None:
    _, _, held = await enrolled(identity, "finance")
    unproved = Principal(held.user, "finance", held.session)
    (step,) = await read_standing(unproved, identity.accounts)
    assert (step.state, step.step) == ("second_factor_required", "sign_in_again")
    proved = Principal(held.user, "finance", held.session, second_factor=True)
    assert await read_standing(proved, identity.accounts) == ()


async def test_everything_that_waits_is_said_the_most_urgent_first(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register(ADMIN, PASSWORD, "admin")
    _, _, held = await enrolled(identity)
    await asked(identity, ADMIN)
    resets_at = await confirmed(identity, database)
    until = await invite_staff(InviteStaff(EMAIL, "gate", "en", None), identity.accounts.inviting)
    # As the product names its users; those of the tests have another prefix.
    run(database, "ALTER TABLE privacy.erasure DROP CONSTRAINT erasure_person_check")
    run(database, "UPDATE identity.app_user SET locked_until = now() + interval '10 minutes'")
    await PostgresErasures(identity.pool).request(held.user, reason="request", by=held.user)
    found = await read_standing(held, identity.accounts)
    assert [(each.state, each.step) for each in found] == [
        ("erasure_pending", "stop_erasure"),
        ("second_factor_reset_pending", "prove_second_factor"),
        ("locked", "change_password"),
        ("invitation_open", "accept_invitation"),
        ("unverified", "verify_email"),
    ]
    ends = {each.state: each.until for each in found}
    assert ends["second_factor_reset_pending"] == resets_at
    assert ends["invitation_open"] == until
    # What is over is not said any more.
    identity.now += dt.timedelta(days=4)
    assert [each.state for each in await read_standing(held, identity.accounts)] == [
        *("erasure_pending", "second_factor_reset_pending", "unverified"),
    ]


async def test_a_client_of_a_third_party_is_not_shown_how_an_account_is_protected(
    identity: Identity,
) -> None:
    _, _, held = await enrolled(identity, "finance")
    other = Principal(held.user, "finance", held.session, client="client_x", scopes=frozenset())
    assert await read_standing(other, identity.accounts) == ()


def test_every_step_names_an_operation_of_the_api_and_the_guide_explains_every_state() -> None:
    made = openapi_document()
    operations = {
        operation["operationId"]
        for path in made["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "operationId" in operation
    }
    assert set(routes.OPERATIONS) == set(get_args(AccountStep))
    assert set(routes.OPERATIONS.values()) <= operations
    with open("docs/reference/mobile-api.md", encoding="utf-8") as guide:
        text = guide.read()
    for state in get_args(State):
        assert f"| `{state}` |" in text, state
