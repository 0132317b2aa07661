"""List the devices on which a user is signed in."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from application.identity.session_ports import SessionPorts
from domain.identity.sessions import Kind


class SignedInDevice(msgspec.Struct, frozen=True):
    """A live session, and what its device calls itself: None if it has no name."""

    session: str
    kind: Kind
    name: str | None
    created_at: dt.datetime
    last_used_at: dt.datetime
    expires_at: dt.datetime


async def list_sessions(user: str, outside: SessionPorts) -> Sequence[SignedInDevice]:
    """Return the user's live sessions, the last used first, at most a hundred; raises
    Unavailable."""
    found = await outside.sessions.live_of(user, at=outside.now())
    named = [stored for stored in found if stored.device is not None]
    opened = await outside.vault.open_all([each.device for each in named if each.device])
    names = {
        stored.session.id: None if name is None else name.decode()
        for stored, name in zip(named, opened, strict=True)
    }
    return [
        SignedInDevice(
            session=stored.session.id,
            kind=stored.session.kind,
            name=names.get(stored.session.id),
            created_at=stored.session.created_at,
            last_used_at=stored.session.last_used_at,
            expires_at=stored.session.refresh_expires_at,
        )
        for stored in found
    ]
