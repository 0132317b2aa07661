"""The changes of an account after a position, the oldest first."""

import base64
import binascii
import hashlib

from application import queries as answers
from application.booking.list_changes import BookingChange, ChangePage
from projections import progress
from projections.projection import Pool

MARK_BYTES = 8
POSITION_LIMIT = 2**63 - 1


async def list_changes(pool: Pool, *, account: str, after: str | None, limit: int) -> ChangePage:
    """Return the page behind the cursor; rejects CursorRefused.

    The last cursor of a page stays good for ever: positions are given once and in order.
    """
    position = 0 if after is None else _position(account, after)
    as_of = await progress.as_of(pool, "account_changes")
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT position, booking, kind FROM read_model.account_change "
            "WHERE account = %s AND position > %s ORDER BY position LIMIT %s",
            (account, position, limit + 1),
        )
        found = await cursor.fetchall()
    page = found[:limit]
    return ChangePage(
        changes=[BookingChange(booking, kind) for _, booking, kind in page],
        cursor=_cursor(account, page[-1][0]) if page else after,
        has_more=len(found) > limit,
        as_of=as_of,
    )


def _cursor(account: str, position: int) -> str:
    """Return an opaque place in the feed of one account."""
    place = position.to_bytes(8, "big")
    mark = hashlib.sha256(b"changes" + place + account.encode()).digest()[:MARK_BYTES]
    return base64.urlsafe_b64encode(place + mark).decode().rstrip("=")


def _position(account: str, cursor: str) -> int:
    """Return a cursor's position; it needs no secret, as it pages within one account's changes."""
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"==", altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    position = int.from_bytes(raw[:8], "big")
    if position > POSITION_LIMIT or cursor != _cursor(account, position):
        raise answers.CursorRefused(field="after", reason="not a cursor of this list")
    return position
