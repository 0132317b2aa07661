"""Clients on a real database: registration, codes raced, consents, refresh, and attacks by SQL."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

import psycopg
import pytest

from application.identity.change_client_secret import change_client_secret
from application.identity.client_ports import ClientRefused
from application.identity.disable_client import disable_client
from application.identity.end_sessions import end_sessions
from application.identity.exchange_for_tokens import ClientTokens, exchange_for_tokens
from application.identity.list_sessions import list_sessions
from application.identity.revoke_consent import revoke_consent
from domain.identity import rejections, sessions
from tests.support import identity as identities
from tests.support.identity import Identity
from tests.support.partners import (
    CALLBACK,
    EMAIL,
    NATIVE,
    PASSWORD,
    SERVICE,
    is_over,
    partner,
    refused,
    user_of,
)
from tests.support.servers import TestDatabase


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        await each.register(EMAIL, PASSWORD)
        yield each


def events(database: TestDatabase) -> list[tuple[str, str | None]]:
    """The record of clients."""
    with psycopg.connect(database.owner_dsn) as connection:
        rows = connection.execute(
            "SELECT happened, reason FROM identity.auth_event WHERE client IS NOT NULL "
            "OR happened = 'session_ended' ORDER BY id"
        )
        return [(row[0], row[1]) for row in rows]


async def test_a_code_is_exchanged_for_tokens_of_the_user_with_the_scopes(
    identity: Identity, database: TestDatabase
) -> None:
    user, web = await user_of(identity), await partner(identity)
    tokens = await web.exchange(await web.code(user))
    holder = identity.tokens.verify(tokens.access_token.encode())
    assert (holder.user, holder.role, holder.client) == (user.user, "customer", web.client.id)
    assert holder.scopes == {"bookings:read"}
    assert holder.session != user.session
    assert tokens.scopes == ("bookings:read",)
    # A third party is no device, and is listed as a consent instead.
    devices = await list_sessions(user.user, identity.sessions)
    assert [each.session for each in devices] == [user.session]
    (consent,) = await identity.clients.authorizations.consents_of(user.user)
    assert (consent.client_name, consent.scopes) == ("Trip Planner", ("bookings:read",))
    assert events(database) == [("client_registered", None), ("consent_given", "bookings:read")]


async def test_no_secret_of_a_client_and_no_code_is_stored(
    identity: Identity, database: TestDatabase
) -> None:
    user, web = await user_of(identity), await partner(identity)
    code = await web.code(user)
    with psycopg.connect(database.owner_dsn) as connection:
        (text,) = connection.execute(
            "SELECT (SELECT string_agg(c::text, ' ') FROM identity.client AS c) || "
            "(SELECT string_agg(c::text, ' ') FROM identity.authorization_code AS c)"
        ).fetchone() or ("",)
    assert web.client.id in text
    assert web.secret is not None
    for secret in (code, web.secret):
        assert secret not in text
        assert secret.encode().hex() not in text


async def test_a_code_that_is_presented_again_ends_what_it_has_opened(
    identity: Identity, database: TestDatabase
) -> None:
    user, web = await user_of(identity), await partner(identity)
    code = await web.code(user)
    tokens = await web.exchange(code)
    await refused(web.exchange(code), "invalid_grant")
    assert await is_over(identity, tokens)
    assert [name for name, _ in events(database)][-2:] == ["session_ended", "code_reused"]


async def test_of_twenty_exchanges_of_one_code_one_wins_and_the_others_end_it(
    identity: Identity, database: TestDatabase
) -> None:
    """The code was seen by somebody else: nobody keeps what it gave (RFC 6749, 4.1.2)."""
    user, web = await user_of(identity), await partner(identity)
    code = await web.code(user)
    answers = await asyncio.gather(*(web.exchange(code) for _ in range(20)), return_exceptions=True)
    given = [each for each in answers if isinstance(each, ClientTokens)]
    errors = [each.error for each in answers if isinstance(each, ClientRefused)]
    assert (len(given), errors) == (1, ["invalid_grant"] * 19)
    assert await is_over(identity, given[0])
    assert given[0].refresh_token is not None
    await refused(web.refresh(given[0].refresh_token), "invalid_grant")
    with psycopg.connect(database.owner_dsn) as connection:
        opened = connection.execute(
            "SELECT ended_because FROM identity.session WHERE kind = 'third_party'"
        ).fetchall()
    assert opened == [("reuse",)]
    assert [each for each in events(database) if each[0] == "code_reused"] == [
        ("code_reused", None)
    ]
    assert not await identity.ended.has_ended(user.session)


async def test_a_code_is_for_its_client_address_verifier_and_minute(identity: Identity) -> None:
    """Code injection: what is refused leaves the code to the one it was made for."""
    user, web, other = (
        await user_of(identity),
        await partner(identity),
        await partner(identity),
    )
    code = await web.code(user)
    await refused(other.exchange(code), "invalid_grant")
    await refused(web.exchange(code, redirect_uri=CALLBACK + "/"), "invalid_grant")
    await refused(web.exchange(code, code_verifier="w" * 43), "invalid_grant")
    await refused(web.exchange(code + "x"), "invalid_grant")
    identity.now += dt.timedelta(seconds=59)
    assert (await web.exchange(code)).refresh_token is not None
    late = await web.code(user)
    identity.now += dt.timedelta(seconds=60)
    await refused(web.exchange(late), "invalid_grant")


@pytest.mark.parametrize("change", ["signed out", "consent", "disabled", "role"])
async def test_a_pending_code_ends_with_what_it_rests_on(
    identity: Identity, database: TestDatabase, change: str
) -> None:
    user, web = await user_of(identity), await partner(identity)
    code = await web.code(user)
    if change == "signed out":
        await end_sessions(user.user, "signed_out", identity.sessions)
    elif change == "consent":
        await revoke_consent(user.user, web.client.id, identity.clients)
    elif change == "disabled":
        await disable_client(web.client.id, identity.clients, by=None)
    else:
        with psycopg.connect(database.owner_dsn) as connection:
            connection.execute("UPDATE identity.app_user SET role = 'finance'")
    expected = "invalid_client" if change == "disabled" else "invalid_grant"
    await refused(web.exchange(code), expected)


async def test_a_refresh_rotates_and_a_spent_token_ends_the_family(
    identity: Identity, database: TestDatabase
) -> None:
    user, web = await user_of(identity), await partner(identity)
    first = await web.exchange(await web.code(user))
    assert first.refresh_token is not None
    second = await web.refresh(first.refresh_token)
    assert second.refresh_token not in (None, first.refresh_token)
    repeated = await web.refresh(first.refresh_token)
    assert repeated.refresh_token == second.refresh_token
    identity.now += sessions.GRACE + dt.timedelta(seconds=1)
    await refused(web.refresh(first.refresh_token), "invalid_grant")
    assert second.refresh_token is not None
    await refused(web.refresh(second.refresh_token), "invalid_grant")
    assert await is_over(identity, second)
    assert ("session_ended", "reuse") in events(database)
    assert not await identity.ended.has_ended(user.session)


async def test_a_refresh_may_ask_for_fewer_scopes_and_never_for_more(identity: Identity) -> None:
    user, web = await user_of(identity), await partner(identity)
    first = await web.exchange(await web.code(user, "bookings:read bookings:write"))
    assert first.refresh_token is not None
    fewer = await web.refresh(first.refresh_token, scope="bookings:read")
    holder = identity.tokens.verify(fewer.access_token.encode())
    assert (holder.scopes, fewer.scopes) == ({"bookings:read"}, ("bookings:read",))
    assert fewer.refresh_token is not None
    for more in ("profile:read", "bookings:read payments:write", "ledger:read"):
        await refused(web.refresh(fewer.refresh_token, scope=more), "invalid_scope")
    # What was refused has spent nothing; the consent is what it was.
    assert (await web.refresh(fewer.refresh_token)).scopes == ("bookings:read", "bookings:write")


async def test_refresh_tokens_of_others_are_forged_ones(identity: Identity) -> None:
    user, web, other = (
        await user_of(identity),
        await partner(identity),
        await partner(identity, NATIVE),
    )
    theirs = (await web.exchange(await web.code(user))).refresh_token
    own = (await identity.signed_in(EMAIL, PASSWORD)).tokens.refresh_token
    assert theirs is not None
    await refused(other.refresh(theirs), "invalid_grant")
    await refused(web.refresh(own), "invalid_grant")
    with pytest.raises(rejections.RefreshTokenForged):
        await identity.refresh(theirs)
    # Nobody was signed out by that.
    assert (await web.refresh(theirs)).refresh_token is not None
    assert (await identity.refresh(own)).refresh_token


async def test_a_native_app_has_no_secret_and_needs_its_verifier(identity: Identity) -> None:
    user, native = await user_of(identity), await partner(identity, NATIVE)
    assert native.secret is None
    code = await native.code(user)
    await refused(native.exchange(code, code_verifier="w" * 43), "invalid_grant")
    assert (await native.exchange(code)).refresh_token is not None


async def test_a_disabled_client_loses_everything_at_once(
    identity: Identity, database: TestDatabase
) -> None:
    user, web, service = (
        await user_of(identity),
        await partner(identity),
        await partner(identity, SERVICE),
    )
    tokens = await web.exchange(await web.code(user))
    form = {"grant_type": "client_credentials"}
    of_service = await exchange_for_tokens(service.request(form), identity.clients)
    assert of_service.refresh_token is None
    holder = identity.tokens.verify(of_service.access_token.encode())
    assert (holder.user, holder.role, holder.scopes) == (
        service.client.id,
        "auditor",
        {"ledger:read"},
    )
    assert not await identity.ended.has_ended(holder.session)
    assert await disable_client(web.client.id, identity.clients, by=user.user) == 1
    assert await disable_client(service.client.id, identity.clients, by=None) == 0
    assert await is_over(identity, tokens)
    assert await is_over(identity, of_service)
    await refused(exchange_for_tokens(service.request(form), identity.clients), "invalid_client")
    assert tokens.refresh_token is not None
    await refused(web.refresh(tokens.refresh_token), "invalid_client")
    with pytest.raises(rejections.ClientDisabled):
        await disable_client(web.client.id, identity.clients, by=None)
    with pytest.raises(rejections.ClientDisabled):
        await change_client_secret(web.client.id, identity.clients, by=None)
    assert ("session_ended", "client_disabled") in events(database)
    assert not await identity.ended.has_ended(user.session)


async def test_every_process_learns_of_a_disabled_client(
    identity: Identity, database: TestDatabase
) -> None:
    service = await partner(identity, SERVICE)
    identity.ended.start()
    try:
        for _ in range(500):
            if identity.ended.known(service.client.id) is False:
                break
            await asyncio.sleep(0.01)
        # It listens: what it learns now, it learns by NOTIFY.
        assert identity.ended.known(service.client.id) is False
        with psycopg.connect(database.owner_dsn) as connection:
            connection.execute("UPDATE identity.client SET disabled_at = now()")
        for _ in range(500):
            if identity.ended.known(service.client.id):
                break
            await asyncio.sleep(0.01)
        assert identity.ended.known(service.client.id) is True
    finally:
        await identity.ended.close()


async def test_a_changed_secret_replaces_the_old_one_at_once(identity: Identity) -> None:
    service, native = await partner(identity, SERVICE), await partner(identity, NATIVE)
    form = {"grant_type": "client_credentials"}
    await exchange_for_tokens(service.request(form), identity.clients)
    fresh = await change_client_secret(service.client.id, identity.clients, by=None)
    await refused(exchange_for_tokens(service.request(form), identity.clients), "invalid_client")
    service.secret = fresh
    assert (await exchange_for_tokens(service.request(form), identity.clients)).access_token
    with pytest.raises(rejections.InvalidClient):
        await change_client_secret(native.client.id, identity.clients, by=None)
    with pytest.raises(rejections.ClientUnknown):
        await change_client_secret("client_" + "f" * 24, identity.clients, by=None)


async def test_a_user_takes_a_consent_back(identity: Identity) -> None:
    user, web = await user_of(identity), await partner(identity)
    tokens = await web.exchange(await web.code(user))
    assert await revoke_consent(user.user, web.client.id, identity.clients) == 1
    assert await is_over(identity, tokens)
    assert await identity.clients.authorizations.consents_of(user.user) == []
    for client in (web.client.id, "client_" + "f" * 24):
        with pytest.raises(rejections.ClientUnknown):
            await revoke_consent(user.user, client, identity.clients)
    # Another consent gives new tokens; the old ones stay ended.
    assert (await web.exchange(await web.code(user))).access_token
    assert await is_over(identity, tokens)
    assert await revoke_consent(user.user, web.client.id, identity.clients) == 1


async def test_staff_cannot_let_a_client_act_for_them(
    identity: Identity, database: TestDatabase
) -> None:
    web = await partner(identity)
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute("UPDATE identity.app_user SET role = 'support'")
    with pytest.raises(rejections.NotAllowed):
        await web.code(await user_of(identity))


async def test_a_client_cannot_consent_for_its_user(identity: Identity) -> None:
    user, web = await user_of(identity), await partner(identity)
    tokens = await web.exchange(await web.code(user))
    with pytest.raises(rejections.NotAllowed):
        await web.code(identity.tokens.verify(tokens.access_token.encode()))


async def test_old_codes_are_removed_with_old_sessions(
    identity: Identity, database: TestDatabase
) -> None:
    user, web = await user_of(identity), await partner(identity)
    await web.code(user)
    store = identity.sessions.sessions
    with psycopg.connect(database.owner_dsn) as connection:
        for days, left in ((29, 1), (2, 0)):
            connection.execute(
                "UPDATE identity.authorization_code SET "
                "created_at = least(created_at, now()) - %(days)s * interval '1 day', "
                "expires_at = least(created_at, now()) - %(days)s * interval '1 day'",
                {"days": days},
            )
            connection.commit()
            await store.remove_old(limit=10)
            found = connection.execute("SELECT FROM identity.authorization_code").rowcount
            assert found == left
