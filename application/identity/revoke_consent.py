"""Take back what a user lets a client do: its sessions end at once."""

from application.identity.client_ports import ClientPorts
from domain.identity import rejections


async def revoke_consent(user: str, client_id: str, outside: ClientPorts) -> int:
    """Return how many sessions of the client ended; raises ClientUnknown and Unavailable."""
    ended = await outside.authorizations.revoke_consent(user, client_id)
    if ended is None:
        raise rejections.ClientUnknown
    outside.sessions.ended.note(ended)
    return len(ended)
