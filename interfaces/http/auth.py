"""Who may use a route: what a handler declares, checked before its body is read.

    @post("/api/bookings", **auth.signed_in("book", "booking"))
    async def create_booking(
        request: StrictRequest, data: JSONBody[BookingRequest]
    ) -> BookingResponse: ...

The order is: acceptable answer (406), token (401), permission (403), limit (429), body (4xx).
"""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

import msgspec
from litestar import Request

from application.identity.ports import Principal, TokenExpired, TokenRefused
from domain.booking.rejections import ForeignBooking
from domain.identity import roles, scopes
from domain.identity.roles import Permission
from domain.identity.scopes import Scope
from domain.kernel import ids
from interfaces.http import (
    audited_reads,
    correlation,
    rate_limit,
    request_target,
    session_cookies,
)
from interfaces.http.problems import Problem
from interfaces.http.rate_limit import LimitName
from interfaces.http.strict_request import StrictRequest

JSON = "application/json"
Hook = Callable[[Request[Any, Any, Any]], Awaitable[None]]


class ForgedToken(Problem):
    """The caller offered a token that is not ours; the answer is that of a missing one."""


class Admission(msgspec.Struct, frozen=True):
    """Who may use a route, which limits count its requests, and the media types that it gives.

    `scope` is what a client needs; without one, only our own apps get in.
    """

    signed_in: bool
    permission: Permission | None
    limits: tuple[LimitName, ...]
    gives: tuple[str, ...] = (JSON,)
    scope: Scope | None = None


class RouteTerms(TypedDict):
    """Arguments of a route decorator."""

    before_request: Hook
    opt: dict[str, Admission]


def open_to_all(limit: LimitName = "anonymous") -> RouteTerms:
    """For everyone, counted by the client's address."""

    async def admit(request: Request[Any, Any, Any]) -> None:
        assert isinstance(request, StrictRequest)
        require_acceptable(request, (JSON,))
        await spend(request, limit, address_of(request))
        request_target.require_one_spelling(request)

    admission = Admission(signed_in=False, permission=None, limits=(limit,))
    return _terms(admit, admission)


def signed_in(
    permission: Permission | None,
    *limits: LimitName,
    gives: tuple[str, ...] = (JSON,),
    before_second_factor: bool = False,
    scope: Scope | None = None,
) -> RouteTerms:
    """For holders of the permission (None: any user), counted by user, also under `limits`.

    `gives` are the media types that the route answers with. `before_second_factor` is whether it
    also serves users who must have a second factor and have not proved one in this session, in our
    own apps. `scope` is what a client needs: without it, that of the permission. A route with
    neither is for our own apps alone.
    """
    needed = scope or scopes.scope_of(permission)

    async def admit(request: Request[Any, Any, Any]) -> None:
        assert isinstance(request, StrictRequest)
        require_acceptable(request, gives)
        principal = await authenticated(request)
        request.scope["user"] = principal
        correlation.exchange_of(request.scope).reading.user = principal.user
        _require_guests_booking(request, principal)
        if principal.client is not None or not before_second_factor:
            require_second_factor(request, principal)
        if permission is not None and not roles.may(principal.role, permission):
            raise Problem("FORBIDDEN")
        _require_scope(principal, needed)
        general: LimitName = "staff" if roles.is_staff(principal.role) else "signed_in"
        await spend(request, general, principal.user)
        for limit in limits:
            await spend(request, limit, principal.user)
        await audited_reads.record(request, permission, address_of(request))
        request_target.require_one_spelling(request)

    admission = Admission(
        signed_in=True, permission=permission, limits=limits, gives=gives, scope=needed
    )
    return _terms(admit, admission)


def _require_scope(principal: Principal, needed: Scope | None) -> None:
    """Raises FORBIDDEN for a client without the scope (RFC 6750, 3.1)."""
    if principal.scopes is None or (needed is not None and needed in principal.scopes):
        return
    problem = Problem("FORBIDDEN", details={"reason": "insufficient_scope"})
    challenge = 'Bearer error="insufficient_scope"'
    if needed is not None:
        challenge += f', scope="{needed}"'
    problem.headers["www-authenticate"] = challenge
    raise problem


