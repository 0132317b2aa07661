"""Addresses of accounts: verified and changed by mailed links, on a real database and over HTTP."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

import psycopg
import pytest

from application.identity.change_email import ChangeEmail, change_email
from application.identity.confirm_email import confirm_email
from application.identity.enrol_second_factor import begin_enrolment, confirm_enrolment
from application.identity.ports import Principal
from application.identity.read_account import read_account
from application.identity.request_verification import request_verification
from domain.identity import rejections
from tests.integration.identity.test_passwords import facts, mailed, reset, send_letters
from tests.integration.identity.test_second_factors import App
from tests.support import account_edge
from tests.support import identity as identities
from tests.support.account_notices import send_notices
from tests.support.identity import HOME, Identity
from tests.support.servers import TestDatabase

EMAIL, NEW = "layla@example.com", "layla.haddad@example.com"
PASSWORD, OTHER = "correct horse battery", "seven dunes at dawn"


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        each.now = dt.datetime.now(dt.UTC)
        await each.register(EMAIL, PASSWORD)
        yield each


async def holder(identity: Identity, email: str = EMAIL, password: str = PASSWORD) -> Principal:
    return identity.tokens.verify((await identity.log_in(email, password)).encode())


async def is_verified(identity: Identity, caller: Principal) -> bool:
    return (await read_account(caller, identity.accounts)).is_verified


async def refused(identity: Identity, caller: Principal, token: str) -> None:
    with pytest.raises(rejections.LinkRefused) as error:
        await confirm_email(caller, token, identity.accounts)
    assert error.value.parameters == {"field": "token", "reason": "not_valid"}


async def ask_for(identity: Identity, caller: Principal, email: str = NEW) -> None:
    command = ChangeEmail(email, PASSWORD, "en", HOME)
    await change_email(caller, command, identity.accounts)


async def test_the_address_is_verified_by_the_letter_of_the_registration(
    identity: Identity, database: TestDatabase
) -> None:
    caller = await holder(identity)
    assert not await is_verified(identity, caller)
    assert await send_letters(identity, database, registration=True) == 1
    (letter,) = identity.mailbox.letters
    assert (letter.to, letter.subject) == (EMAIL, "Confirm your e-mail address")
    await confirm_email(caller, identity.mailbox.token(), identity.accounts)
    assert await is_verified(identity, caller)
    assert facts(database)[-1] == "email_verified"
    await refused(identity, caller, identity.mailbox.token())
    assert await request_verification(caller, "en", identity.accounts) is True
    assert await send_letters(identity, database, registration=True) == 1


async def test_a_link_that_is_mailed_again_makes_the_older_void(
    identity: Identity, database: TestDatabase
) -> None:
    caller = await holder(identity)
    await send_letters(identity, database, registration=True)
    older = identity.mailbox.token()
    assert await request_verification(caller, "ar", identity.accounts) is False
    await send_letters(identity, database, registration=True)
    assert identity.mailbox.letters[-1].subject == "أكّد بريدك الإلكتروني"
    await refused(identity, caller, older)
    identity.now += dt.timedelta(days=3)
    await refused(identity, caller, identity.mailbox.token())
    identity.now -= dt.timedelta(seconds=1)
    await confirm_email(caller, identity.mailbox.token(), identity.accounts)


async def test_a_link_alone_verifies_no_account_of_a_stranger(
    identity: Identity, database: TestDatabase
) -> None:
    """The owner of the mailbox opens the letter while signed in to an account of their own."""
    await identity.register("omar@example.com", PASSWORD)
    await send_letters(identity, database, registration=True)
    omar = await holder(identity, "omar@example.com")
    tokens = [each.text.partition("?token=")[2].split()[0] for each in identity.mailbox.letters]
    await refused(identity, omar, tokens[0])
    assert not await is_verified(identity, omar)
    assert not await is_verified(identity, await holder(identity))
    await confirm_email(omar, tokens[1], identity.accounts)


async def test_a_reset_of_an_unproved_account_removes_the_factor_of_a_stranger(
    identity: Identity, database: TestDatabase
) -> None:
    stranger = await holder(identity)
    made = await begin_enrolment(stranger, PASSWORD, identity.accounts, address=HOME)
    code = App(made.secret).code(identity.now)
    await confirm_enrolment(stranger, code, identity.accounts, address=HOME)
    await reset(identity, await mailed(identity, database), OTHER)
    # No second step: the factor was not of the owner of the mailbox.
    owner = await holder(identity, EMAIL, OTHER)
    assert await is_verified(identity, owner)


async def test_a_new_address_counts_once_its_link_was_used(
    identity: Identity, database: TestDatabase
) -> None:
    caller = await holder(identity)
    await ask_for(identity, caller)
    assert (await read_account(caller, identity.accounts)).email == EMAIL
    await send_letters(identity, database)
    (letter,) = identity.mailbox.letters
    assert (letter.to, letter.subject) == (NEW, "Confirm your new e-mail address")
    token = identity.mailbox.token()
    reset_link = await mailed(identity, database)
    await confirm_email(caller, token, identity.accounts)
    account = await read_account(caller, identity.accounts)
    assert (account.email, account.is_verified) == (NEW, True)
    await holder(identity, NEW)
    with pytest.raises(rejections.CredentialsRefused):
        await identity.log_in(EMAIL, PASSWORD)
    # The link that went to the earlier address is void.
    with pytest.raises(rejections.LinkRefused):
        await reset(identity, reset_link, OTHER)
    assert await send_notices(identity, database) == ["email_replaced", "email_changed"]
    earlier, new = identity.mailbox.letters[-2:]
    assert (earlier.to, earlier.subject) == (EMAIL, "Your account has another e-mail address")
    assert (new.to, new.subject) == (NEW, "Your account has this e-mail address now")
    assert NEW not in earlier.text
    assert facts(database).count("email_changed") == 1


async def test_the_link_that_verifies_an_address_resets_no_password(
    identity: Identity, database: TestDatabase
) -> None:
    await send_letters(identity, database, registration=True)
    with pytest.raises(rejections.LinkRefused):
        await reset(identity, identity.mailbox.token(), OTHER)
    await holder(identity)


async def test_the_link_to_a_new_address_works_for_a_day(
    identity: Identity, database: TestDatabase
) -> None:
    caller = await holder(identity)
    await ask_for(identity, caller)
    await send_letters(identity, database)
    identity.now += dt.timedelta(days=1)
    await refused(identity, caller, identity.mailbox.token())
    identity.now -= dt.timedelta(seconds=1)
    await confirm_email(caller, identity.mailbox.token(), identity.accounts)


async def test_an_address_that_another_account_has_is_not_revealed_and_not_taken(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register("omar@example.com", PASSWORD)
    caller = await holder(identity)
    await ask_for(identity, caller, "Omar@example.com")
    assert await send_letters(identity, database) == 0
    # It was free when the letter was sent, and is taken when the link is used.
    await ask_for(identity, caller)
    await send_letters(identity, database)
    await identity.register(NEW, OTHER)
    await refused(identity, caller, identity.mailbox.token())
    assert (await read_account(caller, identity.accounts)).email == EMAIL
    await holder(identity, NEW, OTHER)
    assert "email_replaced" not in await send_notices(identity, database)


async def test_of_twenty_uses_at_once_one_changes_the_address(
    identity: Identity, database: TestDatabase
) -> None:
    caller = await holder(identity)
    await ask_for(identity, caller)
    await send_letters(identity, database)
    token = identity.mailbox.token()
    done = await asyncio.gather(
        *(confirm_email(caller, token, identity.accounts) for _ in range(20)),
        return_exceptions=True,
    )
    assert sum(each is None for each in done) == 1
    assert sum(isinstance(each, rejections.LinkRefused) for each in done) == 19


async def test_the_application_forges_no_notice(identity: Identity, database: TestDatabase) -> None:
    with (
        psycopg.connect(database.app_dsn) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("UPDATE identity.mailed_link SET replaced_email = 'x'")


async def test_an_address_is_verified_and_changed_over_http(
    identity: Identity, database: TestDatabase
) -> None:
    account = {"email": EMAIL, "password": PASSWORD}
    async with account_edge.client_of(identity) as client:
        tokens = (await client.post("/api/auth/mobile-login", json=account)).json()
        own = {"authorization": f"Bearer {tokens['accessToken']}"}
        again = await client.post("/api/auth/email/verification", headers=own)
        assert (again.status_code, again.json()) == (202, {"emailVerified": False})
        await send_letters(identity, database, registration=True)
        body = {"token": identity.mailbox.token()}
        assert (await client.post("/api/auth/email/verify", json=body)).status_code == 401
        done = await client.post("/api/auth/email/verify", json=body, headers=own)
        assert (done.status_code, done.json()) == (200, {"emailVerified": True})
        used = await client.post("/api/auth/email/verify", json=body, headers=own)
        assert used.json()["details"] == {"field": "token", "reason": "not_valid"}
        found = (await client.get("/api/auth/account", headers=own)).json()
        assert (found["email"], found["emailVerified"]) == (EMAIL, True)
        change = {"newEmail": NEW, "password": "wrong password"}
        wrong = await client.post("/api/auth/email", json=change, headers=own)
        assert wrong.json()["details"] == {"field": "password", "reason": "wrong"}
        change["password"] = PASSWORD
        asked = await client.post("/api/auth/email", json=change, headers=own)
        assert (asked.status_code, asked.json()) == (202, {"email": NEW})
        await send_letters(identity, database)
        body = {"token": identity.mailbox.token()}
        await client.post("/api/auth/email/verify", json=body, headers=own)
        found = (await client.get("/api/auth/account", headers=own)).json()
        assert (found["email"], found["emailVerified"]) == (NEW, True)
