"""Read models as HTTP and timers ask for them: rows become the types of their ports."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import psycopg
from psycopg_pool import PoolTimeout

from application import ports
from application.queries import AsOf, BookingPage, CursorRefused, ListedBooking
from infrastructure.postgres.pool import Pool
from interfaces.http.ports import (
    AccountBalance,
    FlightOffer,
    OversoldCabin,
    UnappliedMoney,
)
from projections import progress
from projections.booking_list import queries as booking_list
from projections.catalogue import ALL
from projections.flight_availability import queries as flight_availability
from projections.ledger_journal import queries as ledger_journal
from projections.unfinished_attempts import queries as unfinished
from projections.unfinished_refunds import queries as refunds

# An attempt that has no outcome after this time is asked for again by the completer.
ATTEMPT_PATIENCE = dt.timedelta(seconds=20)
# So is a refund that Stripe has not answered.
REFUND_PATIENCE = dt.timedelta(seconds=20)
# A refund that Stripe has is followed by webhooks; after this time one may have been lost.
SETTLEMENT_PATIENCE = dt.timedelta(minutes=10)
WORKLIST_LIMIT = 500
# A paid booking is confirmed within a second; after this time something went wrong.
CONFIRM_PATIENCE = dt.timedelta(seconds=30)
# A flight of which nobody has said that it left is taken to have left after this time.
DEPARTURE_PATIENCE = dt.timedelta(minutes=60)
# What a client is asked to wait for a read model that has stopped: somebody must start it again.
STOPPED_RETRY_SECONDS = 30
LAG_DIGITS = 3
FLIGHT_AVAILABILITY = "flight_availability"
BOOKING_LIST = "booking_list"
LEDGER_JOURNAL = "ledger_journal"
# Figures of these must be whole: an old balance is worse than none.
EXACT = frozenset({LEDGER_JOURNAL})


async def as_of(pool: Pool, name: str) -> AsOf:
    """Return how far the read model is; ask before reading its rows.

    Raises Unavailable when the projector never made it, and for the ledger also when it has
    stopped or nobody runs it: no balance is shown rather than an old one.
    """
    try:
        found = await progress.progress_of(pool, name)
    except progress.NoGeneration:
        raise _unusable(name, "missing") from None
    if name in EXACT and found.state != "up":
        raise _unusable(name, found.state)
    return AsOf(found.position, round(found.lag_seconds, LAG_DIGITS))


def _unusable(name: str, state: str) -> ports.Unavailable:
    return ports.Unavailable(
        f"read model {name} is {state}",
        retry_after_seconds=STOPPED_RETRY_SECONDS,
        details={"readModel": name, "state": state},
    )


async def states(pool: Pool) -> Mapping[str, str]:
    """Return the state of each read model by name: up, parked, stalled, stopped or missing."""
    async with _available():
        found = {each.projection: each.state for each in await progress.progress_of_all(pool)}
    return {name: found.get(name, "missing") for name in sorted(ALL)}


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
    ) -> tuple[Sequence[FlightOffer], AsOf]:
        """Departures of the day with enough free seats; raises Unavailable."""
        async with _available():
            known = await as_of(self._pool, FLIGHT_AVAILABILITY)
            rows = await flight_availability.search(
                self._pool,
                origin=origin,
                destination=destination,
                local_date=local_date,
                cabin=cabin,
                seat_count=seat_count,
            )
        offers = [
            FlightOffer(
                flight=row.flight,
                number=row.number,
                origin=row.origin,
                destination=row.destination,
                departs_at=row.departs_at,
                arrives_at=row.arrives_at,
                domestic=row.domestic,
                fare_amount=lowest[1],
                currency=row.currency,
                free_count=row.free,
            )
            for row in rows
            if (lowest := row.lowest_class(seat_count)) is not None
        ]
        return offers, known


class BookingList:
    """`ListBookings` on the projection booking_list."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __call__(self, *, owner: str, cursor: str | None, limit: int) -> BookingPage:
        """Return a page, newest first; rejects CursorRefused, raises Unavailable."""
        try:
            async with _available():
                known = await as_of(self._pool, BOOKING_LIST)
                page = await booking_list.owned_by(self._pool, owner, cursor=cursor, limit=limit)
        except booking_list.InvalidCursor as error:
            raise CursorRefused(field="cursor", reason="not a cursor of this list") from error
        listed = [
            ListedBooking(
                booking_id=row.booking,
                status=row.status,
                flights=tuple(row.flights),
                total=row.total_amount,
                currency=row.currency,
                hold_until=row.hold_until,
                created_at=row.created_at,
            )
            for row in page.bookings
        ]
        return BookingPage(listed, page.next_cursor, known)


