"""The second factor on a real database: enrolment, two steps, replays, races, guesses."""

import asyncio
import datetime as dt
import urllib.parse
from collections.abc import AsyncIterator, Sequence

import msgspec
import psycopg
import pyotp
import pytest

from application.identity import log_in
from application.identity.complete_sign_in import CompleteSignIn, complete_sign_in
from application.identity.enrol_second_factor import begin_enrolment, confirm_enrolment
from application.identity.log_in import LogIn, SecondFactorAsked, SignedIn
from application.identity.open_session import Device
from application.identity.ports import Principal
from application.identity.read_account import read_account
from application.identity.remove_second_factor import RemoveSecondFactor, remove_second_factor
from application.identity.renew_recovery_codes import renew_recovery_codes
from domain.identity import rejections
from domain.identity.roles import Role
from tests.integration.identity.test_passwords import facts, mailed, reset, rows
from tests.support import identity as identities
from tests.support.identity import HOME, Identity
from tests.support.servers import TestDatabase

EMAIL, PASSWORD = "layla@example.com", "correct horse battery"
STEP = dt.timedelta(seconds=30)


class App:
    """An authenticator app that has read the secret."""

    def __init__(self, secret: str) -> None:
        self.totp = pyotp.TOTP(secret)

    def code(self, at: dt.datetime) -> str:
        """What the app shows at this instant."""
        return self.totp.at(at)


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        yield each


async def ask(identity: Identity, password: str = PASSWORD, address: str = HOME) -> str:
    """The challenge that follows the right password."""
    where = Device("mobile", address, "phone")
    outcome = await log_in.log_in(LogIn(EMAIL, password, where), identity.login)
    assert isinstance(outcome, SecondFactorAsked)
    assert outcome.expires_in == 300
    return outcome.challenge


async def answer(
    identity: Identity, challenge: str, code: str, *, address: str = HOME
) -> Principal:
    """The user who has signed in with both factors."""
    command = CompleteSignIn(challenge, code, address, "phone")
    signed_in, kind = await complete_sign_in(command, identity.accounts)
    assert kind == "mobile"
    assert isinstance(signed_in, SignedIn)
    return identity.tokens.verify(signed_in.tokens.access_token.encode())


async def refused(identity: Identity, challenge: str, code: str, address: str = HOME) -> None:
    with pytest.raises(rejections.CredentialsRefused):
        await answer(identity, challenge, code, address=address)


async def enrolled(
    identity: Identity, role: Role = "customer"
) -> tuple[App, Sequence[str], Principal]:
    """The app, the recovery codes and the session of a user who has enrolled."""
    await identity.register(EMAIL, PASSWORD, role)
    caller = identity.tokens.verify((await identity.log_in(EMAIL, PASSWORD)).encode())
    made = await begin_enrolment(caller, PASSWORD, identity.accounts, address=HOME)
    app = App(made.secret)
    codes = await confirm_enrolment(caller, app.code(identity.now), identity.accounts, address=HOME)
    identity.now += 2 * STEP
    return app, codes, caller


async def test_an_app_is_enrolled_and_then_signs_in_beside_the_password(
    identity: Identity, database: TestDatabase
) -> None:
    await identity.register(EMAIL, PASSWORD)
    caller = identity.tokens.verify((await identity.log_in(EMAIL, PASSWORD)).encode())
    other = await identity.signed_in(EMAIL, PASSWORD)
    made = await begin_enrolment(caller, PASSWORD, identity.accounts, address=HOME)
    address = urllib.parse.urlsplit(made.uri)
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert urllib.parse.unquote(address.path) == f"/Rimal Air:{EMAIL}"
    assert urllib.parse.parse_qs(address.query)["secret"] == [made.secret]
    # Not in force before a code has confirmed it.
    await identity.log_in(EMAIL, PASSWORD)
    app = App(made.secret)
    codes = await confirm_enrolment(caller, app.code(identity.now), identity.accounts, address=HOME)
    assert len(set(codes)) == 10
    # Sessions that were opened without it end; the one that has proved it goes on.
    assert identity.ended.known(other.tokens.session) is True
    assert identity.ended.known(caller.session) is not True
    stored = await identity.sessions.sessions.find(caller.session)
    assert stored is not None
    assert stored.second_factor
    identity.now += STEP
    proved = await answer(identity, await ask(identity), app.code(identity.now))
    assert (proved.user, proved.second_factor) == (caller.user, True)
    assert facts(database)[-3:] == ["session_ended", "second_factor_asked", "signed_in"]
    account = await read_account(proved, identity.accounts)
    assert (account.email, account.has_second_factor, account.recovery_codes_left) == (
        *(EMAIL, True, 10),
    )


