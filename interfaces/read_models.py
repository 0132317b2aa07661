"""Queries of read models for HTTP: rows become the types of their ports."""

import datetime as dt
from collections.abc import Mapping, Sequence

from application import ports
from application.processes.runner import EXPECTED_WITHIN
from application.queries import (
    AccountBalance,
    AsOf,
    BookingPage,
    CursorRefused,
    FlightOffer,
    ListedBooking,
    OversoldCabin,
    UnappliedMoney,
)
from infrastructure.postgres.pool import Pool, raising_unavailable
from projections import progress
from projections.booking_list import queries as booking_list
from projections.catalogue import ALL
from projections.flight_availability import queries as flight_availability
from projections.ledger_journal import queries as ledger_journal

WORKLIST_LIMIT = 500
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
    async with raising_unavailable():
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
        async with raising_unavailable():
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
            async with raising_unavailable():
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
    async with raising_unavailable():
        known = await as_of(pool, LEDGER_JOURNAL)
        rows = await ledger_journal.trial_balance_rows(pool)
    return [AccountBalance(row.account, row.currency, row.amount) for row in rows], known


async def unapplied_funds(pool: Pool, now: dt.datetime) -> tuple[Sequence[UnappliedMoney], AsOf]:
    """Captured money that has belonged to no ticket for longer than ticketing takes."""
    async with raising_unavailable():
        known = await as_of(pool, LEDGER_JOURNAL)
        rows = await ledger_journal.unapplied_funds(pool, before=now - EXPECTED_WITHIN)
    funds = [
        UnappliedMoney(row.booking, row.currency, row.amount, row.since, tuple(row.reasons))
        for row in rows
    ]
    return funds, known


async def oversold(pool: Pool) -> tuple[Sequence[OversoldCabin], AsOf]:
    """Cabins of coming flights that were sold beyond what is authorised."""
    async with raising_unavailable():
        known = await as_of(pool, FLIGHT_AVAILABILITY)
        rows = await flight_availability.oversold(pool, limit=WORKLIST_LIMIT)
    cabins = [OversoldCabin(row.flight, row.cabin, row.departs_at, row.seats) for row in rows]
    return cabins, known


async def booking_statuses(pool: Pool, bookings: Sequence[str]) -> Mapping[str, str]:
    """Status by booking."""
    async with raising_unavailable():
        return await booking_list.statuses(pool, bookings)
