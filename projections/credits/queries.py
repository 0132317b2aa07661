"""Queries for travel credits."""

import datetime as dt

from psycopg.rows import class_row

from application import queries as answers
from projections import progress
from projections.projection import Pool

LIST_LIMIT = 200


async def of_owner(pool: Pool, owner: str) -> tuple[list[str], answers.AsOf]:
    """Return the ids of the credits of an account, those that expire first in front, LIST_LIMIT.

    Credits with a balance come before those without one.
    """
    as_of = await progress.as_of(pool, "credits")
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT credit FROM read_model.credits WHERE owner = %s "
            "ORDER BY balance = 0, expires_at, credit LIMIT %s",
            (owner, LIST_LIMIT),
        )
        return [row[0] for row in await rows.fetchall()], as_of


async def bought_by(pool: Pool, buyer: str) -> tuple[list[str], answers.AsOf]:
    """Return the ids of the gift cards that an account has ordered, the newest first."""
    as_of = await progress.as_of(pool, "credits")
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT credit FROM read_model.credits WHERE buyer = %s "
            "ORDER BY ordered_at DESC, credit DESC LIMIT %s",
            (buyer, LIST_LIMIT),
        )
        return [row[0] for row in await rows.fetchall()], as_of


async def all_of(pool: Pool, person: str) -> tuple[list[str], answers.AsOf]:
    """Return all credits that an account owns and gift cards that it has bought, by their ids."""
    as_of = await progress.as_of(pool, "credits")
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT credit FROM read_model.credits WHERE owner = %(person)s "
            "UNION SELECT credit FROM read_model.credits WHERE buyer = %(person)s ORDER BY credit",
            {"person": person},
        )
        return [row[0] for row in await rows.fetchall()], as_of


async def cards_over_since(pool: Pool, before: dt.datetime, *, after: str, limit: int) -> list[str]:
    """Return gift cards whose validity ended before this instant and that nobody erases yet.

    A page in order of the ids, from the first after `after` ("" for the first page).
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT credit FROM read_model.credits WHERE buyer IS NOT NULL AND expires_at < %s "
            "AND credit > %s AND NOT EXISTS ("
            "SELECT FROM privacy.erasure WHERE person = credit AND withdrawn_at IS NULL) "
            "ORDER BY credit LIMIT %s",
            (before, after, limit),
        )
        return [row[0] for row in await rows.fetchall()]


async def with_code(pool: Pool, digest: str) -> str | None:
    """Return the id of the gift card whose code has this digest."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT credit FROM read_model.credits WHERE code_digest = %s", (digest,)
        )
        row = await rows.fetchone()
        return None if row is None else row[0]


async def expired(pool: Pool, now: dt.datetime, *, after: str, limit: int) -> list[str]:
    """Return the ids of credits with a balance whose time is over and which nobody pays out
    or disputes.

    A page in order of the ids, from the first after `after` ("" for the first page).
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT credit FROM read_model.credits WHERE balance > 0 AND expires_at <= %s "
            "AND payout_proposed_at IS NULL AND open_disputes = 0 AND credit > %s "
            "ORDER BY credit LIMIT %s",
            (now, after, limit),
        )
        return [row[0] for row in await rows.fetchall()]


async def proposed_payouts(pool: Pool) -> tuple[list[answers.ProposedPayout], answers.AsOf]:
    """Return the credits whose payout nobody has decided yet, the oldest first, LIST_LIMIT."""
    as_of = await progress.as_of(pool, "credits")
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(answers.ProposedPayout))
        await rows.execute(
            "SELECT credit, balance AS amount, currency, payout_proposed_at AS since "
            "FROM read_model.credits WHERE payout_proposed_at IS NOT NULL "
            "ORDER BY payout_proposed_at, credit LIMIT %s",
            (LIST_LIMIT,),
        )
        return await rows.fetchall(), as_of
