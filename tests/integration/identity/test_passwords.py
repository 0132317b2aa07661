"""Passwords that are changed or reset by a mailed link: races, stolen tokens, what is stored."""

import asyncio
import datetime as dt
import hashlib
from collections.abc import AsyncIterator

import psycopg
import pytest

from application.identity.account_letters import AccountLinkLetter
from application.identity.change_password import ChangePassword, change_password
from application.identity.expire_sessions import expire_sessions
from application.identity.ports import Principal
from application.identity.request_reset import RequestReset, request_reset
from application.identity.reset_password import ResetPassword, reset_password
from application.mail import Language
from domain.identity import rejections
from domain.identity.sessions import EndReason
from infrastructure.identity.mailed_links import PostgresMailedLinks
from tests.support import identity as identities
from tests.support.identity import HOME, Identity
from tests.support.servers import TestDatabase

EMAIL, PASSWORD, OTHER = "layla@example.com", "correct horse battery", "seven dunes at dawn"
STRANGER = "203.0.113.250"


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        await each.register(EMAIL, PASSWORD)
        yield each


def rows(database: TestDatabase, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database.owner_dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def facts(database: TestDatabase) -> list[str]:
    found = rows(database, "SELECT happened FROM identity.auth_event ORDER BY id")
    return [str(row[0]) for row in found]


async def ask(identity: Identity, email: str = EMAIL, language: Language = "en") -> None:
    await request_reset(RequestReset(email, language, HOME), identity.accounts)


async def send_letters(
    identity: Identity, database: TestDatabase, *, registration: bool = False
) -> int:
    """Carry out what the outbox holds of links, those of a `registration` or all others; returns
    how many tasks there were."""
    sign = "=" if registration else "<>"
    found = rows(
        database,
        "SELECT l.id FROM ledger.outbox AS o JOIN identity.mailed_link AS l "
        "ON l.id = o.body->>'link_id' WHERE o.topic = 'mail.account_link' "
        f"AND l.purpose {sign} 'verify_email' ORDER BY o.id",
    )
    for (link,) in found:
        await identity.letters.send(AccountLinkLetter(str(link)))
    return len(found)


async def mailed(identity: Identity, database: TestDatabase) -> str:
    """The token of a fresh link."""
    await ask(identity)
    await send_letters(identity, database)
    return identity.mailbox.token()


async def reset(identity: Identity, token: str, password: str = OTHER) -> int:
    return await reset_password(ResetPassword(token, password), identity.accounts)


async def refused(identity: Identity, token: str) -> None:
    with pytest.raises(rejections.LinkRefused) as error:
        await reset(identity, token)
    assert error.value.parameters == {"field": "token", "reason": "not_valid"}


async def test_a_mailed_link_sets_another_password_and_ends_all_sessions(
    identity: Identity, database: TestDatabase
) -> None:
    tokens = [(await identity.signed_in(EMAIL, PASSWORD)).tokens for _ in range(2)]
    assert await reset(identity, await mailed(identity, database)) == 2
    for each in tokens:
        with pytest.raises(rejections.RefreshRefused):
            await identity.refresh(each.refresh_token)
        assert identity.ended.known(each.session) is True
    with pytest.raises(rejections.CredentialsRefused):
        await identity.log_in(EMAIL, PASSWORD)
    await identity.log_in(EMAIL, OTHER)
    assert facts(database)[3:] == [
        *("reset_requested", "password_reset", "session_ended", "session_ended"),
        *("sign_in_refused", "signed_in"),
    ]
    # The link came to the mailbox: it is the user's.
    assert rows(database, "SELECT email_verified_at IS NOT NULL FROM identity.app_user") == [
        (True,)
    ]


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [("en", "Choose a new password", "30 minutes"), ("ar", "اختر كلمة مرور جديدة", "30 دقيقة")],
)
async def test_the_letter_is_in_the_language_of_the_request(
    identity: Identity, database: TestDatabase, language: Language, subject: str, words: str
) -> None:
    await ask(identity, language=language)
    assert await send_letters(identity, database) == 1
    (letter,) = identity.mailbox.letters
    assert (letter.to, letter.subject) == (EMAIL, subject)
    assert words in letter.text
    link = f"https://airline.example/account/reset-password?token={identity.mailbox.token()}"
    assert link in letter.text
    assert identity.mailbox.token() not in letter.id
    # The task is carried out again: the same letter.
    await send_letters(identity, database)
    assert identity.mailbox.letters == [letter, letter]


async def test_of_twenty_uses_at_once_one_sets_the_password(
    identity: Identity, database: TestDatabase
) -> None:
    token = await mailed(identity, database)
    passwords = [f"one of many passwords {number}" for number in range(20)]
    done = await asyncio.gather(
        *(reset(identity, token, each) for each in passwords), return_exceptions=True
    )
    won = [index for index, each in enumerate(done) if not isinstance(each, BaseException)]
    assert len(won) == 1
    assert all(isinstance(each, rejections.LinkRefused) for each in done if each != 0)
    await identity.log_in(EMAIL, passwords[won[0]])
    assert facts(database).count("password_reset") == 1
    assert facts(database).count("link_refused") == 19


