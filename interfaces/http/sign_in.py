"""Routes of signing in and out, for apps (tokens in bodies) and browsers (tokens in cookies)."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.datastructures import Cookie
from litestar.params import JSONBody

from application.identity.end_replaced_session import end_replaced_session
from application.identity.end_sessions import end_sessions
from application.identity.log_in import LogIn, SecondFactorAsked, SignedIn
from application.identity.open_session import Device
from application.identity.refresh_session import RefreshSession, refresh_session
from application.identity.session_ports import SessionKind, SessionTokens
from domain.identity.rejections import RefreshTokenForged
from interfaces.http import auth, session_cookies, wire
from interfaces.http.answers import Answered
from interfaces.http.identity import PasswordText
from interfaces.http.mailbox import mailbox
from interfaces.http.maintenance import SERVED
from interfaces.http.problems import Problem, invalid
from interfaces.http.strict_request import StrictRequest

# Known by it, a device is not locked out by strangers; it signs nobody in.
DEVICE_COOKIE = "ais_device"
DEVICE_COOKIE_SECONDS = 31_536_000
USER_AGENT_LENGTH = 512
RefreshText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class LoginRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The address and the password of a user."""

    email: wire.EmailText
    password: PasswordText


class TokensResponse(msgspec.Struct, rename="camel"):
    """A bearer token, the seconds for which it is valid, and what the next one is exchanged for."""

    access_token: str
    refresh_token: str
    expires_in: int


class BrowserResponse(msgspec.Struct, rename="camel"):
    """The seconds after which a browser refreshes, and the token for the header `X-CSRF-Token`."""

    expires_in: int
    csrf_token: str


class SecondFactorResponse(msgspec.Struct, rename="camel"):
    """The password was right: `challenge` and a code go to `/api/auth/mfa`, within so many
    seconds."""

    challenge: str
    expires_in: int
    mfa_required: bool = True


class RefreshRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A refresh token, where it is not in the header `Authorization`."""

    refresh_token: RefreshText


class SessionsEndedResponse(msgspec.Struct, rename="camel"):
    """How many sessions ended now."""

    ended: int


@post("/api/auth/mobile-login", status_code=200, **SERVED, **auth.open_to_all("authentication"))
async def mobile_login(
    request: StrictRequest, data: JSONBody[LoginRequest]
) -> Answered[TokensResponse | SecondFactorResponse]:
    """Sign in; a refusal never contains the reason. With a second factor, a code is asked for.

    The cookie that the answer sets makes the device known: sent again at the next sign-in, other
    people's wrong passwords from the same network do not lock the user out.
    """
    outcome = await _logged_in(request, data, "mobile")
    if isinstance(outcome, SecondFactorAsked):
        return Answered(SecondFactorResponse(outcome.challenge, outcome.expires_in))
    return Answered(_in_body(outcome.tokens), cookies=[_device_cookie(request, outcome)])


@post("/api/auth/login", status_code=200, **SERVED, **auth.open_to_all("authentication"))
async def login(
    request: StrictRequest, data: JSONBody[LoginRequest]
) -> Answered[BrowserResponse | SecondFactorResponse]:
    """Sign a browser in: both tokens are in cookies that scripts cannot read.

    With a second factor, a code is asked for first. The session that the browser had before ends.
    """
    outcome = await _logged_in(request, data, "web")
    if isinstance(outcome, SecondFactorAsked):
        return Answered(SecondFactorResponse(outcome.challenge, outcome.expires_in))
    body, cookies = await _in_browser(request, outcome)
    return Answered(body, cookies=cookies)


@post(
    "/api/auth/refresh",
    status_code=200,
    operation_id="refreshTokens",
    optional_body=RefreshRequest,
    **SERVED,
    **auth.open_to_all(),
)
async def refresh(request: StrictRequest) -> Answered[TokensResponse | BrowserResponse]:
    """Exchange a refresh token for new tokens; it is spent by that.

    The token is in the header `Authorization`, in the body, or in the cookie of a browser, which
    sends `X-CSRF-Token` too and gets new cookies.
    """
    offered = _offered_token(request, await request.optional_json(RefreshRequest))
    if offered is not None:
        tokens = await _refreshed(request, offered)
        return Answered(_in_body(tokens))
    kept = session_cookies.value_of(request, session_cookies.REFRESH)
    if kept is None:
        raise Problem("UNAUTHORIZED")
    claimed = request.ports.sessions.secrets.read(kept)
    if claimed is None:
        raise RefreshTokenForged
    session_cookies.require_csrf(request, claimed.session)
    tokens = await _refreshed(request, kept)
    return Answered(
        _in_cookies(request, tokens), cookies=session_cookies.of_tokens(request, tokens)
    )


@post(
    "/api/auth/logout", status_code=200, **SERVED, **auth.signed_in(None, before_second_factor=True)
)
async def logout(request: StrictRequest) -> Answered[SessionsEndedResponse]:
    """End the session of the caller."""
    caller = request.principal
    ended = await end_sessions(
        caller.user, "signed_out", request.ports.sessions, only=caller.session
    )
    return Answered(SessionsEndedResponse(ended), cookies=session_cookies.cleared(request))


@post(
    "/api/auth/logout-all",
    status_code=200,
    **SERVED,
    **auth.signed_in(None, before_second_factor=True),
)
async def logout_all(request: StrictRequest) -> Answered[SessionsEndedResponse]:
    """End all sessions of the caller, on all devices."""
    ended = await end_sessions(request.principal.user, "signed_out", request.ports.sessions)
    return Answered(SessionsEndedResponse(ended), cookies=session_cookies.cleared(request))


async def answered(
    request: StrictRequest, signed_in: SignedIn, kind: SessionKind
) -> Answered[TokensResponse | BrowserResponse]:
    """The answer to a completed sign-in: tokens in the body of an app, in cookies of a browser."""
    if kind == "web":
        body, cookies = await _in_browser(request, signed_in)
        return Answered(body, cookies=cookies)
    return Answered(_in_body(signed_in.tokens), cookies=[_device_cookie(request, signed_in)])


def user_agent_of(request: StrictRequest) -> str:
    """Return what the device calls itself."""
    user_agent = request.header(b"user-agent") or b""
    return user_agent[:USER_AGENT_LENGTH].decode("utf-8", "replace")


async def _in_browser(
    request: StrictRequest, signed_in: SignedIn
) -> tuple[BrowserResponse, list[Cookie]]:
    """The body and the cookies for a browser that has signed in; the session that it had ends."""
    replaced = session_cookies.value_of(request, session_cookies.REFRESH)
    if replaced is not None:
        await end_replaced_session(replaced, request.ports.sessions)
    cookies = session_cookies.of_tokens(request, signed_in.tokens)
    body = _in_cookies(request, signed_in.tokens)
    return body, [*cookies, _device_cookie(request, signed_in)]


async def _logged_in(
    request: StrictRequest, data: LoginRequest, kind: SessionKind
) -> SignedIn | SecondFactorAsked:
    device = Device(kind, auth.address_of(request), user_agent_of(request))
    return await request.ports.log_in(
        LogIn(
            mailbox(data.email) or data.email,
            data.password,
            device,
            device_token=request.cookies.get(DEVICE_COOKIE),
        )
    )


def _offered_token(request: StrictRequest, body: RefreshRequest | None) -> str | None:
    """The token of the header or of the body; both must agree."""
    header = request.header(b"authorization")
    if header is None:
        return None if body is None else body.refresh_token
    scheme, _, token = header.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        raise auth.ForgedToken("UNAUTHORIZED")
    if body is not None and body.refresh_token != token:
        raise invalid("refreshToken", "differs from the header Authorization")
    return token


async def _refreshed(request: StrictRequest, token: str) -> SessionTokens:
    command = RefreshSession(token, address=auth.address_of(request))
    return await refresh_session(command, request.ports.sessions)


def _in_body(tokens: SessionTokens) -> TokensResponse:
    return TokensResponse(tokens.access_token, tokens.refresh_token, tokens.expires_in)


def _in_cookies(request: StrictRequest, tokens: SessionTokens) -> BrowserResponse:
    csrf = request.ports.sessions.secrets.csrf_token(tokens.session)
    return BrowserResponse(tokens.expires_in, csrf)


def _device_cookie(request: StrictRequest, signed_in: SignedIn) -> Cookie:
    return session_cookies.cookie(
        request,
        DEVICE_COOKIE,
        signed_in.device_token,
        path="/api/auth",
        seconds=DEVICE_COOKIE_SECONDS,
    )


ROUTES = (mobile_login, login, refresh, logout, logout_all)
