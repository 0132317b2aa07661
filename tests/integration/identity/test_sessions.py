"""Sessions on a real database: races, stolen tokens, clocks, two processes."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

import psycopg
import pytest

from application.identity import expire_sessions as expiring
from application.identity.end_sessions import end_sessions
from application.identity.list_sessions import list_sessions
from application.identity.open_session import Device, open_session
from application.identity.ports import Principal
from application.identity.session_ports import SessionTokens
from domain.identity import rejections, sessions
from infrastructure.identity.mailed_links import PostgresMailedLinks
from infrastructure.sealing import master_key
from tests.support import identity as identities
from tests.support.identity import Identity
from tests.support.servers import TestDatabase

EMAIL, PASSWORD = "layla@example.com", "correct horse battery"
PHONE = "AirlineApp/7.1 (Layla's iPhone; iOS 20.1)"
THIEF = "203.0.113.250"


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        await each.register(EMAIL, PASSWORD)
        yield each


async def signed_in(identity: Identity) -> SessionTokens:
    return (await identity.signed_in(EMAIL, PASSWORD, user_agent=PHONE)).tokens


async def refused(identity: Identity, token: str, *, forged: bool = False) -> None:
    with pytest.raises(rejections.RefreshRefused) as error:
        await identity.refresh(token, address=THIEF)
    assert isinstance(error.value, rejections.RefreshTokenForged) is forged


def holder(identity: Identity, tokens: SessionTokens) -> Principal:
    return identity.tokens.verify(tokens.access_token.encode())


def events(database: TestDatabase) -> list[tuple[str, str | None]]:
    """The record since the sign-in."""
    with psycopg.connect(database.owner_dsn) as connection:
        rows = connection.execute("SELECT happened, reason FROM identity.auth_event ORDER BY id")
        found = [(row[0], row[1]) for row in rows]
    assert ("signed_in", "new_device") in found
    return [each for each in found if each[0] not in ("registered", "signed_in")]


async def test_a_refresh_gives_a_successor_and_a_fresh_access_token(identity: Identity) -> None:
    first = await signed_in(identity)
    identity.now += dt.timedelta(minutes=14)
    second = await identity.refresh(first.refresh_token)
    assert (first.expires_in, second.expires_in, second.session) == (900, 900, first.session)
    assert second.refresh_token.startswith(f"rt_{first.session}.2.")
    assert second.access_token != first.access_token
    assert holder(identity, second) == holder(identity, first)


async def test_one_of_a_hundred_concurrent_refreshes_rotates_and_all_get_its_successor(
    identity: Identity, database: TestDatabase
) -> None:
    """Fault row 48: two tabs, or a hundred, refresh with one token at the same time."""
    first = await signed_in(identity)
    answers = await asyncio.gather(*(identity.refresh(first.refresh_token) for _ in range(100)))
    (successor,) = {answer.refresh_token for answer in answers}
    assert len({answer.access_token for answer in answers}) == 100
    stored = await identity.sessions.sessions.find(first.session)
    assert stored is not None
    assert stored.session.generation == 2
    assert events(database) == []
    await identity.refresh(successor)


@pytest.mark.parametrize(
    ("seconds", "is_honest"), [(0, True), (10, True), (11, False), (3600, False)]
)
async def test_a_lost_answer_is_repeated_within_the_grace_only(
    identity: Identity, database: TestDatabase, seconds: int, is_honest: bool
) -> None:
    """Fault row 48: the answer to a refresh is lost, and the client asks again."""
    first = await signed_in(identity)
    lost = await identity.refresh(first.refresh_token)
    identity.now += dt.timedelta(seconds=seconds)
    if is_honest:
        again = await identity.refresh(first.refresh_token)
        assert again.refresh_token == lost.refresh_token
        await identity.refresh(again.refresh_token)
        assert events(database) == []
    else:
        await refused(identity, first.refresh_token)
        await refused(identity, lost.refresh_token)
        assert events(database) == [("session_ended", "reuse"), ("reuse_detected", None)]


async def test_a_token_stolen_after_it_was_spent_ends_the_session(
    identity: Identity, database: TestDatabase
) -> None:
    """Fault row 47: the thief comes after the owner; both are signed out, and it is recorded."""
    first = await signed_in(identity)
    second = await identity.refresh(first.refresh_token)
    third = await identity.refresh(second.refresh_token)
    # Two generations back, even within the grace.
    await refused(identity, first.refresh_token)
    await refused(identity, third.refresh_token)
    assert events(database) == [("session_ended", "reuse"), ("reuse_detected", None)]
    with psycopg.connect(database.owner_dsn) as connection:
        row = connection.execute(
            "SELECT session, source, user_id FROM identity.auth_event "
            "WHERE happened = 'reuse_detected'"
        ).fetchone()
    source = identity.sessions.places.of_address(THIEF).index
    assert row == (first.session, source, holder(identity, first).user)


async def test_a_token_stolen_and_used_before_the_owner_ends_the_session_at_the_owners_turn(
    identity: Identity, database: TestDatabase
) -> None:
    """Fault row 47: the thief comes first; the owner's honest refresh shows it."""
    first = await signed_in(identity)
    stolen = await identity.refresh(first.refresh_token, address=THIEF)
    identity.now += dt.timedelta(minutes=14)
    await refused(identity, first.refresh_token)
    await refused(identity, stolen.refresh_token)
    assert identity.ended.known(first.session) is True
    assert events(database) == [("session_ended", "reuse"), ("reuse_detected", None)]


