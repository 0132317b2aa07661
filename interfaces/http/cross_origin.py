"""Cross-origin requests of browsers (Fetch, 3.2): for the exact origins of `AIS_CORS_ORIGINS`.

Without the setting no answer names an origin, so scripts of other sites read nothing. An origin is
named as it was sent, never by a wildcard: credentials are part of what it may send.
"""

from collections.abc import Set as AbstractSet

from interfaces.http.correlation import Exchange
from interfaces.http.security_headers import Header

# What clients may send beyond what every form can, and read beyond what every script may.
REQUEST_HEADERS = (
    b"accept-language, authorization, content-type, idempotency-key, if-none-match, "
    b"x-correlation-id, x-csrf-token, x-log-position"
)
ANSWER_HEADERS = (
    b"content-language, deprecation, etag, idempotency-replayed, ratelimit-limit, "
    b"ratelimit-remaining, ratelimit-reset, retry-after, sunset, x-correlation-id, "
    b"x-log-position"
)
# How long a browser remembers the answer to a preflight.
MAX_AGE_SECONDS = b"600"
_VARY = (b"vary", b"Origin")


def headers_for(exchange: Exchange, origins: AbstractSet[bytes]) -> list[Header]:
    """Return what an answer says to the origin of its request; nothing without the setting."""
    if not origins:
        return []
    origin = exchange.headers.get(b"origin")
    if origin not in origins:
        return [_VARY]
    assert origin is not None
    return [
        _VARY,
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", ANSWER_HEADERS),
    ]


def preflight_headers(
    exchange: Exchange, origins: AbstractSet[bytes], methods: bytes
) -> list[Header]:
    """Return what permits the request that a browser asks about; nothing for another origin."""
    asks = b"access-control-request-method" in exchange.headers
    if not asks or exchange.headers.get(b"origin") not in origins:
        return []
    return [
        (b"access-control-allow-methods", methods),
        (b"access-control-allow-headers", REQUEST_HEADERS),
        (b"access-control-max-age", MAX_AGE_SECONDS),
    ]
