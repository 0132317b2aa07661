"""Access tokens: JWTs signed with ES256 (RFC 9068 form), and the keys to verify them.

The algorithm, the type and the shape of the header are pinned before anything is verified, so a
key named or contained in the token itself is never used; the claims are checked each time a
token is verified. A verified token is cached until it expires: a signature check costs 70 µs.
"""

import base64
import binascii
import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, KeySet

from application.identity.ports import (
    InspectedToken,
    IssuedToken,
    Principal,
    TokenExpired,
    TokenRefused,
)
from domain.identity import scopes
from domain.identity.roles import Role

ALGORITHM = "ES256"
TOKEN_LIFE_SECONDS = 15 * 60
# The clocks of our processes may differ by this much; it extends no token's life.
NOT_BEFORE_LEEWAY_SECONDS = 10
TOKEN_MAX_BYTES = 2048
REMEMBERED_LIMIT = 20_000
# How the user was authenticated (RFC 8176).
PASSWORD_ONLY, WITH_SECOND_FACTOR = ("pwd",), ("pwd", "otp", "mfa")
REGISTRY_CLAIMS = ("iss", "aud", "sub", "role", "sid", "exp", "jti")


class TokenKeyMalformed(ValueError):
    """The setting is not a private P-256 key as PEM or JWK, or a JWK set of them."""


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: Literal["ES256"]
    typ: Literal["at+jwt"]
    kid: str


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    aud: str
    sub: str
    role: Role
    sid: str
    iat: int
    nbf: int
    exp: int
    jti: str
    booking: str | None = None
    amr: tuple[str, ...] = ()
    client_id: str | None = None
    scope: str | None = None


_HEADER_DECODER = msgspec.json.Decoder(_Header)


def parse_keys(setting: str) -> KeySet:
    """Read `AIS_TOKEN_KEY`: PEM, JWK or JWK set; the first key signs, all verify."""
    try:
        keys = [_usable(key) for key in _read_keys(setting.strip())]
        return KeySet([keys[0], *keys[1:]])
    except (JoseError, ValueError, TypeError, LookupError, AttributeError):
        raise TokenKeyMalformed(
            "a private P-256 key as PEM or JWK, or a JWK set of such keys, is expected"
        ) from None


def generated() -> str:
    """Return a fresh setting of one random key (JWK), as `parse_keys` reads it."""
    return msgspec.json.encode(ECKey.generate_key("P-256").as_dict(private=True)).decode()


class Es256Tokens:
    """`TokenIssuer`, `TokenVerifier` and `TokenInspector` of `application.identity.ports`.

    `now` gives Unix seconds; `token_id` a fresh `jti` at each call.
    """

    def __init__(
        self,
        keys: KeySet,
        *,
        issuer: str,
        audience: str,
        now: Callable[[], float],
        token_id: Callable[[], str],
    ) -> None:
        self._keys = keys
        self._signing_key = keys.keys[0]
        self._issuer = issuer
        self._audience = audience
        self._now = now
        self._token_id = token_id
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(now()),
            leeway=0,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            role={"essential": True},
            sid={"essential": True},
            exp={"essential": True},
            jti={"essential": True},
        )
        self._verified: OrderedDict[bytes, tuple[Principal, int]] = OrderedDict()

    def issue(self, principal: Principal, *, until: dt.datetime | None = None) -> IssuedToken:
        """Return a fresh token for the principal, valid for 15 minutes and not beyond `until`."""
        assert principal.session
        issued_at = int(self._now())
        expires_at = issued_at + TOKEN_LIFE_SECONDS
        if until is not None:
            expires_at = min(expires_at, int(until.timestamp()))
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": self._signing_key.kid}
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": principal.user,
            "role": principal.role,
            "sid": principal.session,
            "iat": issued_at,
            "nbf": issued_at,
            "exp": expires_at,
            "jti": self._token_id(),
        }
        if not principal.is_service:
            claims["amr"] = WITH_SECOND_FACTOR if principal.second_factor else PASSWORD_ONLY
        if principal.booking is not None:
            claims["booking"] = principal.booking
        if principal.client is not None:
            # RFC 9068, 2.2 and 2.2.3.
            claims["client_id"] = principal.client
            claims["scope"] = scopes.text_of(principal.scopes or ())
        token = jwt.encode(header, claims, self._signing_key, algorithms=[ALGORITHM])
        return IssuedToken(token, expires_at - issued_at)

    def verify(self, token: bytes) -> Principal:
        """Return the principal of the token; raises TokenRefused or TokenExpired."""
        known = self._verified.get(token)
        if known is not None:
            if known[1] > self._now():
                return known[0]
            del self._verified[token]
            raise TokenExpired
        principal, expires_at = self._verified_now(token)
        self._verified[token] = (principal, expires_at)
        if len(self._verified) > REMEMBERED_LIMIT:
            self._verified.popitem(last=False)
        return principal

    def inspect(self, token: bytes) -> InspectedToken | None:
        """Return what a token says; None where it is not ours or has expired."""
        try:
            return InspectedToken(*self._verified_now(token))
        except TokenRefused:
            return None

    def public_keys(self) -> Mapping[str, object]:
        """Return the JWK set with which anyone can verify tokens."""
        keys = [
            {**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM} for key in self._keys
        ]
        return {"keys": keys}

    def _verified_now(self, token: bytes) -> tuple[Principal, int]:
        if len(token) > TOKEN_MAX_BYTES:
            raise TokenRefused
        _require_own_header(token)
        try:
            raw = jwt.decode(token, self._keys, algorithms=[ALGORITHM]).claims
            claims = msgspec.convert(raw, _Claims)
            # nbf and iat have a leeway that exp must not have: they are compared below.
            self._claims.validate({name: raw[name] for name in REGISTRY_CLAIMS})
        except ExpiredTokenError:
            raise TokenExpired from None
        except (JoseError, msgspec.ValidationError, ValueError, RecursionError):
            raise TokenRefused from None
        latest = self._now() + NOT_BEFORE_LEEWAY_SECONDS
        if claims.nbf > latest or claims.iat > latest:
            raise TokenRefused
        if claims.exp - claims.iat > TOKEN_LIFE_SECONDS:
            raise TokenRefused
        return _principal(claims), claims.exp


def _principal(claims: _Claims) -> Principal:
    """Return the holder; a client's token always says what it may do."""
    second_factor = "mfa" in claims.amr
    if claims.client_id is None and claims.scope is None:
        return Principal(
            claims.sub,
            claims.role,
            claims.sid,
            booking=claims.booking,
            second_factor=second_factor,
        )
    granted = scopes.parsed(claims.scope or "")
    if claims.client_id is None or granted is None or claims.booking is not None:
        raise TokenRefused
    return Principal(
        claims.sub,
        claims.role,
        claims.sid,
        second_factor=second_factor,
        client=claims.client_id,
        scopes=frozenset(granted),
    )


def _require_own_header(token: bytes) -> None:
    head = token.partition(b".")[0]
    try:
        header = base64.urlsafe_b64decode(head + b"=" * (-len(head) % 4))
        _HEADER_DECODER.decode(header)
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        raise TokenRefused from None


def _read_keys(setting: str) -> list[ECKey]:
    if not setting.startswith("{"):
        return [ECKey.import_key(setting)]
    parsed: dict[str, Any] = msgspec.json.decode(setting)
    return [ECKey.import_key(jwk) for jwk in parsed.get("keys", [parsed])]


def _usable(key: ECKey) -> ECKey:
    if key.curve_name != "P-256" or not key.is_private:
        raise ValueError
    key.ensure_kid()
    return key