async def test_a_hundred_concurrent_uses_of_a_spent_token_are_one_event(
    identity: Identity, database: TestDatabase
) -> None:
    first = await signed_in(identity)
    await identity.refresh(first.refresh_token)
    identity.now += dt.timedelta(minutes=1)
    await asyncio.gather(*(refused(identity, first.refresh_token) for _ in range(100)))
    assert events(database) == [("session_ended", "reuse"), ("reuse_detected", None)]


async def test_a_forged_token_ends_nothing(identity: Identity, database: TestDatabase) -> None:
    first = await signed_in(identity)
    body, _, mac = first.refresh_token.rpartition(".")
    forged = [
        f"{body}.{mac[::-1][:42]}A",
        first.refresh_token.replace(".1.", ".2."),
        first.refresh_token.replace(first.session, "ses_" + "0" * 24),
        first.refresh_token + "\n",
        first.access_token,
        "",
    ]
    for token in forged:
        await refused(identity, token, forged=True)
    assert events(database) == []
    await identity.refresh(first.refresh_token)


async def test_a_token_of_another_server_and_a_copied_database_forge_nothing(
    identity: Identity, database: TestDatabase
) -> None:
    """Who has the whole row, but not the master key, makes no token of it."""
    first = await signed_in(identity)
    stored = await identity.sessions.sessions.find(first.session)
    assert stored is not None
    async with identities.opened(database.app_dsn) as other:
        token = other.sessions.secrets.refresh_token(first.session, generation=1, salt=stored.salt)
        await refused(identity, token, forged=True)
        await refused(other, first.refresh_token, forged=True)


@pytest.mark.parametrize("reason", ["signed_out", "password_changed", "revoked", "rights_changed"])
async def test_no_token_of_an_ended_session_is_refreshed(
    identity: Identity, database: TestDatabase, reason: sessions.EndReason
) -> None:
    """Fault row 49: after a sign-out, a change of the password or of rights, and a revocation."""
    first = await signed_in(identity)
    second = await identity.refresh(first.refresh_token)
    user = holder(identity, first).user
    assert await end_sessions(user, reason, identity.sessions) == 1
    assert await end_sessions(user, reason, identity.sessions) == 0
    for token in (first.refresh_token, second.refresh_token):
        await refused(identity, token)
    assert identity.ended.known(first.session) is True
    assert await identity.ended.has_ended(first.session) is True
    assert events(database) == [("session_ended", reason)]


async def test_a_session_lasts_a_week_after_its_last_refresh(identity: Identity) -> None:
    """Fault row 49: after the time of the refresh token is over."""
    first = await signed_in(identity)
    identity.now += sessions.REFRESH_LIFE - dt.timedelta(seconds=1)
    second = await identity.refresh(first.refresh_token)
    identity.now += sessions.REFRESH_LIFE
    await refused(identity, second.refresh_token)


async def test_a_session_lasts_thirty_days_however_often_it_is_refreshed(
    identity: Identity,
) -> None:
    """Fault row 49: after the absolute expiry; the last access token does not outlive it."""
    began = identity.now
    tokens = await signed_in(identity)
    for day in (6, 12, 18, 24, 29):
        identity.now = began + dt.timedelta(days=day)
        tokens = await identity.refresh(tokens.refresh_token)
    identity.now = began + sessions.ABSOLUTE_LIFE - dt.timedelta(minutes=5)
    tokens = await identity.refresh(tokens.refresh_token)
    assert tokens.expires_in == 300
    assert tokens.refresh_expires_in == 300
    identity.now = began + sessions.ABSOLUTE_LIFE
    await refused(identity, tokens.refresh_token)