@pytest.mark.parametrize(
    ("seconds", "is_accepted"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)]
)
async def test_a_code_of_the_step_before_or_after_is_accepted(
    identity: Identity, seconds: int, is_accepted: bool
) -> None:
    app, _, _ = await enrolled(identity)
    identity.now += 10 * STEP
    code = app.code(identity.now + dt.timedelta(seconds=seconds))
    challenge = await ask(identity)
    if is_accepted:
        await answer(identity, challenge, code)
    else:
        await refused(identity, challenge, code)


async def test_a_code_is_used_once_and_an_older_one_not_after_it(identity: Identity) -> None:
    """A code that was looked at over a shoulder, within its time."""
    app, _, _ = await enrolled(identity)
    code, older = app.code(identity.now), app.code(identity.now - STEP)
    await answer(identity, await ask(identity), code)
    await refused(identity, await ask(identity), code)
    await refused(identity, await ask(identity), older)
    identity.now += STEP
    await answer(identity, await ask(identity), app.code(identity.now))


async def test_the_code_that_confirmed_the_app_signs_nobody_in(identity: Identity) -> None:
    app, _, _ = await enrolled(identity)
    identity.now -= 2 * STEP
    await refused(identity, await ask(identity), app.code(identity.now))


async def test_of_many_uses_at_once_of_one_code_one_signs_in(
    identity: Identity, database: TestDatabase
) -> None:
    """Four wrong codes lock nothing, so of five uses one signs in. Of twenty none may: the fifth
    wrong one locks this place, perhaps before the right one is counted."""
    app, codes, _ = await enrolled(identity)
    for uses, least, recovery_code in ((5, 1, codes[0]), (20, 0, codes[1])):
        identity.now += STEP
        for code in (app.code(identity.now), recovery_code):
            challenges = [await ask(identity) for _ in range(4)]
            done = await asyncio.gather(
                *(answer(identity, challenges[number % 4], code) for number in range(uses)),
                return_exceptions=True,
            )
            refusals = [each for each in done if isinstance(each, rejections.CredentialsRefused)]
            assert least <= uses - len(refusals) <= 1, done
            # The wrong ones among them may have locked this place.
            identity.now += dt.timedelta(minutes=30)
    used = rows(database, "SELECT count(*) FROM identity.recovery_code WHERE used_at IS NOT NULL")
    assert used == [(2,)]


async def test_a_challenge_works_once_for_five_minutes_and_five_tries(identity: Identity) -> None:
    app, codes, _ = await enrolled(identity)
    used = await ask(identity)
    await answer(identity, used, app.code(identity.now))
    await refused(identity, used, codes[0])
    late = await ask(identity)
    identity.now += dt.timedelta(minutes=5)
    await refused(identity, late, app.code(identity.now))
    tried = await ask(identity)
    for number in range(5):
        # From five addresses: no place is locked.
        await refused(identity, tried, "000000", f"203.0.113.{number}")
    await refused(identity, tried, codes[1])
    for attack in ("", "x" * 43, tried[:-1] + "é"):
        await refused(identity, attack, codes[1])
    await answer(identity, await ask(identity), codes[1])


