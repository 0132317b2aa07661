"""Resets of second factors in Postgres. Functions of the database decide who may ask and approve;
the application can write no reset.
"""

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import Any

import psycopg

from application.identity import recovery_ports as ports
from domain.kernel.sealed import Sealed
from infrastructure.postgres import pool as pools
from infrastructure.postgres.pool import raising_unavailable

LISTED = 100
REQUEST = "SELECT identity.request_factor_reset(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
APPROVE = "SELECT identity.approve_factor_reset(%s, %s, %s, %s)"
CONFIRM = "SELECT identity.confirm_factor_reset(%s, %s) IS NOT NULL"
CANCEL = "SELECT identity.cancel_factor_reset(%s, %s, %s, %s)"
CARRY_OUT = "SELECT identity.carry_out_factor_resets(%s, %s)"
SELECT_WAITING = f"""
SELECT r.id, u.id, u.subject, u.email, u.role, r.path, r.requested_by, r.requested_at,
    r.expires_at, r.confirmed_at
FROM identity.second_factor_reset AS r JOIN identity.app_user AS u ON u.id = r.user_id
WHERE r.done_at IS NULL AND r.cancelled_at IS NULL
    AND (r.confirmed_at IS NOT NULL OR %s < r.expires_at)
ORDER BY r.requested_at, r.id LIMIT {LISTED}
"""  # noqa: S608 - constants
# By an operator, as the owner of the schema: the application may not call it.
REMOVE = """
WITH found AS (
    SELECT u.id FROM identity.app_user AS u JOIN identity.second_factor AS f ON f.user_id = u.id
    WHERE u.email_index = %s AND f.confirmed_at IS NOT NULL
)
SELECT identity.remove_factor(found.id, 'operator', clock_timestamp(), '{"path": "operator"}', %s)
FROM found
"""


class PostgresFactorResets:
    """`application.identity.recovery_ports.FactorResets`."""

    def __init__(self, pool: pools.Pool) -> None:
        self._pool = pool

    async def request(self, new: ports.NewReset) -> ports.ResetOutcome:
        """Record the request in one statement of the database."""
        outcome: ports.ResetOutcome = await self._value(
            REQUEST,
            (
                new.requested_by,
                new.email_index,
                new.id,
                new.requested_at,
                new.ends_at,
                new.correlation_id,
                new.link.id,
                new.link.token_hash,
                new.link.salt,
            ),
        )
        return outcome

    async def approve(
        self, reset_id: str, *, by: str, at: dt.datetime, correlation_id: str
    ) -> ports.ApprovalOutcome:
        """Reset the factor in one statement of the database."""
        outcome: ports.ApprovalOutcome = await self._value(
            APPROVE, (by, reset_id, at, correlation_id)
        )
        return outcome

    async def confirm(self, token_hash: bytes, *, at: dt.datetime) -> bool:
        """Use the mailed link: the day of waiting begins."""
        return bool(await self._value(CONFIRM, (token_hash, at)))

    async def cancel(self, reset_id: str, *, by: str, at: dt.datetime, correlation_id: str) -> bool:
        """Cancel a reset that waits; False where there is none for this caller."""
        return bool(await self._value(CANCEL, (by, reset_id, at, correlation_id)))

    async def waiting(self, *, at: dt.datetime) -> Sequence[ports.WaitingReset]:
        """Return the resets that wait, the oldest first."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(SELECT_WAITING.encode(), (at,))
            rows = await cursor.fetchall()
        return [
            ports.WaitingReset(reset_id, user, Sealed(subject, email), *more)
            for reset_id, user, subject, email, *more in rows
        ]

    async def carry_out(self, *, at: dt.datetime, limit: int) -> int:
        """Remove the factors whose day of waiting is over; returns how many."""
        return int(await self._value(CARRY_OUT, (at, limit)))

    async def _value(self, query: str, values: tuple[object, ...]) -> Any:
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(query.encode(), values)
            row = await cursor.fetchone()
        assert row is not None
        return row[0]


def remove_factor(owner_dsn: str, email_index: bytes) -> bool:
    """Remove the factor of the user with this address, as an operator; returns whether there was
    one. All sessions of the user end, and a letter is written. Raises psycopg.Error.
    """
    with psycopg.connect(owner_dsn) as connection:
        found = connection.execute(REMOVE, (email_index, secrets.token_hex(11))).fetchall()
    return bool(found)
