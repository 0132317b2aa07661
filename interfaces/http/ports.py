"""What the HTTP edge is handed: use cases and ports, never an adapter of its own making."""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from application.identity.log_in import LogIn
from application.identity.ports import IssuedToken, TokenVerifier
from application.identity.register_user import RegisterUser
from interfaces.http.rate_limit import Network, RateLimiter

Readiness = Callable[[], Awaitable[Mapping[str, bool]]]
"""Which of the things we stand on answer, by name; `database` decides."""


class HttpPorts(msgspec.Struct, frozen=True):
    """Made by the composition; a new route adds the use case that it calls."""

    register_user: Callable[[RegisterUser], Awaitable[None]]
    log_in: Callable[[LogIn], Awaitable[IssuedToken]]
    verifier: TokenVerifier
    limiter: RateLimiter
    readiness: Readiness
    fingerprint_key: bytes
    now: Callable[[], dt.datetime]
    trusted_proxies: tuple[Network, ...] = ()
