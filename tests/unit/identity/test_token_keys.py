"""The keys of access tokens through a rotation, and tokens of clients."""

import itertools
import time
from typing import Any

import msgspec
import pytest
from joserfc import jwt

from application.identity.ports import Principal, TokenRefused
from infrastructure.identity import token_keys, tokens
from infrastructure.identity.tokens import Es256Tokens
from tests.support.http_client import CLIENT

LAYLA = Principal("usr_one", "customer", "ses_one")
PARTNER = Principal(
    "usr_one", "customer", "ses_two", client=CLIENT, scopes=frozenset({"bookings:read"})
)


def process(setting: str) -> Es256Tokens:
    """A web process with this setting."""
    return Es256Tokens(
        tokens.parse_keys(setting),
        issuer="https://airline.example",
        audience="ais",
        now=time.time,
        token_id=lambda: "jti",
    )


def token_of(setting: str) -> bytes:
    return process(setting).issue(LAYLA).access_token.encode()


def test_in_each_step_every_process_knows_what_the_others_sign_with() -> None:
    first = tokens.generated()
    steps = [first, token_keys.added(first)]
    steps.append(token_keys.switched(steps[-1]))
    for before, after in itertools.pairwise(steps):
        assert process(before).verify(token_of(after)) == LAYLA
        assert process(after).verify(token_of(before)) == LAYLA
    last = token_keys.dropped(steps[-1])
    assert process(last).verify(token_of(steps[-1])) == LAYLA
    with pytest.raises(TokenRefused):
        process(last).verify(token_of(first))
    with pytest.raises(TokenRefused):
        process(first).verify(token_of(last))


def test_all_keys_are_published_and_only_their_public_part() -> None:
    setting = token_keys.added(tokens.generated())
    published: Any = process(setting).public_keys()["keys"]
    assert tuple(each["kid"] for each in published) == token_keys.kids(setting)
    assert len(set(token_keys.kids(setting))) == 2
    assert not any("d" in each for each in published)


def test_a_switch_is_taken_back_by_another_one() -> None:
    both = token_keys.added(tokens.generated())
    assert token_keys.kids(token_keys.switched(both)) == token_keys.kids(both)[::-1]
    assert token_keys.kids(token_keys.switched(token_keys.switched(both))) == token_keys.kids(both)


def test_a_step_that_is_not_the_next_one_is_refused() -> None:
    one = tokens.generated()
    both = token_keys.added(one)
    with pytest.raises(token_keys.RotationRefused):
        token_keys.added(both)
    for step in (token_keys.switched, token_keys.dropped):
        with pytest.raises(token_keys.RotationRefused):
            step(one)
    with pytest.raises(tokens.TokenKeyMalformed):
        token_keys.added("no key")


def test_a_token_of_a_client_names_it_and_its_scopes() -> None:
    made = process(tokens.generated())
    assert made.verify(made.issue(PARTNER).access_token.encode()) == PARTNER
    found = made.inspect(made.issue(PARTNER).access_token.encode())
    assert found is not None
    assert found.principal == PARTNER
    assert 890 < found.expires_at - time.time() <= 900


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"scope": None},
        {"scope": ""},
        {"scope": "everything"},
        {"scope": "bookings:read ledger:everything"},
    ],
)
def test_a_token_that_does_not_say_what_its_client_may_do_is_refused(
    changes: dict[str, str | None],
) -> None:
    """Without its scopes, a token of a client would be one of ours."""
    setting = tokens.generated()
    made = process(setting)
    key = tokens.parse_keys(setting).keys[0]
    text = made.issue(PARTNER).access_token
    claims = jwt.decode(text, key, algorithms=["ES256"]).claims
    forged = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    header = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid}
    token = jwt.encode(header, forged, key, algorithms=["ES256"]).encode()
    with pytest.raises(TokenRefused):
        made.verify(token)
    assert made.inspect(token) is None


def test_the_setting_is_one_line_of_json() -> None:
    setting = token_keys.added(tokens.generated())
    assert "\n" not in setting
    assert len(msgspec.json.decode(setting)["keys"]) == 2
