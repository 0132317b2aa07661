"""The periods of retention that the airline has chosen. The database admits none out of bounds.

They are read by any login; only the owner of the schema chooses, and each choice is an action for
auditors.
"""

import datetime as dt

import msgspec
import psycopg

from infrastructure.postgres.pool import Pool, raising_unavailable

CHOSEN = (
    "SELECT DISTINCT ON (store) store, days, reason, chosen_at FROM privacy.chosen_period "
    "ORDER BY store, number DESC"
)
# What is past its period by this much was due when retention last ran, many times over.
BEHIND = (
    "SELECT 'outbox' FROM (SELECT sent_at FROM ledger.outbox "
    "WHERE failed_at IS NULL AND sent_at IS NOT NULL ORDER BY id LIMIT 1) AS oldest "
    "WHERE sent_at < clock_timestamp() - make_interval(days => %(outbox)s) "
    "UNION ALL SELECT 'stripe_event_bodies' WHERE EXISTS (SELECT FROM inbox.stripe_event "
    "WHERE octet_length(sealed_body) > 0 AND state IN ('done', 'ignored') "
    "AND received_at < clock_timestamp() - make_interval(days => %(bodies)s))"
)
BEHIND_DAYS = 2
REFUSED = "AIS01"


class PeriodRefused(Exception):
    """The database admits no such period; the text says why."""


class ChosenPeriod(msgspec.Struct, frozen=True):
    """The newest choice for a store."""

    store: str
    days: int
    reason: str
    chosen_at: dt.datetime


async def chosen(pool: Pool) -> list[ChosenPeriod]:
    """Return the newest choice for each store that has one, by store; raises Unavailable."""
    async with raising_unavailable(), pool.connection() as connection:
        rows = await (await connection.execute(CHOSEN)).fetchall()
    return [ChosenPeriod(*row) for row in rows]


async def stores_behind(pool: Pool, *, outbox_days: int, body_days: int) -> list[str]:
    """Return the stores whose oldest row should have gone BEHIND_DAYS ago; raises Unavailable."""
    days = {"outbox": outbox_days + BEHIND_DAYS, "bodies": body_days + BEHIND_DAYS}
    async with raising_unavailable(), pool.connection() as connection:
        rows = await (await connection.execute(BEHIND.encode(), days)).fetchall()
    return [str(row[0]) for row in rows]


def choose(owner_dsn: str, *, store: str, days: int, reason: str) -> None:
    """Choose a period, as the owner of the schema. Raises PeriodRefused, and psycopg.Error."""
    insert = "INSERT INTO privacy.chosen_period (store, days, reason) VALUES (%s, %s, %s)"
    try:
        with psycopg.connect(owner_dsn) as connection:
            connection.execute(insert, (store, days, reason))
    except psycopg.errors.CheckViolation:
        raise PeriodRefused("the reason needs 10 to 500 characters") from None
    except psycopg.Error as error:
        if error.sqlstate == REFUSED:
            raise PeriodRefused(error.diag.message_primary or "") from None
        raise
