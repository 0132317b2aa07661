"""The headers that keep browsers from framing, sniffing, embedding or storing an answer.

Every answer has them, errors and refusals of the connection too. A page sets a policy of its own; a
public route that may be stored says so; all other answers are stored nowhere.
"""

from collections.abc import Iterable

Header = tuple[bytes, bytes]

# No feature of a device is used, by us or by what could be injected.
_FEATURES = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")

SECURITY_HEADERS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    # For browsers that do not know `frame-ancestors`.
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", ", ".join(f"{name}=()" for name in _FEATURES).encode()),
    # Origins of `AIS_CORS_ORIGINS` ask in the CORS mode, to which this does not apply.
    (b"cross-origin-resource-policy", b"same-origin"),
)
# RFC 6797. Sent by a server without TLS it would be ignored (7.2), and wrong.
HTTPS_ONLY: Header = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_OVERRIDABLE = frozenset({b"cache-control", b"content-security-policy"})
_OVER_HTTPS = (*SECURITY_HEADERS, HTTPS_ONLY)

# A cache asks each time whether what it has is current: with `ETag` that costs no body.
REVALIDATED = "no-cache"
# The same for everybody, and it matters little when it is some minutes old.
SHARED = "public, max-age=300"


def security_headers(*, over_https: bool) -> tuple[Header, ...]:
    """Return the headers of an answer, by whether travellers reach us over HTTPS."""
    return _OVER_HTTPS if over_https else SECURITY_HEADERS


def completed(headers: Iterable[Header], extra: list[Header]) -> list[Header]:
    """Return an answer's own headers with the extra ones; where both set a policy, its own wins."""
    own = list(headers)
    names = {name for name, _ in own} & _OVERRIDABLE
    own.extend(extra if not names else [each for each in extra if each[0] not in names])
    return own