async def test_a_link_works_once_for_30_minutes_and_only_the_newest(
    identity: Identity, database: TestDatabase
) -> None:
    older = await mailed(identity, database)
    newer = await mailed(identity, database)
    assert older != newer
    await refused(identity, older)
    await reset(identity, newer)
    await refused(identity, newer)
    late = await mailed(identity, database)
    identity.now += dt.timedelta(minutes=30)
    await refused(identity, late)
    identity.now -= dt.timedelta(seconds=1)
    await reset(identity, late, PASSWORD)


async def test_a_refused_password_does_not_spend_the_link(
    identity: Identity, database: TestDatabase
) -> None:
    token = await mailed(identity, database)
    for password, reason in (
        ("too short", "too_short"),
        ("Basketball2027!", "too_common"),
        (EMAIL, "same_as_email"),
    ):
        with pytest.raises(rejections.InvalidPassword) as error:
            await reset(identity, token, password)
        assert error.value.parameters == {"field": "newPassword", "reason": reason}
    await reset(identity, token)


@pytest.mark.parametrize("attack", ["", "x", "é" * 43, "A" * 43, "A" * 4000, "' OR true --"])
async def test_a_guessed_token_is_refused_and_recorded(
    identity: Identity, database: TestDatabase, attack: str
) -> None:
    token = await mailed(identity, database)
    await refused(identity, attack)
    await refused(identity, token[:-1])
    await refused(identity, token.swapcase())
    assert facts(database)[-3:] == ["link_refused"] * 3
    await reset(identity, token)