async def test_a_clock_that_goes_back_signs_nobody_out_and_opens_no_longer_grace(
    identity: Identity, database: TestDatabase
) -> None:
    first = await signed_in(identity)
    identity.now += dt.timedelta(minutes=5)
    second = await identity.refresh(first.refresh_token)
    identity.now -= dt.timedelta(hours=1)
    third = await identity.refresh(second.refresh_token)
    assert (await identity.refresh(second.refresh_token)).refresh_token == third.refresh_token
    identity.now += dt.timedelta(hours=1)
    fourth = await identity.refresh(third.refresh_token)
    assert events(database) == []
    # Back again: whether the spent token comes within ten seconds cannot be known.
    identity.now -= dt.timedelta(hours=1)
    await refused(identity, third.refresh_token)
    await refused(identity, fourth.refresh_token)


async def test_two_processes_rotate_one_token_once(database: TestDatabase) -> None:
    keys = master_key.generated()
    async with (
        identities.opened(database.app_dsn, keys) as one,
        identities.opened(database.app_dsn, keys) as two,
    ):
        await one.register(EMAIL, PASSWORD)
        first = await signed_in(one)
        two.tokens = one.tokens
        # Clocks that differ by less than the leeway.
        two.now = one.now - dt.timedelta(seconds=5)
        answers = await asyncio.gather(
            *(each.refresh(first.refresh_token) for each in (one, two) for _ in range(20))
        )
        (successor,) = {answer.refresh_token for answer in answers}
        await two.refresh(successor)
        assert events(database) == []


async def test_a_sign_in_with_the_old_password_does_not_outlive_its_change(
    identity: Identity, database: TestDatabase
) -> None:
    """The password was verified, then changed with all sessions ended, then the session begins."""
    user = await identity.directory.find(identity.lookup.of(EMAIL))
    assert user is not None
    with psycopg.connect(database.app_dsn) as connection:
        connection.execute("UPDATE identity.app_user SET password_hash = 'another'")
    with pytest.raises(rejections.CredentialsRefused):
        await open_session(user, Device("mobile", identities.HOME), identity.sessions)
    assert await list_sessions(user.id, identity.sessions) == []


async def test_a_session_that_begins_while_the_role_changes_has_the_new_one_or_ends(
    identity: Identity, database: TestDatabase
) -> None:
    user = await identity.directory.find(identity.lookup.of(EMAIL))
    assert user is not None
    device = Device("web", identities.HOME)
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute("UPDATE identity.app_user SET role = 'finance'")
        beginning = asyncio.create_task(open_session(user, device, identity.sessions))
        await asyncio.sleep(0.2)
        assert not beginning.done()
    tokens = await beginning
    assert holder(identity, tokens).role == "finance"
    assert await identity.ended.has_ended(tokens.session) is False
    with psycopg.connect(database.app_dsn) as connection:
        connection.execute("SELECT FROM identity.app_user FOR SHARE")
        begun = await open_session(user, device, identity.sessions)
        change = asyncio.create_task(asyncio.to_thread(_make_support, database.owner_dsn))
        await asyncio.sleep(0.2)
        assert not change.done()
    await change
    assert holder(identity, begun).role == "finance"
    for each in (tokens, begun):
        assert await identity.ended.has_ended(each.session) is True


