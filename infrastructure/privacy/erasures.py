"""Erasures in Postgres. Functions of the database do the steps: the application's role can neither
delete a key nor change what has happened."""

import secrets
from collections.abc import Sequence
from typing import Any

import psycopg

from application.privacy.ports import Erasure
from domain.privacy.events import ErasureReason
from infrastructure.postgres.pool import Pool, raising_unavailable

COLUMNS = (
    "id, person, reason, requested_by, requested_at, closed_at, erased_at, key_count, reported_at"
)
SELECT = (
    f"SELECT {COLUMNS} FROM privacy.erasure "  # noqa: S608 - constants
    "WHERE withdrawn_at IS NULL AND"
)
# The keys of a large account, and the search for webhooks before, may take longer than a read.
DESTROY_TIMEOUT = "SET LOCAL statement_timeout = '60s'"


class PostgresErasures:
    """`application.privacy.ports.Erasures`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def request(self, person: str, *, reason: ErasureReason, by: str) -> None:
        """Record the intention, once for each person."""
        erasure = f"era_{secrets.token_hex(12)}"
        await self._execute(
            "INSERT INTO privacy.erasure (id, person, reason, requested_by) "
            "VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (person) WHERE withdrawn_at IS NULL DO NOTHING RETURNING id",
            (erasure, person, reason, by),
        )

    async def of(self, person: str) -> Erasure | None:
        """Return the erasure of a person, unless it was withdrawn."""
        return _one(await self._execute(f"{SELECT} person = %s", (person,)))

    async def find(self, erasure_id: str) -> Erasure | None:
        """Return the erasure with this id, unless it was withdrawn."""
        return _one(await self._execute(f"{SELECT} id = %s", (erasure_id,)))

    async def unfinished(self, *, minute: int, after: str, limit: int) -> Sequence[str]:
        """Return the ids of erasures to go on with, from the first after `after`."""
        rows = await self._execute(
            "SELECT id FROM privacy.erasure WHERE withdrawn_at IS NULL AND reported_at IS NULL "
            "AND (closed_at IS NOT NULL OR (hashtext(id) & 1023) %% 60 = %s "
            "OR requested_at > clock_timestamp() - interval '5 minutes') "
            "AND id > %s ORDER BY id LIMIT %s",
            (minute, after, limit),
        )
        return [row[0] for row in rows]

    async def withdraw(self, person: str, *, by: str) -> bool:
        """Withdraw an erasure that has not begun; returns whether there was one."""
        rows = await self._execute("SELECT privacy.withdraw_erasure(%s, %s)", (person, by))
        return bool(rows[0][0])

    async def close_account(self, erasure_id: str) -> None:
        """Let nobody sign in any more and end all sessions."""
        await self._execute("SELECT privacy.close_account(%s)", (erasure_id,))

    async def destroy_keys(
        self, erasure_id: str, *, subjects: Sequence[str], stripe_events: Sequence[str]
    ) -> int | None:
        """Destroy these keys and those of the stored webhooks; returns how many."""
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(DESTROY_TIMEOUT)
            return await _destroyed(connection, erasure_id, subjects, stripe_events)

    async def report(self, erasure_id: str) -> None:
        """Record that the log has the event."""
        await self._execute("SELECT privacy.report_erasure(%s)", (erasure_id,))

    async def _execute(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(query.encode(), values)
            return await cursor.fetchall()


async def _destroyed(
    connection: psycopg.AsyncConnection[tuple[Any, ...]],
    erasure_id: str,
    subjects: Sequence[str],
    stripe_events: Sequence[str],
) -> int | None:
    cursor = await connection.execute(
        "SELECT privacy.destroy_keys(%s, %s::text[], %s::text[])",
        (erasure_id, list(subjects), list(stripe_events)),
    )
    row = await cursor.fetchone()
    assert row is not None
    destroyed: int | None = row[0]
    return destroyed


def _one(rows: list[tuple[Any, ...]]) -> Erasure | None:
    return Erasure(*rows[0]) if rows else None