async def test_the_link_of_another_user_sets_the_password_of_that_user_only(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register("omar@example.com", PASSWORD)
    await ask(identity, "omar@example.com")
    await send_letters(identity, database)
    await reset(identity, identity.mailbox.token())
    await identity.log_in(EMAIL, PASSWORD)
    await identity.log_in("omar@example.com", OTHER)


async def test_an_unknown_address_gets_no_letter_and_leaves_the_same_record(
    identity: Identity, database: TestDatabase
) -> None:
    await ask(identity, "nobody@example.com")
    await ask(identity)
    assert await send_letters(identity, database) == 1
    found = rows(
        database,
        "SELECT user_id IS NULL, source FROM identity.auth_event "
        "WHERE happened = 'reset_requested' ORDER BY id",
    )
    source = identity.sessions.places.of_address(HOME).index
    assert found == [(True, source), (False, source)]


async def test_the_fourth_letter_within_an_hour_is_not_sent(
    identity: Identity, database: TestDatabase
) -> None:
    for _ in range(5):
        await asyncio.gather(*(ask(identity) for _ in range(4)))
    assert await send_letters(identity, database) == 3
    # The newest of the three works still.
    await reset(identity, identity.mailbox.token())
    assert facts(database).count("reset_requested") == 20
    identity.now += dt.timedelta(hours=1)
    await ask(identity)
    assert await send_letters(identity, database) == 4


async def test_a_reset_ends_a_lock_and_everything_that_the_old_password_could_open(
    identity: Identity, database: TestDatabase
) -> None:
    for _ in range(5):
        with pytest.raises(rejections.CredentialsRefused):
            await identity.log_in(EMAIL, "wrong password")
    with pytest.raises(rejections.CredentialsRefused):
        await identity.log_in(EMAIL, PASSWORD)
    await reset(identity, await mailed(identity, database))
    await identity.log_in(EMAIL, OTHER)


async def test_no_letter_is_written_for_a_link_that_is_over_or_of_an_erased_user(
    identity: Identity, database: TestDatabase
) -> None:
    token = await mailed(identity, database)
    await reset(identity, token)
    assert len(identity.mailbox.letters) == 1
    await send_letters(identity, database)
    assert len(identity.mailbox.letters) == 1
    await ask(identity)
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute("DELETE FROM vault.subject_key")
    other = identities.opened(database.app_dsn)
    async with other as fresh:
        fresh.now = identity.now
        await send_letters(fresh, database)
        assert fresh.mailbox.letters == []


async def test_only_a_hash_of_the_token_is_stored(
    identity: Identity, database: TestDatabase
) -> None:
    token = await mailed(identity, database)
    ((stored,),) = rows(
        database, "SELECT token_hash FROM identity.mailed_link WHERE purpose = 'reset_password'"
    )
    assert stored == hashlib.sha256(token.encode()).digest()
    for table in ("identity.mailed_link", "identity.auth_event", "ledger.outbox"):
        found = str(rows(database, f"SELECT t::text FROM {table} AS t"))
        assert token not in found
        assert EMAIL not in found
        assert token.encode().hex() not in found


# --- change ------------------------------------------------------------------------------------


async def holder(identity: Identity, password: str = PASSWORD, address: str = HOME) -> Principal:
    token = await identity.log_in(EMAIL, password, address=address)
    return identity.tokens.verify(token.encode())


async def change(
    identity: Identity, caller: Principal, *, old: str = PASSWORD, new: str = OTHER
) -> int:
    return await change_password(caller, ChangePassword(old, new, HOME), identity.accounts)


async def test_a_changed_password_ends_the_other_sessions_only(
    identity: Identity, database: TestDatabase
) -> None:
    others = [await holder(identity) for _ in range(2)]
    caller = await holder(identity)
    link = await mailed(identity, database)
    assert await change(identity, caller) == 2
    live = await identity.sessions.sessions.live_of(caller.user, at=identity.now)
    assert [each.session.id for each in live] == [caller.session]
    assert [identity.ended.known(each.session) for each in others] == [True, True]
    await identity.log_in(EMAIL, OTHER)
    # A link that was mailed before is void.
    await refused(identity, link)
    ended: list[EndReason] = ["password_changed"]
    assert rows(
        database, "SELECT DISTINCT reason FROM identity.auth_event WHERE happened = 'session_ended'"
    ) == [(ended[0],)]


async def test_wrong_old_passwords_lock_the_account_for_a_stolen_session(
    identity: Identity, database: TestDatabase
) -> None:
    caller = await holder(identity)
    for _ in range(5):
        with pytest.raises(rejections.PasswordRefused) as error:
            await change(identity, caller, old="wrong password")
        assert error.value.parameters == {"field": "currentPassword", "reason": "wrong"}
    with pytest.raises(rejections.PasswordRefused):
        await change(identity, caller)
    assert facts(database)[-2:] == ["locked", "password_refused"]
    identity.now += dt.timedelta(minutes=30)
    await change(identity, caller)


@pytest.mark.parametrize(
    ("new", "reason"),
    [("short", "too_short"), (PASSWORD, "unchanged"), (EMAIL, "same_as_email")],
)
async def test_an_invalid_new_password_changes_nothing(
    identity: Identity, new: str, reason: str
) -> None:
    caller = await holder(identity)
    with pytest.raises(rejections.InvalidPassword) as error:
        await change(identity, caller, new=new)
    assert error.value.parameters == {"field": "newPassword", "reason": reason}
    await identity.log_in(EMAIL, PASSWORD)


async def test_of_many_changes_at_once_one_succeeds(identity: Identity) -> None:
    caller = await holder(identity)
    passwords = [f"one of many passwords {number}" for number in range(8)]
    done = await asyncio.gather(
        *(change(identity, caller, new=each) for each in passwords), return_exceptions=True
    )
    (won,) = [index for index, each in enumerate(done) if each == 0]
    await identity.log_in(EMAIL, passwords[won])


# --- what the database refuses -----------------------------------------------------------------


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM identity.mailed_link",
        "TRUNCATE identity.mailed_link",
        "UPDATE identity.mailed_link SET token_hash = token_hash",
        "UPDATE identity.mailed_link SET expires_at = expires_at",
        "UPDATE identity.mailed_link SET user_id = user_id",
        "INSERT INTO ledger.outbox (topic, body) VALUES ('mail.account_link', '{}')",
        "SELECT identity.mail_link()",
    ],
)
async def test_the_application_rewrites_no_link(
    identity: Identity, database: TestDatabase, attack: str
) -> None:
    await mailed(identity, database)
    with (
        psycopg.connect(database.app_dsn) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(attack.encode())


@pytest.mark.parametrize("attack", ["SET used_at = NULL", "SET voided_at = now(), used_at = NULL"])
async def test_a_used_link_stays_used_even_for_the_owner(
    identity: Identity, database: TestDatabase, attack: str
) -> None:
    await reset(identity, await mailed(identity, database))
    with (
        psycopg.connect(database.owner_dsn) as connection,
        pytest.raises(psycopg.DatabaseError, match="final"),
    ):
        connection.execute(f"UPDATE identity.mailed_link {attack}".encode())


async def test_old_links_are_removed_and_young_ones_are_not(
    identity: Identity, database: TestDatabase
) -> None:
    links = PostgresMailedLinks(identity.pool)
    await ask(identity)
    identity.now = dt.datetime.now(dt.UTC)
    await ask(identity)
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute("ALTER TABLE identity.mailed_link DISABLE TRIGGER keep_link")
        connection.execute(
            "UPDATE identity.mailed_link SET created_at = created_at - interval '900 days', "
            "expires_at = expires_at - interval '900 days' WHERE voided_at IS NOT NULL"
        )
        connection.execute("ALTER TABLE identity.mailed_link ENABLE TRIGGER keep_link")
    await expire_sessions(identity.sessions.sessions, links, lambda: identity.now)
    query = "SELECT count(*) FROM identity.mailed_link WHERE purpose = 'reset_password'"
    assert rows(database, query) == [(1,)]