def _make_support(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE identity.app_user SET role = 'support'")


async def test_one_session_or_all_others_or_none_of_another_user_end(identity: Identity) -> None:
    one, two, three = [await signed_in(identity) for _ in range(3)]
    await identity.register("other@example.com", PASSWORD)
    other = (await identity.signed_in("other@example.com", PASSWORD)).tokens
    user = holder(identity, one).user
    assert await end_sessions(user, "revoked", identity.sessions, only=other.session) == 0
    assert await end_sessions(user, "revoked", identity.sessions, only=one.session) == 1
    assert await end_sessions(user, "revoked", identity.sessions, but=two.session) == 1
    ended = [await identity.ended.has_ended(each.session) for each in (one, two, three, other)]
    assert ended == [True, False, True, False]


async def test_devices_are_listed_with_their_names_which_are_stored_sealed(
    identity: Identity, database: TestDatabase
) -> None:
    first = await signed_in(identity)
    identity.now += dt.timedelta(minutes=1)
    second = (await identity.signed_in(EMAIL, PASSWORD)).tokens
    identity.now += dt.timedelta(minutes=1)
    await identity.refresh(first.refresh_token)
    user = holder(identity, first).user
    listed = await list_sessions(user, identity.sessions)
    assert [(each.session, each.name) for each in listed] == [
        (first.session, PHONE),
        (second.session, None),
    ]
    assert listed[0].last_used_at == identity.now
    assert await list_sessions("usr_other", identity.sessions) == []
    with psycopg.connect(database.owner_dsn) as connection:
        (text,) = connection.execute(
            "SELECT string_agg(s::text, ' ') FROM identity.session AS s"
        ).fetchone() or ("",)
        found = connection.execute("SELECT device FROM identity.session").fetchall()
    secret = first.refresh_token.rpartition(".")[2]
    assert not any(each in text for each in ("iPhone", identities.HOME, secret))
    assert not any(b"iPhone" in row[0] for row in found if row[0] is not None)


async def test_a_changed_role_ends_the_sessions_also_when_sql_changes_it(
    identity: Identity, database: TestDatabase
) -> None:
    first = await signed_in(identity)
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute("UPDATE identity.app_user SET role = role")
        connection.execute("UPDATE identity.app_user SET role = 'finance'")
    await refused(identity, first.refresh_token)
    assert await identity.ended.has_ended(first.session) is True
    assert holder(identity, await signed_in(identity)).role == "finance"
    assert events(database) == [("role_changed", "finance"), ("session_ended", "rights_changed")]


async def test_sessions_expire_and_are_removed_after_ninety_days(
    identity: Identity, database: TestDatabase
) -> None:
    first = await signed_in(identity)
    await signed_in(identity)
    store = identity.sessions.sessions
    assert await store.expire(at=identity.now, limit=10) == 0
    assert await store.expire(at=identity.now + sessions.REFRESH_LIFE, limit=10) == 2
    assert await store.remove_old(limit=10) == 0
    assert events(database) == [("session_ended", "expired")] * 2
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute("ALTER TABLE identity.session DISABLE TRIGGER keep_session")
        connection.execute("UPDATE identity.session SET ended_at = ended_at - interval '89 days'")
        connection.commit()
        assert await store.remove_old(limit=10) == 0
        connection.execute("UPDATE identity.session SET ended_at = ended_at - interval '2 days'")
        connection.commit()
    assert [await store.remove_old(limit=1) for _ in range(3)] == [1, 1, 0]
    assert await store.find(first.session) is None


@pytest.mark.parametrize(("pages", "left"), [(5, 0), (2, 1)])
async def test_the_timer_goes_through_pages_and_leaves_the_rest_for_the_next_time(
    identity: Identity, monkeypatch: pytest.MonkeyPatch, pages: int, left: int
) -> None:
    devices = [await signed_in(identity) for _ in range(3)]
    monkeypatch.setattr(expiring, "PAGE_SIZE", 1)
    monkeypatch.setattr(expiring, "PAGES", pages)
    later = identity.now + sessions.REFRESH_LIFE
    await expiring.expire_sessions(
        identity.sessions.sessions, PostgresMailedLinks(identity.pool), lambda: later
    )
    ended = [await identity.ended.has_ended(each.session) for each in devices]
    assert ended.count(False) == left


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM identity.session",
        "TRUNCATE identity.session",
        "UPDATE identity.session SET user_id = user_id",
        "UPDATE identity.session SET salt = salt",
        "UPDATE identity.session SET expires_at = expires_at + interval '1 day'",
        "UPDATE identity.session SET kind = 'web'",
        "UPDATE identity.session SET source = source",
    ],
)
def test_the_application_cannot_forge_sessions(database: TestDatabase, attack: str) -> None:
    with (
        psycopg.connect(database.app_dsn) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(attack.encode())


@pytest.mark.parametrize(
    ("attack", "refusal"),
    [
        ("SET ended_at = NULL, ended_because = NULL", "has ended"),
        ("SET ended_because = 'signed_out'", "has ended"),
        ("SET last_used_at = now()", "has ended"),
    ],
)
async def test_what_has_ended_is_final(
    identity: Identity, database: TestDatabase, attack: str, refusal: str
) -> None:
    first = await signed_in(identity)
    await end_sessions(holder(identity, first).user, "revoked", identity.sessions)
    with (
        psycopg.connect(database.owner_dsn) as connection,
        pytest.raises(psycopg.DatabaseError, match=refusal),
    ):
        connection.execute(f"UPDATE identity.session {attack}".encode())


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        ("SET generation = generation + 2, rotated_at = now()", "AIS01"),
        ("SET generation = 0", "AIS01"),
        ("SET generation = 2", "23514"),
        ("SET refresh_expires_at = expires_at + interval '1 second'", "23514"),
        ("SET ended_at = now()", "23514"),
        ("SET ended_at = now(), ended_because = 'boredom'", "23514"),
    ],
)
async def test_the_database_refuses_what_no_refresh_does(
    identity: Identity, database: TestDatabase, attack: str, code: str
) -> None:
    await signed_in(identity)
    with (
        psycopg.connect(database.app_dsn) as connection,
        pytest.raises(psycopg.Error) as refusal,
    ):
        connection.execute(f"UPDATE identity.session {attack}".encode())
    assert refusal.value.sqlstate == code
