"""Disable a client for good: all that it was given ends at once, in every process."""

from application.identity.client_ports import ClientPorts
from domain.identity import rejections


async def disable_client(client_id: str, outside: ClientPorts, *, by: str | None) -> int:
    """Return how many sessions of users ended.

    Raises ClientUnknown, ClientDisabled, Unavailable.
    """
    if await outside.clients.find(client_id) is None:
        raise rejections.ClientUnknown
    ended = await outside.clients.disable(client_id, by=by)
    if ended is None:
        raise rejections.ClientDisabled
    outside.sessions.ended.note(ended)
    return len(ended) - 1
