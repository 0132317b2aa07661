"""Second factors that were lost: who resets them, and what a thief could do with that."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

import psycopg
import pytest

from application.identity.approve_factor_reset import approve_factor_reset
from application.identity.cancel_factor_reset import cancel_factor_reset
from application.identity.carry_out_factor_resets import carry_out_factor_resets
from application.identity.confirm_factor_reset import confirm_factor_reset
from application.identity.list_factor_resets import list_factor_resets
from application.identity.ports import Principal
from application.identity.read_standing import read_standing
from application.identity.request_factor_reset import (
    RequestedReset,
    RequestFactorReset,
    request_factor_reset,
)
from application.identity.secure_account import secure_account
from domain.identity import rejections, roles
from domain.identity.roles import Role
from infrastructure.identity import factor_resets
from tests.integration.identity.test_account_notices import letters, token_in
from tests.integration.identity.test_passwords import facts, rows, send_letters
from tests.integration.identity.test_second_factors import (
    EMAIL,
    PASSWORD,
    answer,
    ask,
    enrolled,
)
from tests.support import identity as identities
from tests.support.identity import Identity
from tests.support.servers import TestDatabase

ADMIN, SECOND, SUPPORT = "admin@example.com", "second@example.com", "support@example.com"
DAY = dt.timedelta(hours=24)


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        each.now = dt.datetime.now(dt.UTC)
        for email, role in ((ADMIN, "admin"), (SECOND, "admin"), (SUPPORT, "support")):
            await each.register(email, PASSWORD, role)  # type: ignore[arg-type]  # literals
        yield each


async def caller(identity: Identity, email: str = ADMIN) -> Principal:
    return identity.tokens.verify((await identity.log_in(email, PASSWORD)).encode())


async def asked(identity: Identity, by: str = ADMIN, email: str = EMAIL) -> RequestedReset:
    command = RequestFactorReset(email, "cor")
    return await request_factor_reset(await caller(identity, by), command, identity.accounts)


async def approved(identity: Identity, reset: str, by: str = SECOND) -> None:
    await approve_factor_reset(
        await caller(identity, by), reset, identity.accounts, correlation_id="cor"
    )


async def confirmed(identity: Identity, database: TestDatabase) -> dt.datetime:
    await send_letters(identity, database)
    return await confirm_factor_reset(identity.mailbox.token(), identity.accounts)


async def carry_out(identity: Identity) -> None:
    await carry_out_factor_resets(identity.accounts.resets, lambda: identity.now)


async def is_gone(identity: Identity) -> bool:
    found = await identity.directory.find(identity.lookup.of(EMAIL))
    assert found is not None
    return not found.has_second_factor


def audited(database: TestDatabase) -> list[tuple[object, ...]]:
    return rows(
        database,
        "SELECT split_part(actor, ':', 1), action, change->>'path' FROM audit.action "
        "WHERE action LIKE 'user.second%' ORDER BY id",
    )


@pytest.mark.parametrize("role", [each for each in roles.ROLES if each != "customer"])
async def test_an_admin_resets_the_factor_of_staff_with_another_admin_where_the_role_needs_one(
    identity: Identity, database: TestDatabase, role: Role
) -> None:
    _, _, held = await enrolled(identity, role)
    reset = await asked(identity)
    if roles.needs_second_factor(role):
        assert reset.path == "approval"
        assert not await is_gone(identity)
        with pytest.raises(rejections.ResetNotApproved) as own:
            await approved(identity, reset.id, ADMIN)
        assert own.value.parameters == {"reason": "own_request"}
        await approved(identity, reset.id)
        with pytest.raises(rejections.ResetUnknown):
            await approved(identity, reset.id)
        who = [("admin", "user.second_factor_reset_requested", "approval")]
    else:
        assert reset.path == "at_once"
        who = [("admin", "user.second_factor_reset_requested", "at_once")]
    assert await is_gone(identity)
    stored = await identity.sessions.sessions.find(held.session)
    assert stored is not None
    assert stored.session.has_ended
    assert audited(database) == [*who, ("admin", "user.second_factor_reset", reset.path)]
    assert "Your second factor was reset" in [
        each.subject for each in await letters(identity, database)
    ]
    # The password alone signs in, and an app is enrolled again.
    await identity.log_in(EMAIL, PASSWORD)


async def test_an_admin_who_asked_and_is_none_any_more_has_asked_for_nothing(
    identity: Identity, database: TestDatabase
) -> None:
    await enrolled(identity, "finance")
    reset = await asked(identity)
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute(
            "UPDATE identity.app_user SET role = 'support' WHERE email_index = %s",
            (identity.lookup.of(ADMIN),),
        )
    with pytest.raises(rejections.ResetUnknown):
        await approved(identity, reset.id)
    assert not await is_gone(identity)


async def test_an_approval_waits_for_a_day(identity: Identity) -> None:
    await enrolled(identity, "admin")
    reset = await asked(identity)
    identity.now += DAY
    with pytest.raises(rejections.ResetUnknown):
        await approved(identity, reset.id)
    assert await list_factor_resets(identity.accounts) == []


async def test_who_asks_is_refused_where_it_is_not_theirs(identity: Identity) -> None:
    await enrolled(identity, "finance")
    with pytest.raises(rejections.NotAllowed):
        await asked(identity, SUPPORT)
    with pytest.raises(rejections.UserUnknown):
        await asked(identity, email="nobody@example.com")
    for email, reason in ((ADMIN, "own_factor"), (SECOND, "no_second_factor")):
        with pytest.raises(rejections.FactorNotReset) as refused:
            await asked(identity, email=email)
        assert refused.value.parameters == {"reason": reason}


async def test_support_resets_the_factor_of_a_customer_a_day_after_the_mail_was_confirmed(
    identity: Identity, database: TestDatabase
) -> None:
    await enrolled(identity)
    reset = await asked(identity, SUPPORT)
    assert reset.path == "mailbox"
    resets_at = await confirmed(identity, database)
    assert resets_at == identity.now + DAY
    (waiting,) = await list_factor_resets(identity.accounts)
    assert (waiting.email, waiting.role, waiting.resets_at) == (EMAIL, "customer", resets_at)
    (*_, letter) = await letters(identity, database)
    assert letter.subject == "Your second factor will be removed in 24 hours"
    identity.now += DAY - dt.timedelta(seconds=1)
    await carry_out(identity)
    assert not await is_gone(identity)
    identity.now += dt.timedelta(seconds=1)
    await carry_out(identity)
    assert await is_gone(identity)
    assert audited(database)[-1] == ("support", "user.second_factor_reset", "mailbox")
    await carry_out(identity)
    assert facts(database).count("second_factor_reset") == 1


async def test_without_the_mail_nothing_is_removed(
    identity: Identity, database: TestDatabase
) -> None:
    await enrolled(identity)
    await asked(identity, SUPPORT)
    await send_letters(identity, database)
    identity.now += DAY
    await carry_out(identity)
    assert not await is_gone(identity)
    with pytest.raises(rejections.LinkRefused):
        await confirm_factor_reset(identity.mailbox.token(), identity.accounts)


async def test_the_letter_about_a_waiting_reset_stops_it(
    identity: Identity, database: TestDatabase
) -> None:
    await enrolled(identity)
    await asked(identity, SUPPORT)
    await confirmed(identity, database)
    (*_, letter) = await letters(identity, database)
    await secure_account(token_in(letter), identity.accounts)
    identity.now += 2 * DAY
    await carry_out(identity)
    assert not await is_gone(identity)


@pytest.mark.parametrize("proof", ["app", "recovery_code"])
async def test_who_proves_the_factor_has_not_lost_it(
    identity: Identity, database: TestDatabase, proof: str
) -> None:
    app, codes, _ = await enrolled(identity)
    await asked(identity, SUPPORT)
    await confirmed(identity, database)
    code = app.code(identity.now) if proof == "app" else codes[0]
    held = await answer(identity, await ask(identity), code)
    steps = await read_standing(held, identity.accounts)
    assert [each.state for each in steps] == ["unverified"]
    identity.now += 2 * DAY
    await carry_out(identity)
    assert not await is_gone(identity)


@pytest.mark.parametrize("is_confirmed", [True, False])
async def test_staff_cancel_a_reset_that_waits(
    identity: Identity, database: TestDatabase, is_confirmed: bool
) -> None:
    await enrolled(identity)
    reset = await asked(identity, SUPPORT)
    if is_confirmed:
        await confirmed(identity, database)
    else:
        await send_letters(identity, database)
    support = await caller(identity, SUPPORT)
    await cancel_factor_reset(support, reset.id, identity.accounts, correlation_id="cor")
    with pytest.raises(rejections.LinkRefused):
        await confirm_factor_reset(identity.mailbox.token(), identity.accounts)
    with pytest.raises(rejections.ResetUnknown):
        await cancel_factor_reset(support, reset.id, identity.accounts, correlation_id="cor")
    identity.now += 2 * DAY
    await carry_out(identity)
    assert not await is_gone(identity)


async def test_support_cancels_no_reset_of_staff(identity: Identity) -> None:
    await enrolled(identity, "finance")
    reset = await asked(identity)
    with pytest.raises(rejections.ResetUnknown):
        await cancel_factor_reset(
            await caller(identity, SUPPORT), reset.id, identity.accounts, correlation_id="cor"
        )
    await approved(identity, reset.id)


async def test_a_newer_request_makes_the_older_one_void_and_the_fourth_is_not_mailed(
    identity: Identity, database: TestDatabase
) -> None:
    await enrolled(identity)
    await asked(identity, SUPPORT)
    await send_letters(identity, database)
    older = identity.mailbox.token()
    for _ in range(2):
        await asked(identity, SUPPORT)
    with pytest.raises(rejections.LinkRefused):
        await confirm_factor_reset(older, identity.accounts)
    with pytest.raises(rejections.ResetNotMailed):
        await asked(identity, SUPPORT)
    assert len(await list_factor_resets(identity.accounts)) == 1


async def test_of_twenty_approvals_at_once_one_resets(
    identity: Identity, database: TestDatabase
) -> None:
    await enrolled(identity, "finance")
    reset = await asked(identity)
    second = await caller(identity, SECOND)
    await asyncio.gather(
        *(
            approve_factor_reset(second, reset.id, identity.accounts, correlation_id="cor")
            for _ in range(20)
        ),
        return_exceptions=True,
    )
    assert facts(database).count("second_factor_reset") == 1


async def test_an_operator_resets_the_factor_of_the_only_admin(
    identity: Identity, database: TestDatabase
) -> None:
    await enrolled(identity, "admin")
    assert factor_resets.remove_factor(database.owner_dsn, identity.lookup.of(EMAIL))
    assert await is_gone(identity)
    assert audited(database) == [("operator", "user.second_factor_reset", "operator")]
    assert not factor_resets.remove_factor(database.owner_dsn, identity.lookup.of(EMAIL))


@pytest.mark.parametrize(
    "attack",
    [
        "INSERT INTO identity.second_factor_reset (id, user_id, path, requested_by, requested_at, "
        "expires_at) VALUES ('x', 'x', 'at_once', 'x', now(), now())",
        "UPDATE identity.second_factor_reset SET confirmed_at = now()",
        "DELETE FROM identity.second_factor_reset",
        "SELECT identity.remove_factor('user', 'user', now(), '{}', 'cor')",
    ],
)
def test_the_application_forges_no_reset(database: TestDatabase, attack: str) -> None:
    with (
        psycopg.connect(database.app_dsn) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(attack.encode())


async def test_not_even_the_owner_of_the_schema_shortens_the_day(
    identity: Identity, database: TestDatabase
) -> None:
    await enrolled(identity)
    await asked(identity, SUPPORT)
    await confirmed(identity, database)
    for attack in ("done_at = now()", "confirmed_at = now() - interval '2 days'"):
        with psycopg.connect(database.owner_dsn) as owner, pytest.raises(psycopg.Error):
            owner.execute(f"UPDATE identity.second_factor_reset SET {attack}".encode())
