"""Sessions in memory, by the rules of the domain, for the edge and for use cases alone."""

import datetime as dt
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from application.identity import session_ports as ports
from application.identity.ports import TokenIssuer
from domain.identity import sessions
from domain.identity.roles import Role
from domain.identity.sessions import EndReason, Session
from infrastructure.identity.session_secrets import KeyedSessionSecrets
from infrastructure.identity.sign_in_places import KeyedSignInPlaces
from infrastructure.sealing import master_key
from infrastructure.sealing.vault import SubjectVault


class MemorySessions:
    """`application.identity.session_ports.Sessions`; `ends` are the recorded ends."""

    def __init__(self) -> None:
        self.stored: dict[str, ports.StoredSession] = {}
        self.ends: list[tuple[str, EndReason]] = []

    async def open(self, new: ports.NewSession, *, password_hash: str | None) -> Role | None:
        """Everybody is a customer."""
        assert password_hash != "changed"
        stored = ports.StoredSession(new.session, "customer", new.salt, new.device)
        self.stored[new.session.id] = stored
        return stored.role

    async def find(self, session_id: str) -> ports.StoredSession | None:
        """As the port says."""
        return self.stored.get(session_id)

    async def rotate(
        self, session_id: str, *, generation: int, at: dt.datetime
    ) -> ports.StoredSession | None:
        """As the port says."""
        found = self.stored[session_id]
        if found.session.generation != generation or not sessions.is_live(found.session, now=at):
            return None
        return self._changed(
            found,
            generation=generation + 1,
            rotated_at=at,
            last_used_at=at,
            refresh_expires_at=min(found.session.expires_at, at + sessions.REFRESH_LIFE),
        )

    async def live_of(self, user: str, *, at: dt.datetime) -> Sequence[ports.StoredSession]:
        """As the port says."""
        return [
            each
            for each in self.stored.values()
            if each.session.user == user
            and each.session.client is None
            and sessions.is_live(each.session, now=at)
        ]

    async def end(
        self, user: str, reason: EndReason, *, only: str | None = None, but: str | None = None
    ) -> Sequence[str]:
        """As the port says."""
        found = [
            each
            for each in self.stored.values()
            if each.session.user == user
            and not each.session.has_ended
            and only in (None, each.session.id)
            and but != each.session.id
        ]
        for each in found:
            self._changed(each, has_ended=True)
            self.ends.append((each.session.id, reason))
        return [each.session.id for each in found]

    async def end_reused(self, session: Session, *, source: bytes) -> Sequence[str]:
        """As the port says."""
        assert source
        return await self.end(session.user, "reuse", only=session.id)

    async def expire(self, *, at: dt.datetime, limit: int) -> int:
        """As the port says."""
        over = [
            each.session
            for each in self.stored.values()
            if not each.session.has_ended and at >= each.session.refresh_expires_at
        ]
        for session in over[:limit]:
            await self.end(session.user, "expired", only=session.id)
        return len(over[:limit])

    async def remove_old(self, *, limit: int) -> int:
        """Nothing is ninety days old."""
        return 0 * limit

    def _changed(self, stored: ports.StoredSession, **changes: Any) -> ports.StoredSession:
        session = msgspec.structs.replace(stored.session, **changes)
        changed = msgspec.structs.replace(stored, session=session)
        self.stored[session.id] = changed
        return changed


class MemoryEndedSessions:
    """`application.identity.session_ports.EndedSessions`; `away` as if nobody were listening."""

    def __init__(self) -> None:
        self.ended: set[str] = set()
        self.away = False

    def known(self, session: str) -> bool | None:
        """As the port says."""
        return None if self.away else session in self.ended

    async def has_ended(self, session: str) -> bool:
        """As the port says."""
        return session in self.ended

    def note(self, sessions: Sequence[str]) -> None:
        """As the port says."""
        self.ended.update(sessions)


def session_ports(issuer: TokenIssuer, now: Callable[[], dt.datetime]) -> ports.SessionPorts:
    """Ports of sessions in memory; nothing here seals: devices have no name."""
    keys = master_key.parse(master_key.generated())
    numbers = itertools.count(1)
    vault: Any = SubjectVault(
        None,  # type: ignore[arg-type]  # no key is read
        keys,
        monotonic=time.monotonic,
        time_ns=time.time_ns,
    )
    return ports.SessionPorts(
        sessions=MemorySessions(),
        secrets=KeyedSessionSecrets(keys),
        ended=MemoryEndedSessions(),
        issuer=issuer,
        places=KeyedSignInPlaces(keys),
        vault=vault,
        new_session_id=lambda: f"ses_{next(numbers):024x}",
        random_bytes=lambda count: bytes(next(numbers) for _ in range(count)),
        now=now,
    )
