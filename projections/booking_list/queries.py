"""Queries about bookings; no result contains personal data."""

import base64
import binascii
import datetime as dt
import hashlib
from collections.abc import Sequence

import msgspec
from psycopg.rows import class_row

from application import queries as answers
from domain.booking import states
from domain.booking.coupons import GONE, CouponStatus
from projections import progress
from projections.projection import Pool

PAGE_LIMIT = 100
HISTORY_LIMIT, WORKLIST_LIMIT = 1_000, 500
MARK_BYTES, POSITION_LIMIT = 8, 2**63 - 1

_COLUMNS = (
    "booking, first_position, owner, status, flights, cabin, seat_count, coupons, total_amount, "
    "currency, hold_until, payments, tickets, created_at, updated_at"
)


class InvalidCursor(ValueError):
    """A page cursor that was not issued to this owner."""


class ListedBooking(msgspec.Struct, frozen=True):
    """One booking; `total_amount` in minor units, `tickets` are 13-digit numbers.

    `coupons` has one letter per passenger and flight, passenger by passenger.
    """

    booking: str
    first_position: int
    owner: str
    status: str
    flights: list[str]
    cabin: str
    seat_count: int
    coupons: str
    total_amount: int
    currency: str
    hold_until: dt.datetime | None
    payments: list[str]
    tickets: list[str]
    created_at: dt.datetime
    updated_at: dt.datetime


class UnansweredBooking(msgspec.Struct, frozen=True):
    """A booking on cancelled or moved flights that nobody has answered, `since` the first."""

    booking: str
    flights: list[str]
    segments: list[int]
    reminded_segments: list[int]
    since: dt.datetime


class BookingPage(msgspec.Struct, frozen=True):
    """Bookings, newest first; `next_cursor` is None on the last page."""

    bookings: list[ListedBooking]
    next_cursor: str | None


class HistoryEntry(msgspec.Struct, frozen=True):
    """One recorded event of a booking, without its content."""

    position: int
    version: int
    tag: str
    recorded_at: dt.datetime
    actor: str
    correlation_id: str


# A flight counts while a passenger of the booking has it; each does of one cancelled as a whole.
_FLIGHTS = (
    "SELECT FROM unnest(b.flights) WITH ORDINALITY AS part (flight, place) "
    "JOIN read_model.flight_availability AS f ON f.flight = part.flight "
    "WHERE (translate(b.coupons, %(gone)s, '') = '' OR EXISTS ("
    "  SELECT FROM generate_series(part.place::int, length(b.coupons), cardinality(b.flights)) "
    "    AS at (place) WHERE strpos(%(gone)s, substr(b.coupons, at.place, 1)) = 0))"
)
_OWNED = (
    f"SELECT {_COLUMNS} FROM read_model.booking_list AS b "  # noqa: S608 - constants only
    "WHERE (owner = %(owner)s OR attached_to = %(owner)s) "
    "AND (%(before)s::bigint IS NULL OR first_position < %(before)s) "
    "AND (%(statuses)s::text[] = '{}' OR status = ANY (%(statuses)s)) "
    "AND (%(upcoming)s::boolean IS NULL OR %(upcoming)s = (status <> ALL (%(over)s) "
    f"  AND EXISTS ({_FLIGHTS} AND f.departs_at >= %(now)s))) "
    "AND (%(first)s::date IS NULL AND %(last)s::date IS NULL "
    f"  OR EXISTS ({_FLIGHTS} AND f.local_date >= coalesce(%(first)s, '-infinity'::date) "
    "    AND f.local_date <= coalesce(%(last)s, 'infinity'::date))) "
    "ORDER BY first_position DESC LIMIT %(limit)s"
)
_GONE = "".join(sorted(each.value for each in GONE))


async def owned_by(
    pool: Pool,
    owner: str,
    *,
    cursor: str | None,
    limit: int,
    wanted: answers.BookingFilter = answers.EVERY_BOOKING,
) -> BookingPage:
    """Return a page of the bookings that a user owns or has attached; raises InvalidCursor.

    At most PAGE_LIMIT. A cursor is a place among all bookings: it holds with any filter.
    """
    size = max(1, min(limit, PAGE_LIMIT))
    before = _read_cursor(owner, cursor) if cursor is not None else None
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(ListedBooking))
        await rows.execute(
            _OWNED.encode(),
            {
                "owner": owner,
                "before": before,
                "statuses": list(wanted.statuses),
                "upcoming": wanted.upcoming,
                "now": wanted.now,
                "first": wanted.first_day,
                "last": wanted.last_day,
                "over": sorted(states.ENDED),
                "gone": _GONE,
                "limit": size + 1,
            },
        )
        found = await rows.fetchall()
    page = found[:size]
    following = _make_cursor(owner, page[-1].first_position) if len(found) > size else None
    return BookingPage(bookings=page, next_cursor=following)


