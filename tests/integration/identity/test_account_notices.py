"""Letters about what happened to an account, and their link: that was not me."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
import pytest

from application.identity.account_notices import NOTICE_KINDS
from application.identity.change_email import ChangeEmail, change_email
from application.identity.change_password import ChangePassword, change_password
from application.identity.confirm_email import confirm_email
from application.identity.register_user import RegisterUser, register_user
from application.identity.reset_password import ResetPassword, reset_password
from application.identity.secure_account import SecuredAccount, secure_account
from application.mail import Letter
from domain.identity import rejections
from tests.integration.identity.test_emails import ask_for, holder
from tests.integration.identity.test_passwords import facts, mailed, reset, rows, send_letters
from tests.integration.identity.test_second_factors import App, begin_enrolment, confirm_enrolment
from tests.support import identity as identities
from tests.support.account_notices import send_notices
from tests.support.identity import HOME, Identity
from tests.support.servers import TestDatabase

EMAIL, NEW = "layla@example.com", "layla.haddad@example.com"
PASSWORD, OTHER, THIRD = "correct horse battery", "seven dunes at dawn", "three palms by night"
ELSEWHERE = "203.0.113.99"


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        each.now = dt.datetime.now(dt.UTC)
        await each.register(EMAIL, PASSWORD)
        yield each


def token_in(letter: Letter) -> str:
    """The token of the page that secures the account."""
    return letter.text.split("/account/not-me?token=")[1].split()[0]


async def letters(identity: Identity, database: TestDatabase) -> list[Letter]:
    """The letters about the account, the oldest first."""
    identity.mailbox.letters.clear()
    await send_notices(identity, database)
    return list(identity.mailbox.letters)


async def secured(identity: Identity, letter: Letter) -> SecuredAccount:
    return await secure_account(token_in(letter), identity.accounts)


async def refused(identity: Identity, letter: Letter) -> None:
    with pytest.raises(rejections.LinkRefused):
        await secured(identity, letter)


async def change(identity: Identity, old: str = PASSWORD, new: str = OTHER) -> None:
    caller = await holder(identity, password=old)
    await change_password(caller, ChangePassword(old, new, HOME), identity.accounts)


async def reset_by_link(identity: Identity, database: TestDatabase) -> None:
    await reset(identity, await mailed(identity, database), OTHER)


async def sign_in_elsewhere(identity: Identity, _database: TestDatabase) -> None:
    await identity.log_in(EMAIL, PASSWORD)
    await identity.log_in(EMAIL, PASSWORD, address=ELSEWHERE)


async def change_it(identity: Identity, _database: TestDatabase) -> None:
    await change(identity)


async def enrol(identity: Identity, _database: TestDatabase) -> None:
    caller = await holder(identity)
    made = await begin_enrolment(caller, PASSWORD, identity.accounts, address=HOME)
    code = App(made.secret).code(identity.now)
    await confirm_enrolment(caller, code, identity.accounts, address=HOME)


@pytest.mark.parametrize(
    ("happen", "subject"),
    [
        (change_it, "Your password was changed"),
        (reset_by_link, "Your password was changed"),
        (sign_in_elsewhere, "A new device has signed in to your account"),
        (enrol, "An authenticator app was added to your account"),
    ],
)
async def test_what_changes_the_protection_of_an_account_is_written_to_its_address(
    identity: Identity,
    database: TestDatabase,
    happen: Callable[[Identity, TestDatabase], Awaitable[None]],
    subject: str,
) -> None:
    await happen(identity, database)
    (letter,) = await letters(identity, database)
    assert (letter.to, letter.subject) == (EMAIL, subject)
    assert f"{identity.now:%Y-%m-%d %H:%M} UTC" in letter.text
    # The task is carried out again: the same letter with the same link.
    assert await letters(identity, database) == [letter]


async def test_a_first_sign_in_and_one_from_a_known_place_are_no_news(
    identity: Identity, database: TestDatabase
) -> None:
    signed = await identity.signed_in(EMAIL, PASSWORD)
    await identity.log_in(EMAIL, PASSWORD)
    # A device that is known by its token is so at any address.
    await identity.log_in(EMAIL, PASSWORD, address=ELSEWHERE, device=signed.device_token)
    assert await letters(identity, database) == []


async def test_letters_that_nobody_asked_for_are_in_the_language_of_the_registration(
    identity: Identity, database: TestDatabase
) -> None:
    arabic = "noura@example.com"
    await register_user(RegisterUser(arabic, PASSWORD, "customer", "ar"), identity.registration)
    # What a stranger can ask for changes no language.
    await reset(identity, await mailed(identity, database), OTHER)
    for email, password in ((arabic, PASSWORD), (EMAIL, OTHER)):
        for place in (HOME, ELSEWHERE):
            await identity.log_in(email, password, address=place)
    by_address = {each.to: each for each in await letters(identity, database)}
    assert by_address[arabic].subject == "سجّل جهاز جديد الدخول إلى حسابك"
    assert by_address[EMAIL].subject == "A new device has signed in to your account"


async def test_the_link_ends_all_sessions_and_the_password_and_sets_another_one(
    identity: Identity, database: TestDatabase
) -> None:
    await change(identity)
    thief = await identity.signed_in(EMAIL, OTHER)
    (letter,) = await letters(identity, database)
    done = await secured(identity, letter)
    # That of the change of the password, and the thief's.
    assert done.ended == 2
    assert identity.ended.known(thief.tokens.session) is True
    with pytest.raises(rejections.CredentialsRefused):
        await identity.log_in(EMAIL, OTHER)
    await refused(identity, letter)
    assert done.reset_token is not None
    # The same link is mailed, for a browser that is closed too early.
    await send_letters(identity, database)
    assert identity.mailbox.token() == done.reset_token
    await reset_password(ResetPassword(done.reset_token, THIRD), identity.accounts)
    await identity.log_in(EMAIL, THIRD)
    assert "account_secured" in facts(database)


async def test_of_twenty_uses_at_once_one_secures_the_account(
    identity: Identity, database: TestDatabase
) -> None:
    await change(identity)
    (letter,) = await letters(identity, database)
    done = await asyncio.gather(
        *(secured(identity, letter) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(each, SecuredAccount) for each in done) == 1
    assert sum(isinstance(each, rejections.LinkRefused) for each in done) == 19


async def test_the_link_works_for_seven_days(identity: Identity, database: TestDatabase) -> None:
    await change(identity)
    (letter,) = await letters(identity, database)
    identity.now += dt.timedelta(days=7)
    await refused(identity, letter)
    identity.now -= dt.timedelta(seconds=1)
    await secured(identity, letter)


async def stolen(identity: Identity, database: TestDatabase) -> tuple[Letter, Letter]:
    """The letters to the earlier and the new address, after a thief has changed it."""
    caller = await holder(identity)
    await ask_for(identity, caller)
    await send_letters(identity, database)
    await confirm_email(caller, identity.mailbox.token(), identity.accounts)
    earlier, new = await letters(identity, database)
    assert (earlier.to, new.to) == (EMAIL, NEW)
    return earlier, new


async def test_the_owner_of_the_earlier_address_gets_the_account_back_from_a_thief(
    identity: Identity, database: TestDatabase
) -> None:
    earlier, new = await stolen(identity, database)
    # The thief is the first to use a link: it secures the account for the new address.
    assert (await secured(identity, new)).reset_token is not None
    done = await secured(identity, earlier)
    assert done.reset_token is not None
    await refused(identity, new)
    await reset_password(ResetPassword(done.reset_token, THIRD), identity.accounts)
    await identity.log_in(EMAIL, THIRD)
    with pytest.raises(rejections.CredentialsRefused):
        await identity.log_in(NEW, THIRD)


async def test_the_letter_to_a_new_address_undoes_nothing_once_the_earlier_one_is_back(
    identity: Identity, database: TestDatabase
) -> None:
    earlier, new = await stolen(identity, database)
    await secured(identity, earlier)
    await refused(identity, new)
    assert rows(database, "SELECT reason FROM identity.auth_event WHERE happened = "
                "'account_secured'") == [("address_restored",)]  # fmt: skip


async def test_a_thief_does_not_keep_the_earlier_address_by_registering_it(
    identity: Identity, database: TestDatabase
) -> None:
    earlier, _ = await stolen(identity, database)
    await identity.register(EMAIL, OTHER)
    done = await secured(identity, earlier)
    assert done.reset_token is not None
    await reset_password(ResetPassword(done.reset_token, THIRD), identity.accounts)
    await identity.log_in(EMAIL, THIRD)


async def test_an_address_that_another_user_has_proved_meanwhile_stays_theirs(
    identity: Identity, database: TestDatabase
) -> None:
    earlier, _ = await stolen(identity, database)
    await identity.register(EMAIL, OTHER)
    await reset(identity, await mailed(identity, database), THIRD)
    # The sessions end and the password is worthless, but no link goes to a foreign mailbox.
    assert (await secured(identity, earlier)).reset_token is None
    await identity.log_in(EMAIL, THIRD)


async def test_a_mailbox_is_not_flooded_with_letters_of_one_kind(
    identity: Identity, database: TestDatabase
) -> None:
    pair = (PASSWORD, OTHER)
    for number in range(7):
        await change(identity, pair[number % 2], pair[(number + 1) % 2])
    assert len(await letters(identity, database)) == 5


async def test_a_change_of_address_sets_the_language(
    identity: Identity, database: TestDatabase
) -> None:
    caller = await holder(identity)
    await change_email(caller, ChangeEmail(NEW, PASSWORD, "ar", HOME), identity.accounts)
    await send_letters(identity, database)
    await confirm_email(caller, identity.mailbox.token(), identity.accounts)
    assert [each.subject for each in await letters(identity, database)] == [
        "تغيّر البريد الإلكتروني لحسابك",
        "أصبح هذا بريد حسابك",
    ]


def test_the_database_knows_the_kinds_that_have_words(database: TestDatabase) -> None:
    ((check,),) = rows(
        database,
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conname = 'account_notice_kind_check'",
    )
    assert sorted(str(check).split("'")[1::2]) == sorted(NOTICE_KINDS)


@pytest.mark.parametrize(
    "attack",
    [
        "INSERT INTO identity.account_notice (user_id, kind, email_index, email, created_at, "
        "expires_at) SELECT id, 'new_device', email_index, email, now(), now() "
        "FROM identity.app_user",
        "UPDATE identity.account_notice SET email = 'x'",
        "UPDATE identity.account_notice SET used_at = NULL",
        "DELETE FROM identity.account_notice",
        "UPDATE identity.app_user SET email = 'x'",
        "SELECT identity.add_notice('user', 'new_device', NULL, NULL, now())",
    ],
)
def test_the_application_forges_no_letter(database: TestDatabase, attack: str) -> None:
    with (
        psycopg.connect(database.app_dsn) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(attack.encode())


async def test_a_used_link_is_final_and_a_token_is_not_replaced(
    identity: Identity, database: TestDatabase
) -> None:
    await change(identity)
    (letter,) = await letters(identity, database)
    for attack in ("token_hash = sha256('x')", "token_hash = NULL"):
        with (
            psycopg.connect(database.app_dsn) as connection,
            pytest.raises(psycopg.Error, check=lambda error: error.sqlstate == "AIS01"),
        ):
            connection.execute(f"UPDATE identity.account_notice SET {attack}".encode())
    await secured(identity, letter)
    with (
        psycopg.connect(database.owner_dsn) as owner,
        pytest.raises(psycopg.Error, check=lambda error: error.sqlstate == "AIS01"),
    ):
        owner.execute("UPDATE identity.account_notice SET used_at = NULL")
