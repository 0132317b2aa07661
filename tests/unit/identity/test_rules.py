"""Roles, passwords and the lockout."""

import datetime as dt

import msgspec
import pytest

from domain.identity import (
    clients,
    links,
    lockout,
    passwords,
    rejections,
    roles,
    second_factor,
    sessions,
)
from domain.identity.lockout import Attempts, Lockout
from infrastructure.identity.guessed_passwords import is_common

START = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
EMAIL = "layla.haddad@example.com"


def require_valid_password(password: str) -> None:
    passwords.require_valid_password(password, email=EMAIL, is_common=is_common)


def minutes(count: float) -> dt.timedelta:
    return dt.timedelta(minutes=count)


def test_every_role_is_in_the_table_and_every_permission_is_held() -> None:
    assert set(roles.GRANTS) == set(roles.ROLES)
    held = frozenset().union(*(roles.GRANTS[role] for role in roles.ROLES if role != "admin"))
    # An admin alone gives rights, admits clients, and sends events to partners.
    of_admins = {"manage_users", "manage_clients", "manage_partners"}
    assert held | of_admins == set(roles.PERMISSIONS)
    assert not held & of_admins


def test_the_times_are_those_that_the_pages_promise() -> None:
    """In numbers, because the tests of each rule move a clock by its constant."""
    day, second = dt.timedelta(days=1), dt.timedelta(seconds=1)
    of_sessions = (sessions.ABSOLUTE_LIFE, sessions.REFRESH_LIFE, sessions.GRACE)
    assert of_sessions == (30 * day, 7 * day, 10 * second)
    leeway = sessions.CLOCK_LEEWAY
    assert leeway == 10 * second
    guesses = (lockout.FAILURE_WINDOW, lockout.LOCK_DURATION, lockout.STRANGERS_FAILURE_LIMIT)
    assert guesses == (minutes(15), minutes(30), 50)
    known = lockout.KNOWN_PLACE_LIFETIME
    assert known == 90 * day
    codes = (clients.CODE_LIFE, second_factor.CHALLENGE_LIFE, second_factor.CHALLENGE_TRIES)
    assert codes == (minutes(1), minutes(5), 5)
    mailed = dict(links.LIFETIMES)
    assert mailed == {
        "reset_password": minutes(30),
        "verify_email": 3 * day,
        "change_email": day,
        "invitation": 3 * day,
        "secure_account": minutes(30),
        "reset_second_factor": day,
    }


def test_an_auditor_holds_reading_permissions_only() -> None:
    assert {name.partition("_")[0] for name in roles.GRANTS["auditor"]} == {"see", "read"}


def test_customers_and_agents_see_their_own_only() -> None:
    for role in ("customer", "agent"):
        assert roles.GRANTS[role] == {"book", "see_own_bookings"}  # type: ignore[index]  # literal
        assert not roles.is_staff(role)  # type: ignore[arg-type]  # literal
    assert roles.is_staff("gate")
    assert not roles.may("customer", "read_ledger")
    assert roles.may("finance", "read_ledger")


@pytest.mark.parametrize(
    "password",
    ["abcde6789012", "كلمة سر طويلة", "p" * 60 + "assword", "a b c d e f g", "pass the salt 7"],
)
def test_a_long_enough_password_is_fit(password: str) -> None:
    require_valid_password(password)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("abcde678901", "too_short"),
        ("", "too_short"),
        ("abcde" * 26, "too_long"),
        ("Password123!", "too_common"),
        ("2027-Basketball", "too_common"),
        ("1Qaz2WSX3edc", "too_common"),
        ("congratulations", "too_common"),
        ("ababababababab", "too_common"),
        (EMAIL.upper(), "same_as_email"),
        ("Layla.Haddad", "same_as_email"),
        ("abcdefghij\n12", "control_character"),
    ],
)
def test_an_invalid_password_is_refused_with_its_reason(password: str, reason: str) -> None:
    with pytest.raises(rejections.InvalidPassword) as refusal:
        require_valid_password(password)
    assert refusal.value.parameters == {"field": "password", "reason": reason}


def test_exactly_128_characters_are_fit_and_129_are_not() -> None:
    require_valid_password("abcdefgh" * 16)
    with pytest.raises(rejections.InvalidPassword):
        require_valid_password("abcdefgh" * 16 + "i")


def guessed(times: list[dt.datetime]) -> Lockout:
    state = Lockout()
    for now in times:
        state = lockout.after_wrong_password(state, now=now)
    return state


def test_the_fifth_wrong_password_within_15_minutes_locks_for_30() -> None:
    times = [START + minutes(3.5) * number for number in range(5)]
    assert not lockout.is_locked(guessed(times[:4]), now=times[3])
    state = guessed(times)
    assert lockout.is_locked(state, now=times[4])
    assert lockout.is_locked(state, now=times[4] + minutes(29.99))
    assert not lockout.is_locked(state, now=times[4] + minutes(30))


def test_ten_wrong_codes_a_day_lock_strange_places_out_for_a_day() -> None:
    state = Attempts()
    for number in range(10):
        assert not lockout.is_code_refused(state, now=START + minutes(140) * number)
        state = lockout.after_wrong_code(state, now=START + minutes(140) * number)
    last = START + minutes(140) * 9
    for now, is_refused in (
        (last, True),
        (last + minutes(24 * 60 - 0.01), True),
        (last + minutes(24 * 60), False),
    ):
        assert lockout.is_code_refused(state, now=now) is is_refused
        # Neither a password nor a known place is locked by it.
        assert not lockout.is_refused(state, now=now)
        known = msgspec.structs.replace(state, is_known=True)
        assert not lockout.is_code_refused(known, now=now)
    assert lockout.after_wrong_code(known, now=last).codes == state.codes
    assert lockout.after_sign_in(state).codes == state.codes
    assert lockout.after_wrong_attempt(state, now=last).codes == state.codes


def test_a_place_that_is_locked_out_enters_no_code_either() -> None:
    state = Attempts(is_known=True)
    for _ in range(5):
        state = lockout.after_wrong_code(state, now=START)
    assert state.codes == Lockout()
    assert lockout.is_code_refused(state, now=START)


def test_wrong_passwords_that_are_far_apart_do_not_lock() -> None:
    times = [START + minutes(4) * number for number in range(20)]
    for count in range(1, 21):
        assert not lockout.is_locked(guessed(times[:count]), now=times[count - 1])


def test_guessing_on_does_not_prolong_a_lock() -> None:
    locked = guessed([START] * 5)
    assert lockout.after_wrong_password(locked, now=START + minutes(20)) == locked


def test_after_a_lock_counting_begins_anew() -> None:
    locked = guessed([START] * 5)
    after = lockout.after_wrong_password(locked, now=START + minutes(30))
    assert (after.failures, after.until) == (1, None)
