"""End sessions whose time is over, and remove sessions and mailed links that ended long ago."""

from typing import ClassVar

from application import ports
from application.identity.account_ports import MailedLinks
from application.identity.session_ports import Sessions
from application.ports import Clock

PAGE_SIZE = 500
PAGES = 20


class ExpireSessions(ports.BackgroundTask, frozen=True):
    """End and remove what is due; the next period goes on with what is left."""

    topic: ClassVar[str] = "expire_sessions"


async def expire_sessions(sessions: Sessions, links: MailedLinks, now: Clock) -> None:
    """End what has expired, remove what ended 90 days ago and links that expired 30 days ago: some
    ten thousand of each at most."""
    for _ in range(PAGES):
        if await sessions.expire(at=now(), limit=PAGE_SIZE) < PAGE_SIZE:
            break
    for _ in range(PAGES):
        if await sessions.remove_old(limit=PAGE_SIZE) < PAGE_SIZE:
            break
    for _ in range(PAGES):
        if await links.remove_old(limit=PAGE_SIZE) < PAGE_SIZE:
            break
