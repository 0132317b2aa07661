"""Sign a device out from another device of the same user."""

from application.identity.end_sessions import end_sessions
from application.identity.ports import Principal
from application.identity.session_ports import SessionPorts
from domain.identity import rejections


async def revoke_session(caller: Principal, session: str, outside: SessionPorts) -> int:
    """End this session of the caller; returns how many ended now: 0 where it was over before.

    Raises SessionUnknown for one of another user and for an unknown one, alike; Unavailable.
    """
    stored = await outside.sessions.find(session)
    if stored is None or stored.session.user != caller.user:
        raise rejections.SessionUnknown
    return await end_sessions(caller.user, "revoked", outside, only=session)
