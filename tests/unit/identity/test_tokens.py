"""Access tokens against every known forgery; the answer is a refusal and never an error."""

import base64
import datetime as dt
import hashlib
import hmac
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from application.identity.ports import Principal, TokenExpired, TokenRefused
from infrastructure.identity import tokens

ISSUER, AUDIENCE = "https://airline.example", "ais"
START = 1_800_000_000
KEY = tokens.generated()
PRINCIPAL = Principal("usr_one", "customer", "ses_one")


class Time:
    """Seconds that move only when a test moves them."""

    def __init__(self) -> None:
        self.now = float(START)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def verifier(time: Time) -> tokens.Es256Tokens:
    return made(time)


def made(time: Time, key: str = KEY) -> tokens.Es256Tokens:
    return tokens.Es256Tokens(
        tokens.parse_keys(key),
        issuer=ISSUER,
        audience=AUDIENCE,
        now=time,
        token_id=lambda: "token-1",
    )


def own_key() -> ECKey:
    return ECKey.import_key(msgspec.json.decode(KEY))


def claims(**changes: object) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "usr_one",
        "role": "customer",
        "sid": "ses_one",
        "iat": START,
        "nbf": START,
        "exp": START + 900,
        "jti": "token-1",
    }
    whole.update(changes)
    return {name: value for name, value in whole.items() if value is not None}


def header(**changes: object) -> dict[str, Any]:
    whole: dict[str, Any] = {"alg": "ES256", "typ": "at+jwt", "kid": kid()}
    whole.update(changes)
    return {name: value for name, value in whole.items() if value is not None}


def kid() -> str:
    key = own_key()
    key.ensure_kid()
    assert key.kid is not None
    return key.kid


def signed(head: dict[str, Any], body: dict[str, Any]) -> bytes:
    """Signed with our own key whatever the header, as a worst case."""
    encoded = part(head) + b"." + part(body)
    raw = own_key()
    from joserfc.jwa import JWS_ALGORITHMS

    algorithm = next(each for each in JWS_ALGORITHMS if each.name == "ES256")
    return encoded + b"." + bare(algorithm.sign(encoded, raw))


def part(value: object) -> bytes:
    return bare(msgspec.json.encode(value))


def bare(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")


def test_an_issued_token_is_accepted(verifier: tokens.Es256Tokens) -> None:
    issued = verifier.issue(PRINCIPAL)
    assert issued.expires_in == 900
    assert verifier.verify(issued.access_token.encode()) == PRINCIPAL


def test_a_token_signed_by_hand_in_our_form_is_accepted(verifier: tokens.Es256Tokens) -> None:
    assert verifier.verify(signed(header(), claims())) == PRINCIPAL


def test_a_token_without_signature_is_refused(verifier: tokens.Es256Tokens) -> None:
    for alg in ("none", "None", "nOnE", ""):
        unsigned = part(header(alg=alg)) + b"." + part(claims()) + b"."
        with pytest.raises(TokenRefused):
            verifier.verify(unsigned)


def test_a_mac_keyed_with_the_public_key_is_refused(verifier: tokens.Es256Tokens) -> None:
    public = own_key().public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    content = part(header(alg="HS256")) + b"." + part(claims())
    forged = content + b"." + bare(hmac.new(public, content, hashlib.sha256).digest())
    with pytest.raises(TokenRefused):
        verifier.verify(forged)


def test_other_algorithms_are_refused_even_with_good_signatures(
    verifier: tokens.Es256Tokens,
) -> None:
    others = {
        "RS256": RSAKey.generate_key(2048),
        "HS256": OctKey.generate_key(256),
        "ES384": ECKey.generate_key("P-384"),
    }
    for alg, key in others.items():
        token = jwt.encode(header(alg=alg), claims(), key, algorithms=[alg])
        with pytest.raises(TokenRefused):
            verifier.verify(token.encode())


@pytest.mark.parametrize(
    "smuggled",
    [
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["MIIB"]},
        {"jwk": {"kty": "EC"}},
        {"crit": ["b64"], "b64": False},
        {"zip": "DEF"},
        {"typ": "JWT"},
        {"typ": None},
        {"kid": "unknown"},
        {"kid": None},
        {"kid": ["list"]},
        {"kid": "../../dev/null"},
        {"alg": ["ES256"]},
        {"alg": None},
    ],
)
def test_a_header_that_is_not_exactly_ours_is_refused(
    verifier: tokens.Es256Tokens, smuggled: dict[str, Any]
) -> None:
    with pytest.raises(TokenRefused):
        verifier.verify(signed(header(**smuggled), claims()))


