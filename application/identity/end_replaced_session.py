"""End the session that a browser had before its user signed in again (ASVS 5.0, 7.2.4).

Nobody can sign it out any more: the browser has the tokens of the new one in their place.
"""

from application.identity.end_sessions import end_sessions
from application.identity.session_ports import SessionPorts


async def end_replaced_session(refresh_token: str, outside: SessionPorts) -> None:
    """End the session of this refresh token, current or spent; a text that is none of ours changes
    nothing. Raises Unavailable."""
    offered = outside.secrets.read(refresh_token)
    stored = None if offered is None else await outside.sessions.find(offered.session)
    if offered is None or stored is None:
        return
    if outside.secrets.is_genuine(offered, salt=stored.salt):
        await end_sessions(stored.session.user, "signed_out", outside, only=offered.session)
