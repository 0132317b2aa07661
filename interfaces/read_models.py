"""Read models as HTTP and timers ask for them: rows become the types of their ports."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psycopg
from psycopg_pool import PoolTimeout

from application import ports
from infrastructure.postgres.pool import Pool
from interfaces.http.ports import (
    AccountBalance,
    FlightOffer,
    ForgedCursor,
    ListedBooking,
    UnappliedMoney,
)
from projections.booking_list import queries as booking_list
from projections.flight_availability import queries as flight_availability
from projections.ledger_journal import queries as ledger_journal
from projections.unfinished_attempts import queries as unfinished

# An attempt that has no outcome after this time is asked for again by the completer.
ATTEMPT_PATIENCE = dt.timedelta(seconds=20)
# A paid booking is confirmed within a second; after this time something went wrong.
CONFIRM_PATIENCE = dt.timedelta(seconds=30)


class FlightSearch:
    """`SearchFlights` on the projection flight_availability."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __call__(
        self,
        *,
        origin: str,
        destination: str,
        local_date: dt.date,
        cabin: str,
        seat_count: int,
    ) -> Sequence[FlightOffer]:
        """Departures of the day with enough free seats; raises Unavailable."""
        async with _available():
            rows = await flight_availability.search(
                self._pool,
                origin=origin,
                destination=destination,
                local_date=local_date,
                cabin=cabin,
                seat_count=seat_count,
            )
        return [
            FlightOffer(
                flight=row.flight,
                number=row.number,
                origin=row.origin,
                destination=row.destination,
                departs_at=row.departs_at,
                arrives_at=row.arrives_at,
                domestic=row.domestic,
                fare_amount=row.fare_amount,
                currency=row.currency,
                free_count=row.free,
            )
            for row in rows
        ]


class BookingList:
    """`ListBookings` on the projection booking_list."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __call__(
        self, *, owner: str, cursor: str | None, limit: int
    ) -> tuple[Sequence[ListedBooking], str | None]:
        """A page, newest first; raises ForgedCursor and Unavailable."""
        try:
            async with _available():
                page = await booking_list.owned_by(self._pool, owner, cursor=cursor, limit=limit)
        except booking_list.InvalidCursor as error:
            raise ForgedCursor from error
        listed = [
            ListedBooking(
                booking=row.booking,
                status=row.status,
                flight=row.flight,
                total=row.total_amount,
                currency=row.currency,
                hold_until=row.hold_until,
                created_at=row.created_at,
            )
            for row in page.bookings
        ]
        return listed, page.next_cursor


async def trial_balance(pool: Pool) -> Sequence[AccountBalance]:
    """Every account that was posted to, by account and currency."""
    async with _available():
        rows = await ledger_journal.trial_balance_rows(pool)
    return [AccountBalance(row.account, row.currency, row.amount) for row in rows]


async def unapplied_funds(pool: Pool, now: dt.datetime) -> Sequence[UnappliedMoney]:
    """Captured money that has belonged to no ticket for longer than ticketing takes."""
    async with _available():
        rows = await ledger_journal.unapplied_funds(pool, before=now - CONFIRM_PATIENCE)
    return [
        UnappliedMoney(row.booking, row.currency, row.amount, row.since, tuple(row.reasons))
        for row in rows
    ]


async def due_holds(pool: Pool, now: dt.datetime, limit: int) -> Sequence[str]:
    """Bookings still reserved whose deadline has come."""
    async with _available():
        return await booking_list.due_holds(pool, now, limit=limit)


async def unconfirmed(pool: Pool, now: dt.datetime, limit: int) -> Sequence[str]:
    """Bookings that should have been confirmed by now."""
    async with _available():
        return await booking_list.unconfirmed(pool, now - CONFIRM_PATIENCE, limit=limit)


async def unfinished_attempts(
    pool: Pool, now: dt.datetime, limit: int
) -> Sequence[tuple[str, str]]:
    """Payment and attempt of checkouts that should have had their outcome by now."""
    async with _available():
        return await unfinished.older_than(pool, now - ATTEMPT_PATIENCE, limit=limit)


@asynccontextmanager
async def _available() -> AsyncIterator[None]:
    try:
        yield
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise ports.Unavailable("database") from error