def test_a_token_that_carries_its_own_key_is_refused(verifier: tokens.Es256Tokens) -> None:
    evil = ECKey.generate_key("P-256")
    for extra in ({"jwk": evil.as_dict(private=False)}, {}):
        token = jwt.encode(header(**extra), claims(), evil, algorithms=["ES256"])
        with pytest.raises(TokenRefused):
            verifier.verify(token.encode())


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": None},
        {"aud": [AUDIENCE, "other"]},
        {"sub": None},
        {"sub": 7},
        {"sub": ""},
        {"role": None},
        {"role": "superuser"},
        {"exp": None},
        {"exp": "never"},
        {"exp": START + 901},
        {"exp": 10**30},
        {"iat": None},
        {"iat": START + 11},
        {"nbf": None},
        {"nbf": START + 11},
        {"jti": None},
    ],
)
def test_claims_that_are_not_for_us_now_are_refused(
    verifier: tokens.Es256Tokens, change: dict[str, Any]
) -> None:
    with pytest.raises(TokenRefused) as refusal:
        verifier.verify(signed(header(), claims(**change)))
    assert not isinstance(refusal.value, TokenExpired)


def test_an_expired_token_is_distinguished(verifier: tokens.Es256Tokens, time: Time) -> None:
    token = verifier.issue(PRINCIPAL).access_token.encode()
    time.now += 900
    with pytest.raises(TokenExpired):
        verifier.verify(token)


def test_a_remembered_token_still_expires(verifier: tokens.Es256Tokens, time: Time) -> None:
    token = verifier.issue(PRINCIPAL).access_token.encode()
    assert verifier.verify(token) == verifier.verify(token) == PRINCIPAL
    time.now += 899
    assert verifier.verify(token) == PRINCIPAL
    time.now += 1
    for _ in range(2):
        with pytest.raises(TokenExpired):
            verifier.verify(token)


def test_a_refused_token_is_not_remembered_as_good(verifier: tokens.Es256Tokens) -> None:
    good = verifier.issue(PRINCIPAL).access_token.encode()
    assert verifier.verify(good) == PRINCIPAL
    head, _, signature = good.split(b".")
    other = part(claims(sub="usr_two"))
    for forged in (b".".join((head, other, signature)), good + b"A", good[:-2], good + b"."):
        with pytest.raises(TokenRefused):
            verifier.verify(forged)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b".",
        b"..",
        b"...",
        b"a.b.c",
        b"\xff\xfe.a.b",
        b"e30.e30.e30",
        b"W10.e30.",
        b"A" * 1_000_000,
        b"[" * 2000,
        bare(b"[" * 1400) + b".e30.e30",
        "عربي.a.b".encode(),
    ],
)
def test_rubbish_is_refused(verifier: tokens.Es256Tokens, rubbish: bytes) -> None:
    with pytest.raises(TokenRefused):
        verifier.verify(rubbish)