async def test_guessed_codes_lock_the_place_and_the_password_does_not_unlock_it(
    identity: Identity, database: TestDatabase
) -> None:
    """The guesser has the password and signs in anew before each guess."""
    app, codes, _ = await enrolled(identity)
    guesser = "203.0.113.250"
    for number in range(5):
        await refused(identity, await ask(identity, address=guesser), f"00000{number}", guesser)
    assert facts(database)[-1] == "locked"
    with pytest.raises(rejections.CredentialsRefused):
        await ask(identity, address=guesser)
    # The owner at home, whose place is known.
    challenge = await ask(identity)
    await refused(identity, challenge, codes[0], guesser)
    await answer(identity, challenge, app.code(identity.now))


async def test_a_recovery_code_works_once_in_any_spelling(
    identity: Identity, database: TestDatabase
) -> None:
    _, codes, caller = await enrolled(identity)
    spelled = codes[0].replace("-", "").lower()
    await answer(identity, await ask(identity), spelled)
    await refused(identity, await ask(identity), codes[0])
    assert (await read_account(caller, identity.accounts)).recovery_codes_left == 9
    assert facts(database).count("recovery_code_used") == 1
    renewed = await renew_recovery_codes(caller, codes[1], identity.accounts, address=HOME)
    assert set(renewed).isdisjoint(codes)
    await refused(identity, await ask(identity), codes[2])
    await answer(identity, await ask(identity), renewed[2])


async def test_the_codes_of_another_user_are_worth_nothing(identity: Identity) -> None:
    app, codes, _ = await enrolled(identity)
    await identity.register("omar@example.com", PASSWORD)
    omar = identity.tokens.verify((await identity.log_in("omar@example.com", PASSWORD)).encode())
    made = await begin_enrolment(omar, PASSWORD, identity.accounts, address=HOME)
    theirs = await confirm_enrolment(
        omar, App(made.secret).code(identity.now), identity.accounts, address=HOME
    )
    challenge = await ask(identity)
    identity.now += STEP
    await refused(identity, challenge, App(made.secret).code(identity.now))
    await refused(identity, challenge, theirs[0])
    await answer(identity, challenge, codes[0])
    assert app.totp.secret != made.secret


async def test_a_new_password_voids_a_challenge_and_keeps_the_factor(
    identity: Identity, database: TestDatabase
) -> None:
    app, _, _ = await enrolled(identity, "support")
    challenge = await ask(identity)
    await reset(identity, await mailed(identity, database), "seven dunes at dawn")
    await refused(identity, challenge, app.code(identity.now))
    fresh = await ask(identity, "seven dunes at dawn")
    await answer(identity, fresh, app.code(identity.now))


async def test_another_app_is_enrolled_only_after_the_first_is_turned_off(
    identity: Identity, database: TestDatabase
) -> None:
    app, codes, caller = await enrolled(identity)
    with pytest.raises(rejections.SecondFactorInForce):
        await begin_enrolment(caller, PASSWORD, identity.accounts, address=HOME)
    with pytest.raises(rejections.SecondFactorInForce):
        await confirm_enrolment(caller, app.code(identity.now), identity.accounts, address=HOME)
    with pytest.raises(rejections.PasswordRefused):
        await turn_off(identity, caller, code=codes[0], password="wrong password")
    with pytest.raises(rejections.CodeRefused):
        await turn_off(identity, caller, code="000000")
    other = await answer(identity, await ask(identity), codes[0])
    assert await turn_off(identity, caller, code=app.code(identity.now)) == 1
    assert identity.ended.known(other.session) is True
    assert rows(database, "SELECT count(*) FROM identity.recovery_code") == [(0,)]
    await identity.log_in(EMAIL, PASSWORD)
    await begin_enrolment(caller, PASSWORD, identity.accounts, address=HOME)
    with pytest.raises(rejections.PasswordRefused):
        await begin_enrolment(caller, "wrong password", identity.accounts, address=HOME)


