"""Which bookings are about a person, for exports, erasures and retention."""

import datetime as dt

from application import queries as answers
from projections import progress
from projections.projection import Pool


async def all_of(pool: Pool, user: str) -> tuple[list[str], answers.AsOf]:
    """Return all bookings that a user owns or has attached, in the order of their ids."""
    return await _bookings(pool, "owner = %(user)s OR attached_to = %(user)s", user)


async def attached_to(pool: Pool, user: str) -> tuple[list[str], answers.AsOf]:
    """Return all bookings that a user has attached, in the order of their ids."""
    return await _bookings(pool, "attached_to = %(user)s", user)


async def _bookings(pool: Pool, condition: str, user: str) -> tuple[list[str], answers.AsOf]:
    as_of = await progress.as_of(pool, "booking_list")
    query = f"SELECT booking FROM read_model.booking_list WHERE {condition} ORDER BY booking"  # noqa: S608 - constants
    async with pool.connection() as connection:
        rows = await connection.execute(query.encode(), {"user": user})
        return [row[0] for row in await rows.fetchall()], as_of


async def unchanged_since(pool: Pool, before: dt.datetime, *, after: str, limit: int) -> list[str]:
    """Return bookings without an event since this instant whose passengers nobody erases yet.

    A page in order of booking ids, from the first after `after` ("" for the first page).
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT booking FROM read_model.booking_list AS listed "
            "WHERE updated_at < %s AND booking > %s AND NOT EXISTS ("
            "SELECT FROM privacy.erasure WHERE person = booking AND withdrawn_at IS NULL) "
            "ORDER BY booking LIMIT %s",
            (before, after, limit),
        )
        return [row[0] for row in await rows.fetchall()]