async def booking(pool: Pool, stream: str) -> ListedBooking | None:
    """Return one booking by its stream; None if there is none."""
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(ListedBooking))
        await rows.execute(
            f"SELECT {_COLUMNS} FROM read_model.booking_list "  # noqa: S608 - constants only
            "WHERE booking = %s".encode(),
            (stream,),
        )
        return await rows.fetchone()


async def statuses(pool: Pool, bookings: Sequence[str]) -> dict[str, str]:
    """Return the status of each of these bookings."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT booking, status FROM read_model.booking_list WHERE booking = ANY (%s)",
            (list(bookings),),
        )
        return {row[0]: row[1] for row in await rows.fetchall()}


async def count_lapsing(pool: Pool, *, until: dt.datetime, since: dt.datetime | None = None) -> int:
    """Count the unpaid holds and changes whose deadline is by `until`, and not before `since`."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT count(*) FROM read_model.booking_list "
            "WHERE lapses_at <= %s AND lapses_at >= coalesce(%s, '-infinity'::timestamptz)",
            (until, since),
        )
        found = await rows.fetchone()
    assert found is not None
    return int(found[0])


async def due_holds(pool: Pool, now: dt.datetime, *, limit: int, after: str = "") -> list[str]:
    """Return bookings with an unpaid hold or change past its deadline.

    A page in order of booking ids, from the first after `after`.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT booking FROM read_model.booking_list "
            "WHERE lapses_at <= %s AND booking > %s ORDER BY booking LIMIT %s",
            (now, after, limit),
        )
        return [row[0] for row in await rows.fetchall()]


async def unconfirmed(pool: Pool, before: dt.datetime, *, limit: int, after: str = "") -> list[str]:
    """Return bookings that were paid before this instant and have no tickets yet.

    A page in order of booking ids, from the first after `after`.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT booking FROM read_model.booking_list "
            "WHERE status = 'paid' AND updated_at < %s AND booking > %s ORDER BY booking LIMIT %s",
            (before, after, limit),
        )
        return [row[0] for row in await rows.fetchall()]


