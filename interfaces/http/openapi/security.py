"""What a caller proves who they are with, by operation (OpenAPI, Security Requirement Object)."""

from collections.abc import Mapping
from typing import Any

from domain.identity import scopes
from interfaces.http import session_cookies
from interfaces.http.auth import Admission

BEARER, COOKIE, CSRF, OAUTH = "bearer", "cookie", "csrfToken", "oauth"
REFRESH, REFRESH_COOKIE, SIGNATURE = "refreshToken", "refreshCookie", "stripeSignature"
REFRESHES = "/api/auth/refresh"
WEBHOOK = "/api/webhooks/"
_PREFIXED = "With the prefix `__Host-` over TLS."

Requirement = dict[str, list[str]]


def of(path: str, method: str, admission: Admission | None) -> list[Requirement]:
    """Return the alternatives of an operation; none where nobody has to be signed in."""
    if path.startswith(WEBHOOK):
        return [{SIGNATURE: []}]
    if path == REFRESHES:
        # The last is for the token in the body.
        return [{REFRESH: []}, {REFRESH_COOKIE: [], CSRF: []}, {}]
    if admission is None or not admission.signed_in:
        return []
    by_cookie: Requirement = {COOKIE: []}
    if method not in session_cookies.SAFE_METHODS:
        by_cookie[CSRF] = []
    if admission.scope is None:
        return [{BEARER: []}, by_cookie]
    return [{BEARER: []}, by_cookie, {OAUTH: [admission.scope]}]


def schemes() -> Mapping[str, Any]:
    """Return what the requirements refer to."""
    return {
        BEARER: _bearer("The `accessToken` of `/api/auth/mobile-login`.", bearerFormat="JWT"),
        COOKIE: _key("cookie", session_cookies.ACCESS, f"Set by `/api/auth/login`. {_PREFIXED}"),
        CSRF: _key(
            "header",
            "X-CSRF-Token",
            f"With cookies, the value of the cookie `{session_cookies.CSRF}`, which is the "
            f"`csrfToken` of the sign-in. {_PREFIXED}",
        ),
        REFRESH: _bearer("The `refreshToken` of the last sign-in or refresh."),
        REFRESH_COOKIE: _key(
            "cookie", session_cookies.REFRESH, f"Set by `/api/auth/login`. {_PREFIXED}"
        ),
        OAUTH: _oauth(),
        SIGNATURE: _key(
            "header",
            "Stripe-Signature",
            "What Stripe makes of the bytes of the body and our webhook secret.",
        ),
    }


def _oauth() -> Mapping[str, Any]:
    """For clients of third parties, with the scopes that users can give and those of services."""
    meanings = {str(name): terms.meaning for name, terms in scopes.SCOPES.items()}
    given = {str(name): terms.meaning for name, terms in scopes.SCOPES.items() if terms.by_consent}
    return {
        "type": "oauth2",
        "description": "A client of a third party; the code needs PKCE with S256.",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": "/oauth/authorize",
                "tokenUrl": "/oauth/token",
                "refreshUrl": "/oauth/token",
                "scopes": given,
            },
            "clientCredentials": {"tokenUrl": "/oauth/token", "scopes": meanings},
        },
    }


def _bearer(description: str, **others: str) -> Mapping[str, str]:
    return {"type": "http", "scheme": "bearer", "description": description, **others}


def _key(place: str, name: str, description: str) -> Mapping[str, str]:
    return {"type": "apiKey", "in": place, "name": name, "description": description}