async def turn_off(
    identity: Identity, caller: Principal, *, code: str, password: str = PASSWORD
) -> int:
    command = RemoveSecondFactor(password, code, HOME)
    return await remove_second_factor(caller, command, identity.accounts)


@pytest.mark.parametrize("role", ["finance", "auditor", "admin"])
async def test_a_role_that_needs_the_factor_cannot_turn_it_off(
    identity: Identity, role: Role
) -> None:
    app, _, caller = await enrolled(identity, role)
    with pytest.raises(rejections.SecondFactorRequired):
        await turn_off(identity, caller, code=app.code(identity.now))
    voluntary = msgspec.structs.replace(identity.accounts, second_factor_required=False)
    command = RemoveSecondFactor(PASSWORD, app.code(identity.now), HOME)
    await remove_second_factor(caller, command, voluntary)


async def test_the_factor_stays_when_the_role_changes(
    identity: Identity, database: TestDatabase
) -> None:
    app, _, _ = await enrolled(identity, "finance")
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute("UPDATE identity.app_user SET role = 'customer'")
    proved = await answer(identity, await ask(identity), app.code(identity.now))
    assert (proved.role, proved.second_factor) == ("customer", True)


async def test_secret_and_codes_are_stored_sealed_or_hashed_only(
    identity: Identity, database: TestDatabase
) -> None:
    app, codes, _ = await enrolled(identity)
    challenge = await ask(identity)
    tables = ("second_factor", "recovery_code", "sign_in_challenge", "auth_event")
    stored = str([rows(database, f"SELECT t::text FROM identity.{name} AS t") for name in tables])
    secret = app.totp.secret
    for each in (secret, challenge, codes[0], codes[0].replace("-", "")):
        assert each not in stored
        assert each.encode().hex() not in stored


async def test_a_closed_account_has_no_factor_and_no_link_opens_it_again(
    identity: Identity, database: TestDatabase
) -> None:
    await enrolled(identity)
    link = await mailed(identity, database)
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute("UPDATE identity.app_user SET password_hash = ''")
    with pytest.raises(rejections.LinkRefused):
        await reset(identity, link, "seven dunes at dawn")
    assert rows(database, "SELECT count(*) FROM identity.second_factor") == [(0,)]
    with pytest.raises(rejections.CredentialsRefused):
        await identity.log_in(EMAIL, "")


@pytest.mark.parametrize(
    ("attack", "error"),
    [
        ("UPDATE identity.second_factor SET last_step = 0", psycopg.DatabaseError),
        ("UPDATE identity.second_factor SET secret = 'x'", psycopg.DatabaseError),
        ("UPDATE identity.second_factor SET confirmed_at = NULL", psycopg.DatabaseError),
        ("UPDATE identity.recovery_code SET used_at = NULL", psycopg.DatabaseError),
        ("UPDATE identity.sign_in_challenge SET tries = 0", psycopg.DatabaseError),
        ("UPDATE identity.sign_in_challenge SET used_at = NULL", psycopg.DatabaseError),
        (
            "UPDATE identity.sign_in_challenge SET expires_at = expires_at + interval '1 day'",
            psycopg.errors.InsufficientPrivilege,
        ),
        (
            "UPDATE identity.sign_in_challenge SET user_id = user_id",
            psycopg.errors.InsufficientPrivilege,
        ),
        ("DELETE FROM identity.sign_in_challenge", psycopg.errors.InsufficientPrivilege),
        (
            "UPDATE identity.recovery_code SET code_hash = code_hash",
            psycopg.errors.InsufficientPrivilege,
        ),
    ],
)
async def test_the_database_brings_back_no_code_and_no_try(
    identity: Identity, database: TestDatabase, attack: str, error: type[psycopg.Error]
) -> None:
    app, codes, _ = await enrolled(identity)
    await answer(identity, await ask(identity), app.code(identity.now))
    await answer(identity, await ask(identity), codes[0])
    with psycopg.connect(database.app_dsn) as connection, pytest.raises(error):
        connection.execute(attack.encode())
