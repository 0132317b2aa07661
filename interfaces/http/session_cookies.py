"""The cookies of a signed-in browser, and the token that proves that a page of ours is asking.

Scripts can read neither the access nor the refresh token. A browser sends cookies with requests
that other sites cause, so a request that is authenticated by a cookie and changes something must
repeat, in the header `X-CSRF-Token`, the token of the third cookie, which only our pages can read.
It is bound to the session: nobody can plant one of their own.
"""

import hmac
from collections.abc import Iterator

from litestar.datastructures import Cookie

from application.identity.session_ports import SessionTokens
from interfaces.http.problems import Problem
from interfaces.http.strict_request import StrictRequest

ACCESS, REFRESH, CSRF = "ais_access", "ais_refresh", "ais_csrf"
CSRF_HEADER = b"x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def value_of(request: StrictRequest, name: str) -> str | None:
    """Return the value of one of our cookies; None also where it is sent with several values."""
    wanted = _name(request, name)
    values = set()
    for header, content in request.scope["headers"]:
        if header == b"cookie":
            for part in content.decode("latin-1").split(";"):
                found, _, value = part.strip().partition("=")
                if found == wanted:
                    values.add(value)
    return values.pop() if len(values) == 1 else None


def require_csrf(request: StrictRequest, session: str) -> None:
    """Raises FORBIDDEN unless header and cookie have the token of this session."""
    expected = request.ports.sessions.secrets.csrf_token(session).encode()
    sent = request.header(CSRF_HEADER) or b""
    kept = (value_of(request, CSRF) or "").encode("latin-1")
    if not (hmac.compare_digest(sent, expected) and hmac.compare_digest(kept, expected)):
        raise Problem("FORBIDDEN", details={"reason": "csrf_token"})


def of_tokens(request: StrictRequest, tokens: SessionTokens) -> list[Cookie]:
    """The cookies that sign a browser in."""
    csrf = request.ports.sessions.secrets.csrf_token(tokens.session)
    values = {ACCESS: tokens.access_token, REFRESH: tokens.refresh_token, CSRF: csrf}
    # The cookie of an access token outlives it, so that the answer is TOKEN_EXPIRED.
    return list(_cookies(request, values, tokens.refresh_expires_in))


def cleared(request: StrictRequest) -> list[Cookie]:
    """The cookies that sign a browser out."""
    return list(_cookies(request, dict.fromkeys((ACCESS, REFRESH, CSRF), ""), 0))


def cookie(
    request: StrictRequest,
    name: str,
    value: str,
    *,
    path: str,
    seconds: int,
    readable: bool = False,
) -> Cookie:
    """A cookie that other sites cannot send, nor scripts read unless it is `readable`."""
    return Cookie(
        key=name,
        value=value,
        path=path,
        max_age=seconds,
        httponly=not readable,
        samesite="Strict",  # type: ignore[arg-type]  # as RFC 6265bis spells it
        secure=request.ports.secure_cookies,
    )


def _cookies(request: StrictRequest, values: dict[str, str], seconds: int) -> Iterator[Cookie]:
    for name, value in values.items():
        yield cookie(
            request,
            _name(request, name),
            value,
            path="/",
            seconds=seconds,
            readable=name == CSRF,
        )


def _name(request: StrictRequest, name: str) -> str:
    """With the prefix that only this host can set and only over TLS (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{name}" if request.ports.secure_cookies else name