async def trial_balance(pool: Pool) -> tuple[Sequence[AccountBalance], AsOf]:
    """Every account that was posted to, by account and currency."""
    async with _available():
        known = await as_of(pool, LEDGER_JOURNAL)
        rows = await ledger_journal.trial_balance_rows(pool)
    return [AccountBalance(row.account, row.currency, row.amount) for row in rows], known


async def unapplied_funds(pool: Pool, now: dt.datetime) -> tuple[Sequence[UnappliedMoney], AsOf]:
    """Captured money that has belonged to no ticket for longer than ticketing takes."""
    async with _available():
        known = await as_of(pool, LEDGER_JOURNAL)
        rows = await ledger_journal.unapplied_funds(pool, before=now - CONFIRM_PATIENCE)
    funds = [
        UnappliedMoney(row.booking, row.currency, row.amount, row.since, tuple(row.reasons))
        for row in rows
    ]
    return funds, known


async def oversold(pool: Pool) -> tuple[Sequence[OversoldCabin], AsOf]:
    """Cabins of coming flights that were sold beyond what is authorised."""
    async with _available():
        known = await as_of(pool, FLIGHT_AVAILABILITY)
        rows = await flight_availability.oversold(pool, limit=WORKLIST_LIMIT)
    cabins = [OversoldCabin(row.flight, row.cabin, row.departs_at, row.seats) for row in rows]
    return cabins, known


async def booking_statuses(pool: Pool, bookings: Sequence[str]) -> Mapping[str, str]:
    """Status by booking."""
    async with _available():
        return await booking_list.statuses(pool, bookings)


async def due_holds(pool: Pool, now: dt.datetime, limit: int) -> Sequence[str]:
    """Bookings still reserved whose deadline has come."""
    async with _available():
        return await booking_list.due_holds(pool, now, limit=limit)


async def to_run_again(pool: Pool, now: dt.datetime, limit: int) -> Sequence[str]:
    """Bookings whose processes should have come to their end by now: paid and not ticketed, a
    change paid and not completed, money owed and not asked back.
    """
    before = now - CONFIRM_PATIENCE
    async with _available():
        found = [
            *await booking_list.unconfirmed(pool, before, limit=limit),
            *await booking_list.unfinished_changes(pool, before, limit=limit),
            *await ledger_journal.owed_bookings(pool, before=before, limit=limit),
        ]
    return list(dict.fromkeys(found))[:limit]


async def due_departures(pool: Pool, now: dt.datetime, limit: int) -> Sequence[str]:
    """Flights that should have left an hour ago and of which operations said nothing."""
    async with _available():
        return await flight_availability.due_departures(pool, now - DEPARTURE_PATIENCE, limit=limit)


async def with_waitlist(pool: Pool, limit: int) -> Sequence[str]:
    """Flights with somebody waiting and a seat free."""
    async with _available():
        return await flight_availability.with_waitlist(pool, limit=limit)


async def unfinished_attempts(
    pool: Pool, now: dt.datetime, limit: int
) -> Sequence[tuple[str, str]]:
    """Payment and attempt of checkouts that should have had their outcome by now."""
    async with _available():
        return await unfinished.older_than(pool, now - ATTEMPT_PATIENCE, limit=limit)


async def unanswered_refunds(pool: Pool, now: dt.datetime, limit: int) -> Sequence[tuple[str, str]]:
    """Payment and refund of requests that Stripe should have answered by now."""
    async with _available():
        return await refunds.untold_before(pool, now - REFUND_PATIENCE, limit=limit)


async def unsettled_refunds(
    pool: Pool, now: dt.datetime, *, after: str, limit: int
) -> Sequence[tuple[str, str]]:
    """Payment and refund of those that Stripe has had for a while; a page behind `after`."""
    async with _available():
        return await refunds.accepted_before(
            pool, now - SETTLEMENT_PATIENCE, after=after, limit=limit
        )


@asynccontextmanager
async def _available() -> AsyncIterator[None]:
    try:
        yield
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise ports.Unavailable("database") from error