async def unfinished_changes(
    pool: Pool, before: dt.datetime, *, limit: int, after: str = ""
) -> list[str]:
    """Return bookings with an uncompleted change paid before this instant.

    A page in order of booking ids, from the first after `after`.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT booking FROM read_model.booking_list "
            "WHERE modification_paid AND updated_at < %s AND booking > %s "
            "ORDER BY booking LIMIT %s",
            (before, after, limit),
        )
        return [row[0] for row in await rows.fetchall()]


async def unreminded(
    pool: Pool, before: dt.datetime, *, limit: int, after: str = ""
) -> list[UnansweredBooking]:
    """Return bookings on a flight that was cancelled or moved before this instant, which nobody has
    answered and nobody was reminded of.

    A page in order of booking ids, from the first after `after`.
    """
    return await _unanswered(
        pool,
        _EITHER,
        "(unanswered_since < %(before)s AND NOT reminded_segments @> cancelled_segments "
        "OR moved_since < %(before)s AND NOT reminded_segments @> moved_segments) "
        "AND booking > %(after)s ORDER BY booking LIMIT %(limit)s",
        before=before,
        after=after,
        limit=limit,
    )


async def unanswered(
    pool: Pool, before: dt.datetime, *, limit: int, after: str = ""
) -> list[UnansweredBooking]:
    """Return bookings on a flight that was cancelled before this instant and that nobody has
    answered.

    A page in order of booking ids, from the first after `after`.
    """
    return await _unanswered(
        pool,
        _CANCELLED,
        "unanswered_since < %(before)s AND booking > %(after)s ORDER BY booking LIMIT %(limit)s",
        before=before,
        after=after,
        limit=limit,
    )


# The segments of an unanswered booking, and since when.
_CANCELLED = "cancelled_segments AS segments, unanswered_since AS since"
_MOVED = "moved_segments AS segments, moved_since AS since"
_EITHER = (
    "cancelled_segments || moved_segments AS segments, "
    "least(unanswered_since, moved_since) AS since"
)


async def _unanswered(
    pool: Pool, columns: str, condition: str, **parameters: object
) -> list[UnansweredBooking]:
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(UnansweredBooking))
        await rows.execute(
            f"SELECT booking, flights, reminded_segments, {columns} "  # noqa: S608 - constants only
            f"FROM read_model.booking_list WHERE {condition}".encode(),
            parameters,
        )
        return await rows.fetchall()


async def unanswered_cancellations(
    pool: Pool,
) -> tuple[list[answers.UnansweredFlight], answers.AsOf]:
    """Return the cancelled flights that nobody has answered, the longest first."""
    as_of = await progress.as_of(pool, "booking_list")
    condition = "unanswered_since IS NOT NULL ORDER BY unanswered_since, booking LIMIT %(limit)s"
    return _flights(await _unanswered(pool, _CANCELLED, condition, limit=WORKLIST_LIMIT)), as_of


async def unanswered_moves(pool: Pool) -> tuple[list[answers.UnansweredFlight], answers.AsOf]:
    """Return the moved flights that nobody has answered, the longest first."""
    as_of = await progress.as_of(pool, "booking_list")
    condition = "moved_since IS NOT NULL ORDER BY moved_since, booking LIMIT %(limit)s"
    return _flights(await _unanswered(pool, _MOVED, condition, limit=WORKLIST_LIMIT)), as_of


def _flights(found: list[UnansweredBooking]) -> list[answers.UnansweredFlight]:
    return [
        answers.UnansweredFlight(
            booking_id=row.booking,
            flight=row.flights[segment],
            segment=segment,
            since=row.since,
            reminded=segment in row.reminded_segments,
        )
        for row in found
        for segment in row.segments
    ]


async def history(pool: Pool, stream: str) -> list[HistoryEntry]:
    """Return the events of a booking, oldest first, directly from the log."""
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(HistoryEntry))
        await rows.execute(
            "SELECT position, e.version, tag, recorded_at, actor, correlation_id "
            "FROM ledger.stream_event AS s JOIN ledger.event AS e USING (position) "
            "WHERE s.stream = %s ORDER BY s.version LIMIT %s",
            (stream, HISTORY_LIMIT),
        )
        return await rows.fetchall()


def _flights_left(row: ListedBooking) -> tuple[str, ...]:
    """Return the flights of which not all coupons are cancelled or in another booking; all of a
    booking without any.
    """
    count = len(row.flights)
    left = tuple(
        flight
        for segment, flight in enumerate(row.flights)
        if not GONE.issuperset(map(CouponStatus, row.coupons[segment::count]))
    )
    return left or tuple(row.flights)


def _make_cursor(owner: str, position: int) -> str:
    place = position.to_bytes(8, "big")
    return base64.urlsafe_b64encode(place + _mark(owner, place)).decode().rstrip("=")


def _read_cursor(owner: str, cursor: str) -> int:
    """Return a cursor's position; it needs no secret, as it pages within one owner's bookings."""
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"==", altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidCursor("not a cursor") from error
    position = int.from_bytes(raw[:8], "big")
    if position > POSITION_LIMIT or cursor != _make_cursor(owner, position):
        raise InvalidCursor("not a cursor of this owner")
    return position


def _mark(owner: str, place: bytes) -> bytes:
    return hashlib.sha256(place + owner.encode()).digest()[:MARK_BYTES]


async def list_bookings(
    pool: Pool,
    *,
    owner: str,
    cursor: str | None,
    limit: int,
    wanted: answers.BookingFilter = answers.EVERY_BOOKING,
) -> answers.BookingPage:
    """Return a page of the owner's bookings, newest first; rejects CursorRefused."""
    as_of = await progress.as_of(pool, "booking_list")
    try:
        page = await owned_by(pool, owner, cursor=cursor, limit=limit, wanted=wanted)
    except InvalidCursor as error:
        raise answers.CursorRefused(field="cursor", reason="not a cursor of this list") from error
    listed = [
        answers.ListedBooking(
            booking_id=row.booking,
            status=row.status,
            flights=_flights_left(row),
            total=row.total_amount,
            currency=row.currency,
            hold_until=row.hold_until,
            created_at=row.created_at,
        )
        for row in page.bookings
    ]
    return answers.BookingPage(listed, page.next_cursor, as_of)
