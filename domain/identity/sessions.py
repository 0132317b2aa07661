"""Sessions of signed-in devices: how long they last, and what a refresh token may do (D4).

A refresh token is spent by its first use, which makes the next generation. The one before answers
the same for a short grace: two tabs may refresh at once, and an answer may be lost. An older one
was copied: the session ends, for the thief and for the owner (RFC 9700, 4.14.2).
"""

import datetime as dt
import unicodedata
from typing import Literal

import msgspec

from domain.identity.scopes import Scope

Kind = Literal["mobile", "web", "third_party"]
EndReason = Literal[
    "signed_out",
    "revoked",
    "reuse",
    "password_changed",
    "second_factor_changed",
    "expired",
    "rights_changed",
    "client_disabled",
]
Outcome = Literal["rotate", "repeat", "reuse", "refuse"]

ABSOLUTE_LIFE = dt.timedelta(days=30)
# Counted from the sign-in and from each refresh.
REFRESH_LIFE = dt.timedelta(days=7)
GRACE = dt.timedelta(seconds=10)
# The clocks of our processes may differ by this much. It prolongs no life of a session.
CLOCK_LEEWAY = dt.timedelta(seconds=10)
DEVICE_NAME_LENGTH = 80


class Session(msgspec.Struct, frozen=True):
    """A device that is signed in; instants in UTC. `generation` is that of its refresh token,
    from 1, `rotated_at` when that one was made. `client` and `scopes` are those of a third party
    that acts for the user."""

    id: str
    user: str
    kind: Kind
    created_at: dt.datetime
    last_used_at: dt.datetime
    expires_at: dt.datetime
    refresh_expires_at: dt.datetime
    generation: int = 1
    rotated_at: dt.datetime | None = None
    has_ended: bool = False
    client: str | None = None
    scopes: tuple[Scope, ...] = ()


def opened(
    session_id: str,
    user: str,
    kind: Kind,
    *,
    at: dt.datetime,
    client: str | None = None,
    scopes: tuple[Scope, ...] = (),
) -> Session:
    """A session that begins at this instant."""
    return Session(
        id=session_id,
        user=user,
        kind=kind,
        created_at=at,
        last_used_at=at,
        expires_at=at + ABSOLUTE_LIFE,
        refresh_expires_at=at + REFRESH_LIFE,
        client=client,
        scopes=scopes,
    )


def is_live(session: Session, *, now: dt.datetime) -> bool:
    """Whether the session may still be refreshed."""
    return not session.has_ended and now < session.refresh_expires_at <= session.expires_at


def refresh_outcome(session: Session, *, generation: int, now: dt.datetime) -> Outcome:
    """What follows when the genuine refresh token of this generation is presented.

    `rotate`: it is the current one; `repeat`: the same successor once more; `reuse`: it was spent
    before; `refuse`: the session is over, or the token is of a generation that is not there yet
    (the database was restored to an earlier time).
    """
    if not is_live(session, now=now) or generation > session.generation:
        return "refuse"
    if generation == session.generation:
        return "rotate"
    if generation == session.generation - 1 and _is_in_grace(session, now):
        return "repeat"
    return "reuse"


def device_name(user_agent: str) -> str:
    """What a device calls itself, shortened, without characters that are not drawn."""
    drawn = (each if unicodedata.category(each)[0] != "C" else " " for each in user_agent)
    return " ".join("".join(drawn).split())[:DEVICE_NAME_LENGTH]


def _is_in_grace(session: Session, now: dt.datetime) -> bool:
    """Whether the rotation was a moment ago; a clock that was put back opens no longer grace."""
    assert session.rotated_at is not None
    return -CLOCK_LEEWAY <= now - session.rotated_at <= GRACE