async def authenticated(request: StrictRequest) -> Principal:
    """Return the holder of the bearer token, or of the cookie where there is no bearer token.

    Wrong tokens are counted by address. With a cookie, a request that changes something needs the
    CSRF token; with a bearer token it does not, and cookies are ignored.
    """
    offered = request.header(b"authorization")
    if offered is not None:
        principal = await _holder(request, *_parted(offered))
    else:
        cookie = session_cookies.value_of(request, session_cookies.ACCESS)
        if cookie is None:
            raise Problem("UNAUTHORIZED")
        principal = await _holder(request, b"bearer", cookie.encode("latin-1"))
        if principal.is_guest:  # its token is not bound to a session, nor to a CSRF token
            raise Problem("UNAUTHORIZED")
        if request.scope["method"] not in session_cookies.SAFE_METHODS:
            session_cookies.require_csrf(request, principal.session)
    if principal.is_guest:
        return principal
    await _require_live(request, principal)
    return principal


async def browser_user(request: StrictRequest) -> Principal | None:
    """Return the user of a browser's session for a page; None where it is not signed in."""
    cookie = session_cookies.value_of(request, session_cookies.ACCESS)
    if cookie is None:
        return None
    try:
        principal = await _holder(request, b"bearer", cookie.encode("latin-1"))
        if principal.is_guest:
            return None
        await _require_live(request, principal)
    except Problem as problem:
        if problem.status != 401:
            raise
        return None
    return principal


async def _require_live(request: StrictRequest, principal: Principal) -> None:
    """Raises UNAUTHORIZED where the session of the token is over."""
    ended = request.ports.sessions.ended
    has_ended = ended.known(principal.session)
    if has_ended is None:
        has_ended = await ended.has_ended(principal.session)
    if has_ended:
        raise Problem("UNAUTHORIZED", details={"reason": "session_ended"})


def _require_guests_booking(request: StrictRequest, principal: Principal) -> None:
    """A guest reaches the routes of one booking only: 404 for another, 403 for other routes."""
    if not principal.is_guest:
        return
    named = request.scope["path_params"].get("booking_id")
    if named is None:
        raise Problem("FORBIDDEN", details={"reason": "account_needed"})
    if ids.booking_id_of(named) != principal.booking:
        raise ForeignBooking()


def require_second_factor(request: StrictRequest, principal: Principal) -> None:
    """Raises FORBIDDEN where the role must prove a second factor and this session has not.

    Nobody could prove one for a service: the admin who registered it has, and its secret counts.
    """
    if principal.second_factor or principal.is_service or not request.ports.second_factor_required:
        return
    if roles.needs_second_factor(principal.role):
        raise Problem("FORBIDDEN", details={"reason": "second_factor_required"})


def _parted(authorization: bytes) -> tuple[bytes, bytes]:
    scheme, _, token = authorization.partition(b" ")
    return scheme, token


async def _holder(request: StrictRequest, scheme: bytes, token: bytes) -> Principal:
    try:
        if scheme.lower() != b"bearer":
            raise TokenRefused
        return request.ports.verifier.verify(token)
    except TokenExpired:
        raise Problem("TOKEN_EXPIRED") from None
    except TokenRefused:
        await spend(request, "anonymous", address_of(request))
        raise ForgedToken("UNAUTHORIZED") from None


async def spend(request: StrictRequest, limit: LimitName, client: str) -> None:
    """Count the request; raises RATE_LIMITED."""
    limiter = request.ports.limiter
    try:
        if not limiter.take_at_hand(limit, client):
            await limiter.take(limit, client)
    finally:
        correlation.exchange_of(request.scope).counted(*limiter.standing(limit, client))


def address_of(request: StrictRequest) -> str:
    """Return the address that the client is counted by."""
    peer = request.scope["client"]
    return rate_limit.client_address(
        peer[0] if peer else None,
        request.header(b"x-forwarded-for"),
        request.ports.trusted_proxies,
    )


def require_acceptable(request: StrictRequest, gives: tuple[str, ...]) -> None:
    """Raises NOT_ACCEPTABLE when the client accepts no media type of the route."""
    accept = correlation.exchange_of(request.scope).headers.get(b"accept")
    if accept is None or accept == b"*/*":
        return
    if not any(_takes(accept[:1024], media_type) for media_type in gives):
        raise Problem("NOT_ACCEPTABLE")


@functools.lru_cache(512)
def _takes(accept: bytes, media_type: str) -> bool:
    weights: dict[str, bool] = {}
    for part in accept.decode("latin-1").lower().split(","):
        media_range, *parameters = [each.strip() for each in part.split(";")]
        refused = any(each.replace(" ", "") in _ZERO for each in parameters)
        weights[media_range] = not refused
    for media_range in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        if media_range in weights:
            return weights[media_range]
    return not any(weights)


_ZERO = frozenset({"q=0", "q=0.0", "q=0.00", "q=0.000"})


def _terms(admit: Hook, admission: Admission) -> RouteTerms:
    return RouteTerms(before_request=admit, opt={"admission": admission})
