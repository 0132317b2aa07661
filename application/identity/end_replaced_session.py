"""End the session that a browser had before its user signed in again (ASVS 5.0, 7.2.4).

Nobody can sign it out any more: the browser has the tokens of the new one in their place.
"""

from application.identity.end_sessions import end_sessions
from application.identity.refresh_session import genuine_token
from application.identity.session_ports import SessionPorts


async def end_replaced_session(refresh_token: str, outside: SessionPorts) -> None:
    """End the session of this refresh token, current or spent; a text that is none of ours changes
    nothing. Raises Unavailable."""
    found = await genuine_token(refresh_token, outside)
    if found is not None:
        session = found.stored.session
        await end_sessions(session.user, "signed_out", outside, only=session.id)