def test_an_oversize_token_is_refused_unread(verifier: tokens.Es256Tokens) -> None:
    """Each is signed by our key and sound but for its size; unknown claims are ignored."""
    sizes = {len(pad): signed(header(), claims(pad=pad)) for pad in ("x" * 1_100, "x" * 1_300)}
    assert len(sizes[1_100]) <= tokens.TOKEN_MAX_BYTES < len(sizes[1_300])
    assert verifier.verify(sizes[1_100]) == PRINCIPAL
    for token in (sizes[1_300], signed(header(), claims(pad="x" * 1_000_000))):
        with pytest.raises(TokenRefused):
            verifier.verify(token)


def test_a_token_does_not_outlive_its_session(verifier: tokens.Es256Tokens, time: Time) -> None:
    until = dt.datetime.fromtimestamp(START + 60, dt.UTC)
    issued = verifier.issue(PRINCIPAL, until=until)
    assert issued.expires_in == 60
    time.now += 60
    with pytest.raises(TokenExpired):
        verifier.verify(issued.access_token.encode())


def test_no_more_tokens_are_remembered_than_the_limit(
    verifier: tokens.Es256Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "REMEMBERED_LIMIT", 2)
    decode, decoded = jwt.decode, 0

    def counted(*given: Any, **named: Any) -> jwt.Token:
        nonlocal decoded
        decoded += 1
        return decode(*given, **named)

    monkeypatch.setattr(jwt, "decode", counted)
    first, second, third = (signed(header(), claims(jti=f"token-{number}")) for number in range(3))
    for token in (first, second, second, third, third, second):
        assert verifier.verify(token) == PRINCIPAL
    assert decoded == 3
    # The oldest had to go.
    assert verifier.verify(first) == PRINCIPAL
    assert decoded == 4


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "client_one"},
        {"scope": "bookings:read"},
        {"client_id": "client_one", "scope": "everything"},
        {"client_id": "client_one", "scope": "bookings:read", "booking": "booking-AAAAAA"},
    ],
)
def test_a_client_and_its_scopes_are_named_together_and_never_a_guests_booking(
    verifier: tokens.Es256Tokens, change: dict[str, Any]
) -> None:
    sound = claims(client_id="client_one", scope="bookings:read")
    assert verifier.verify(signed(header(), sound)).client == "client_one"
    with pytest.raises(TokenRefused):
        verifier.verify(signed(header(), claims(**change)))


def test_a_key_is_rotated_by_putting_the_new_one_first(time: Time) -> None:
    old, new = msgspec.json.decode(KEY), msgspec.json.decode(tokens.generated())
    before = made(time).issue(PRINCIPAL).access_token.encode()
    both = made(time, msgspec.json.encode({"keys": [new, old]}).decode())
    assert both.verify(before) == PRINCIPAL
    after = both.issue(PRINCIPAL).access_token.encode()
    with pytest.raises(TokenRefused):
        made(time).verify(after)
    assert len(both.public_keys()["keys"]) == 2  # type: ignore[arg-type]  # a list in the mapping


def test_public_keys_hold_nothing_private(verifier: tokens.Es256Tokens) -> None:
    (key,) = verifier.public_keys()["keys"]  # type: ignore[attr-defined]  # a list in the mapping
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_a_pem_key_is_accepted(time: Time) -> None:
    pem = own_key().as_pem(private=True).decode()
    issued = made(time, pem).issue(PRINCIPAL)
    assert made(time).verify(issued.access_token.encode()) == PRINCIPAL


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "secret",
        "{}",
        '{"keys": []}',
        '{"keys": [7]}',
        "-----BEGIN PRIVATE KEY-----",
        msgspec.json.encode(ECKey.generate_key("P-384").as_dict(private=True)).decode(),
        msgspec.json.encode(own_key().as_dict(private=False)).decode(),
        msgspec.json.encode(RSAKey.generate_key(2048).as_dict(private=True)).decode(),
    ],
)
def test_a_malformed_key_setting_is_refused_without_showing_it(setting: str) -> None:
    with pytest.raises(tokens.TokenKeyMalformed) as refusal:
        tokens.parse_keys(setting)
    assert "secret" not in str(refusal.value)
    assert refusal.value.__cause__ is None
