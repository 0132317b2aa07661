"""Queries for the tax documents of a month, and for those without an answer of the authority."""

import datetime as dt

from psycopg.rows import class_row

from application import queries as answers
from projections import progress
from projections.projection import Pool


async def of_month(
    pool: Pool, month: str, *, after: int, limit: int
) -> tuple[list[answers.NumberedDocument], answers.AsOf]:
    """Return documents of a month such as `2026-11` by their counter, from the first after it."""
    as_of = await progress.as_of(pool, "tax_documents")
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(answers.NumberedDocument))
        await rows.execute(
            "SELECT number, kind, standard, counter, hash, booking, issued_at, currency, total, "
            "vat, vat_in_riyals, status, code FROM read_model.tax_documents "
            "WHERE month = %s AND counter > %s ORDER BY counter LIMIT %s",
            (month, after, limit),
        )
        return await rows.fetchall(), as_of


async def waiting(pool: Pool, *, after: tuple[str, str], limit: int) -> list[tuple[str, str, str]]:
    """Return (month, number, booking) of documents that the authority has not answered about.

    A page in order of month and number, from the first after `after`.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT month, number, booking FROM read_model.tax_documents "
            "WHERE status = 'waiting' AND document > %s ORDER BY document LIMIT %s",
            ("/".join(after), limit),
        )
        return [(row[0], row[1], row[2]) for row in await rows.fetchall()]


async def overdue_count(pool: Pool, before: dt.datetime) -> int:
    """Return how many documents issued before the instant still wait for the authority."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT count(*) FROM read_model.tax_documents "
            "WHERE status = 'waiting' AND issued_at < %s",
            (before,),
        )
        found = await rows.fetchone()
        assert found is not None
        return int(found[0])
