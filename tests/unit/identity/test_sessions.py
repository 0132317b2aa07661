"""What a refresh token may do, by its generation and the time; and what proves a session."""

import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identity import sessions
from domain.identity.sessions import GRACE, Outcome, Session
from infrastructure.identity.session_secrets import KeyedSessionSecrets
from infrastructure.sealing import master_key

START = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
SESSION = sessions.opened("ses_0123456789abcdef01234567", "usr_one", "mobile", at=START)
ROTATED = msgspec.structs.replace(SESSION, generation=3, rotated_at=START)
SECOND = dt.timedelta(seconds=1)
SALT = b"s" * 16
KEY = master_key.generated()
SECRETS = KeyedSessionSecrets(master_key.parse(KEY))


@pytest.mark.parametrize(
    ("generation", "after", "outcome"),
    [
        (3, dt.timedelta(), "rotate"),
        (3, dt.timedelta(hours=-1), "rotate"),
        (3, sessions.REFRESH_LIFE - SECOND, "rotate"),
        (3, sessions.REFRESH_LIFE, "refuse"),
        (2, dt.timedelta(), "repeat"),
        (2, GRACE, "repeat"),
        (2, GRACE + SECOND, "reuse"),
        (2, -sessions.CLOCK_LEEWAY, "repeat"),
        (2, -sessions.CLOCK_LEEWAY - SECOND, "reuse"),
        (1, dt.timedelta(), "reuse"),
        (1, sessions.REFRESH_LIFE, "refuse"),
        (4, dt.timedelta(), "refuse"),
    ],
)
def test_what_follows_from_a_genuine_token(
    generation: int, after: dt.timedelta, outcome: Outcome
) -> None:
    assert sessions.refresh_outcome(ROTATED, generation=generation, now=START + after) == outcome


@given(
    st.integers(1, 4),
    st.timedeltas(min_value=-dt.timedelta(days=40), max_value=dt.timedelta(days=40)),
)
def test_an_ended_session_refuses_every_token(generation: int, after: dt.timedelta) -> None:
    ended = msgspec.structs.replace(ROTATED, has_ended=True)
    assert sessions.refresh_outcome(ended, generation=generation, now=START + after) == "refuse"


@given(st.integers(1, 4), st.timedeltas(min_value=sessions.REFRESH_LIFE))
def test_nothing_prolongs_a_session_that_is_over(generation: int, after: dt.timedelta) -> None:
    try:
        now = START + after
    except OverflowError:
        now = dt.datetime.max.replace(tzinfo=dt.UTC)
    assert sessions.refresh_outcome(ROTATED, generation=generation, now=now) == "refuse"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("AirlineApp/7.1 (iPhone)", "AirlineApp/7.1 (iPhone)"),
        ("  App\r\n\t Set-Cookie:\u202e x ", "App Set-Cookie: x"),
        ("تطبيق", "تطبيق"),
        ("\x00\x01", ""),
        ("", ""),
        ("x" * 500, "x" * 80),
    ],
)
def test_a_device_name_is_one_short_line(user_agent: str, name: str) -> None:
    assert sessions.device_name(user_agent) == name


def token(session: Session = SESSION, generation: int = 1, salt: bytes = SALT) -> str:
    return SECRETS.refresh_token(session.id, generation=generation, salt=salt)


def is_genuine(text: str, salt: bytes = SALT) -> bool:
    offered = SECRETS.read(text)
    return offered is not None and SECRETS.is_genuine(offered, salt=salt)


def test_a_token_is_the_same_text_each_time_and_genuine_for_its_salt_only() -> None:
    assert token() == token()
    assert is_genuine(token())
    assert not is_genuine(token(), b"t" * 16)
    assert not is_genuine(token(generation=2).replace(".2.", ".1."))
    assert SECRETS.csrf_token(SESSION.id) not in token()


def test_another_master_key_makes_other_tokens() -> None:
    other = KeyedSessionSecrets(master_key.parse(master_key.generated()))
    assert other.refresh_token(SESSION.id, generation=1, salt=SALT) != token()
    assert other.csrf_token(SESSION.id) != SECRETS.csrf_token(SESSION.id)
    # A new first key wraps from now on; what is derived stays.
    both = KeyedSessionSecrets(master_key.parse(f"{master_key.generated()},{KEY}"))
    assert both.refresh_token(SESSION.id, generation=1, salt=SALT) == token()


@given(st.integers(0, len(token()) - 1), st.characters(codec="utf-8"))
def test_no_change_of_one_symbol_makes_another_genuine_token(position: int, symbol: Any) -> None:
    text = token()
    changed = text[:position] + symbol + text[position + 1 :]
    assert is_genuine(changed) is (changed == text)


@given(st.text(max_size=120))
def test_any_other_text_is_no_token(text: str) -> None:
    assert not is_genuine(text)
    assert not is_genuine(token() + text) or not text
