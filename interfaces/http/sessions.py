"""Routes of the devices on which a user is signed in."""

import datetime as dt

import msgspec
from litestar import delete, get
from litestar.params import FromPath

from application.identity.end_sessions import end_sessions
from application.identity.list_sessions import SignedInDevice, list_sessions
from application.identity.revoke_session import revoke_session
from application.identity.session_ports import SessionKind
from interfaces.http import auth
from interfaces.http.maintenance import SERVED
from interfaces.http.sign_in import SessionsEndedResponse
from interfaces.http.strict_request import StrictRequest


class SessionResponse(msgspec.Struct, rename="camel"):
    """A signed-in device. `expiresAt` moves with each refresh, up to 30 days after the sign-in;
    `current` is the session of this request."""

    id: str
    kind: SessionKind
    device_name: str | None
    created_at: dt.datetime
    last_used_at: dt.datetime
    expires_at: dt.datetime
    current: bool


class SessionsResponse(msgspec.Struct, rename="camel"):
    """At most a hundred, the last used first."""

    sessions: list[SessionResponse]


@get("/api/auth/sessions", operation_id="listSessions", **auth.signed_in(None))
async def sessions(request: StrictRequest) -> SessionsResponse:
    """The devices on which the caller is signed in."""
    caller = request.principal
    found = await list_sessions(caller.user, request.ports.sessions)
    return SessionsResponse([_answered(each, caller.session) for each in found])


@delete(
    "/api/auth/sessions",
    status_code=200,
    operation_id="revokeOtherSessions",
    **SERVED,
    **auth.signed_in(None),
)
async def revoke_others(request: StrictRequest) -> SessionsEndedResponse:
    """Sign all other devices of the caller out."""
    caller = request.principal
    return SessionsEndedResponse(
        await end_sessions(caller.user, "revoked", request.ports.sessions, but=caller.session)
    )


@delete(
    "/api/auth/sessions/{session_id:str}",
    status_code=200,
    operation_id="revokeSession",
    **SERVED,
    **auth.signed_in(None),
)
async def revoke(request: StrictRequest, session_id: FromPath[str]) -> SessionsEndedResponse:
    """Sign one device of the caller out; one of another user is NOT_FOUND."""
    return SessionsEndedResponse(
        await revoke_session(request.principal, session_id, request.ports.sessions)
    )


def _answered(device: SignedInDevice, current: str) -> SessionResponse:
    return SessionResponse(
        id=device.session,
        kind=device.kind,
        device_name=device.name,
        created_at=device.created_at,
        last_used_at=device.last_used_at,
        expires_at=device.expires_at,
        current=device.session == current,
    )


ROUTES = (sessions, revoke_others, revoke)
