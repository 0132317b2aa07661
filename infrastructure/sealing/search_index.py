"""The search index of staff in Postgres: keyed hashes of names, addresses and numbers.

A row refers to the key of the person it is about: the database removes it with the key.
"""

import hmac
import itertools
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from application.booking.index_bookings import Search
from application.booking.search_terms import Criterion, Term
from application.coordination import LogFollower
from application.identity.ports import SignInPlaces
from application.ports import Clock
from infrastructure.postgres import pool as pools
from infrastructure.sealing.master_key import MasterKeys

PURPOSE = "search index of bookings 1"
CHECKPOINT = LogFollower.SEARCH_INDEX
READ_CHECKPOINT = "SELECT position FROM process.checkpoint WHERE name = %s"
SELECT_EVENTS = (
    "SELECT position, stream, tag FROM ledger.event WHERE position > %s ORDER BY position LIMIT %s"
)
# The row's lock makes the others wait, and find that the position has moved.
LOCK_CHECKPOINT = (
    "INSERT INTO process.checkpoint AS c (name, position) VALUES (%s, 0) "
    "ON CONFLICT (name) DO UPDATE SET position = c.position RETURNING position"
)
MOVE_CHECKPOINT = (
    "UPDATE process.checkpoint SET position = %s, moved_at = clock_timestamp() WHERE name = %s"
)
DELETE = "DELETE FROM vault.booking_term WHERE booking = ANY (%s)"
INSERT = """
INSERT INTO vault.booking_term (criterion, digest, booking, subject)
SELECT n.criterion, n.digest, n.booking, n.subject
FROM unnest(%s::text[], %s::bytea[], %s::text[], %s::text[])
    AS n (criterion, digest, booking, subject)
JOIN vault.subject_key k ON k.subject = n.subject
"""
FIND = (
    "SELECT DISTINCT booking FROM vault.booking_term "
    "WHERE criterion = %s AND digest = %s AND booking > %s ORDER BY booking LIMIT %s"
)
RECORD = (
    "INSERT INTO identity.auth_event (happened, user_id, at, route, source, reason, searched) "
    "VALUES ('bookings_searched', (SELECT id FROM identity.app_user WHERE id = %s), "
    "%s, %s, %s, %s, %s)"
)


class PostgresSearchIndex:
    """`application.booking.index_bookings.SearchIndex`."""

    def __init__(
        self, pool: pools.Pool, keys: MasterKeys, places: SignInPlaces, *, now: Clock
    ) -> None:
        self._pool = pool
        self._key = keys.derive(PURPOSE)
        self._places = places
        self._now = now

    async def changed(
        self, tags: AbstractSet[str], *, limit: int
    ) -> tuple[int, int, Sequence[str]]:
        """Return the position so far, the next one, and the bookings between them."""
        async with pools.raising_unavailable(), self._pool.connection() as connection:
            row = await (await connection.execute(READ_CHECKPOINT, (CHECKPOINT,))).fetchone()
            after = 0 if row is None else int(row[0])
            rows = await (await connection.execute(SELECT_EVENTS, (after, limit))).fetchall()
        upto = rows[-1][0] if rows else after
        return after, upto, list(dict.fromkeys(stream for _, stream, tag in rows if tag in tags))

    async def replace(
        self, terms: Mapping[str, AbstractSet[Term]], *, after: int, upto: int
    ) -> bool:
        """Store the terms with the position, in one transaction; False where it has moved."""
        columns = [
            (each.criterion, self._digest(each.criterion, each.form), booking, each.subject)
            for booking, found in terms.items()
            for each in found
        ]
        async with (
            pools.raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            row = await (await connection.execute(LOCK_CHECKPOINT, (CHECKPOINT,))).fetchone()
            if row is None or row[0] != after:
                return False
            await connection.execute(DELETE, (list(terms),))
            if columns:
                lists = tuple(map(list, itertools.zip_longest(*columns)))
                await connection.execute(INSERT, lists)
            await connection.execute(MOVE_CHECKPOINT, (upto, CHECKPOINT))
        return True

    async def record(self, search: Search) -> None:
        """Record who looks for what."""
        async with pools.raising_unavailable(), self._pool.connection() as connection:
            await self._record(connection, search)

    async def find(self, search: Search, *, after: str, limit: int) -> Sequence[str]:
        """Record the search and return the bookings; what is not recorded is not answered."""
        digest = self._digest(search.criterion, search.form)
        async with (
            pools.raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await self._record(connection, search)
            cursor = await connection.execute(FIND, (search.criterion, digest, after, limit))
            return [row[0] for row in await cursor.fetchall()]

    async def _record(self, connection: pools.Connection, search: Search) -> None:
        await connection.execute(
            RECORD,
            (
                search.user,
                self._now(),
                search.route,
                self._places.of_address(search.address).index,
                search.criterion,
                self._digest(search.criterion, search.form),
            ),
        )

    def _digest(self, criterion: Criterion, form: str) -> bytes:
        """Return the HMAC-SHA256 of a form: the same text of another criterion has another."""
        return hmac.digest(self._key, f"{criterion}\n{form}".encode(), "sha256")
