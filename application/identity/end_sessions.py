"""End sessions of a user: sign out, revoke a device, after a change of the password or of rights.

It applies at once in every process, though an access token lives for a quarter of an hour.
"""

from application.identity.session_ports import SessionPorts
from domain.identity.sessions import EndReason


async def end_sessions(
    user: str,
    reason: EndReason,
    outside: SessionPorts,
    *,
    only: str | None = None,
    but: str | None = None,
) -> int:
    """End all sessions of the user, only one, or all but one; returns how many ended now.

    A session of another user, an unknown one and one that is over are left alone. Raises
    Unavailable.
    """
    ended = await outside.sessions.end(user, reason, only=only, but=but)
    outside.ended.note(ended)
    return len(ended)
