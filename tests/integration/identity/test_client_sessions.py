"""Sessions of clients on a real database: the second factor that they have from the consent, and
what ends them beside their own end."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import psycopg
import pytest

from application.identity.end_sessions import end_sessions
from application.identity.exchange_for_tokens import exchange_for_tokens
from application.identity.ports import Principal
from tests.integration.identity.test_passwords import change, mailed, reset, rows
from tests.integration.identity.test_second_factors import (
    EMAIL,
    PASSWORD,
    answer,
    ask,
    enrolled,
    turn_off,
)
from tests.support import identity as identities
from tests.support.identity import Identity
from tests.support.partners import SERVICE, is_over, partner, refused
from tests.support.servers import TestDatabase

End = Callable[[Identity, TestDatabase, Principal], Awaitable[object]]
ERASURE = "era_" + "0" * 24


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        # As privacy names a person.
        each.registration = msgspec.structs.replace(
            each.registration, new_user_id=lambda: f"user_{uuid.uuid4().hex[:24]}"
        )
        yield each


async def signed_in(identity: Identity) -> Principal:
    token = await identity.log_in(EMAIL, PASSWORD)
    return identity.tokens.verify(token.encode())


async def test_a_client_has_the_second_factor_of_the_session_that_consented(
    identity: Identity,
) -> None:
    await identity.register(EMAIL, PASSWORD)
    web = await partner(identity)
    tokens = await web.exchange(await web.code(await signed_in(identity)))
    assert not identity.tokens.verify(tokens.access_token.encode()).second_factor
    assert tokens.refresh_token is not None
    again = await web.refresh(tokens.refresh_token)
    assert not identity.tokens.verify(again.access_token.encode()).second_factor


async def test_a_proved_second_factor_stays_with_the_client_at_a_refresh(
    identity: Identity,
) -> None:
    app, _, _ = await enrolled(identity)
    web = await partner(identity)
    proved = await answer(identity, await ask(identity), app.code(identity.now))
    tokens = await web.exchange(await web.code(proved))
    for _ in range(3):
        holder = identity.tokens.verify(tokens.access_token.encode())
        assert (holder.client, holder.second_factor) == (web.client.id, True)
        assert tokens.refresh_token is not None
        tokens = await web.refresh(tokens.refresh_token)


async def test_a_service_has_no_second_factor_of_anybody(identity: Identity) -> None:
    service = await partner(identity, SERVICE)
    form = {"grant_type": "client_credentials"}
    tokens = await exchange_for_tokens(service.request(form), identity.clients)
    holder = identity.tokens.verify(tokens.access_token.encode())
    assert (holder.is_service, holder.second_factor) == (True, False)


async def _change(identity: Identity, _database: TestDatabase, user: Principal) -> None:
    await change(identity, user)


async def _reset(identity: Identity, database: TestDatabase, _user: Principal) -> None:
    await reset(identity, await mailed(identity, database))


async def _sign_out(identity: Identity, _database: TestDatabase, user: Principal) -> None:
    await end_sessions(user.user, "signed_out", identity.sessions)


async def _change_role(_identity: Identity, database: TestDatabase, _user: Principal) -> None:
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute("UPDATE identity.app_user SET role = 'agent'")


async def _close(_identity: Identity, database: TestDatabase, user: Principal) -> None:
    with psycopg.connect(database.app_dsn) as connection:
        connection.execute(
            "INSERT INTO privacy.erasure (id, person, reason, requested_by) "
            "VALUES (%s, %s, 'request', 'test')",
            (ERASURE, user.user),
        )
        assert connection.execute("SELECT privacy.close_account(%s)", (ERASURE,)).fetchone() == (
            True,
        )


async def _enrol(identity: Identity, _database: TestDatabase, _user: Principal) -> None:
    """Register meets the account that is there, and enrols its second session."""
    await enrolled(identity)


@pytest.mark.parametrize("end", [_change, _reset, _sign_out, _change_role, _close, _enrol])
async def test_what_ends_the_sessions_of_a_user_ends_those_of_clients(
    identity: Identity, database: TestDatabase, end: End
) -> None:
    await identity.register(EMAIL, PASSWORD)
    web = await partner(identity)
    user = await signed_in(identity)
    tokens = await web.exchange(await web.code(user))
    pending = await web.code(await signed_in(identity))
    assert not await is_over(identity, tokens)
    await end(identity, database, user)
    assert await is_over(identity, tokens)
    assert tokens.refresh_token is not None
    await refused(web.refresh(tokens.refresh_token), "invalid_grant")
    await refused(web.exchange(pending), "invalid_grant")
    assert await web.introspect(tokens.access_token) is None


async def test_a_second_factor_that_is_turned_off_ends_what_it_opened(identity: Identity) -> None:
    app, _, user = await enrolled(identity)
    web = await partner(identity)
    tokens = await web.exchange(await web.code(user))
    await turn_off(identity, user, code=app.code(identity.now))
    assert await is_over(identity, tokens)


async def test_an_erasure_takes_the_consents_back_and_removes_the_sessions(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register(EMAIL, PASSWORD)
    web, user = await partner(identity), await signed_in(identity)
    await web.exchange(await web.code(user))
    await _close(identity, database, user)
    assert await identity.clients.authorizations.consents_of(user.user) == []
    assert rows(database, "SELECT count(*) FROM identity.session WHERE ended_at IS NULL") == [(0,)]
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute("ALTER TABLE privacy.erasure DISABLE TRIGGER keep_erasure")
        connection.execute("UPDATE privacy.erasure SET closed_at = now() - interval '1 minute'")
    with psycopg.connect(database.app_dsn) as connection:
        connection.execute("SELECT privacy.destroy_keys(%s, ARRAY[]::text[], NULL)", (ERASURE,))
    assert rows(database, "SELECT count(*) FROM identity.session") == [(0,)]
