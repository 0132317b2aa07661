"""What a log in Postgres contains, asked with SQL, and what must always hold of it."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg

from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.fold import evolve
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.inventory.events import FlightDeparted
from domain.kernel.events import DomainEvent
from infrastructure.event_store import codec
from projections import progress
from projections.registry import ALL

WAIT_SECONDS = 60.0


def append(owner_dsn: str, stream: str, version: int, event: DomainEvent) -> None:
    """One event as this version of a stream, straight through the database's own append."""
    payload = codec.encode(event)
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT ledger.append(ARRAY[gen_random_uuid()], ARRAY[''::bytea], "
            "ARRAY['{}'::bytea], ARRAY['test'], ARRAY['test'], ARRAY[NULL::uuid], "
            "ARRAY[%s], ARRAY[%s], ARRAY[%s], ARRAY[%s::bytea], ARRAY[0], "
            "'{}'::text[], '{}'::int[], '{}'::uuid[], '{}', '{}', '{}', '{}'::bytea[])",
            (stream, version, event.tag, payload),
        )


def tags(owner_dsn: str, stream_prefix: str) -> list[str]:
    """Tags of all events of streams that begin so, in log order."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT tag FROM ledger.event WHERE starts_with(stream, %s) ORDER BY position",
            (stream_prefix,),
        )
        return [row[0] for row in rows]


def balances(owner_dsn: str, booking: str) -> dict[tuple[str, str], int]:
    """What the postings of a booking add up to, by account and currency."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT account, currency, sum(amount)::bigint FROM ledger.posting "
            "WHERE booking = %s GROUP BY 1, 2",
            (booking,),
        )
        return {(row[0], row[1]): row[2] for row in rows}


def await_row(owner_dsn: str, query: str, holds: Callable[[Any], bool]) -> Any:
    """The first column of the query once `holds` is true of it."""
    end = time.monotonic() + WAIT_SECONDS
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        while True:
            row = connection.execute(query.encode()).fetchone()
            assert row is not None
            if holds(row[0]):
                return row[0]
            assert time.monotonic() < end, row
            time.sleep(0.05)


def assert_invariants(owner_dsn: str) -> None:
    """What must hold of the log at any instant (the invariants of the fault list)."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        unbalanced = connection.execute(
            "SELECT currency, sum(amount) FROM ledger.posting GROUP BY 1 HAVING sum(amount) <> 0"
        ).fetchall()
        assert unbalanced == []
        positions = connection.execute(
            "SELECT count(*), coalesce(max(position), 0) FROM ledger.event"
        ).fetchone()
        assert positions is not None
        assert positions[0] == positions[1], "positions have a gap"
        gaps = connection.execute(
            "SELECT stream FROM ledger.event GROUP BY stream HAVING count(*) <> max(version)"
        ).fetchall()
        assert gaps == []
        assert _seats_by_booking(connection) == _seats_by_counter(connection)


def assert_read_models_follow(owner_dsn: str) -> None:
    """Every checkpoint reaches the head that the log has now; nothing is parked or stopped."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        row = connection.execute("SELECT coalesce(max(position), 0) FROM ledger.event").fetchone()
        assert row is not None
        end = time.monotonic() + WAIT_SECONDS
        while True:
            found = progress.read_progress(connection)
            assert {each.projection: each.parked for each in found} == dict.fromkeys(ALL, 0)
            behind = {each.projection for each in found if each.position < row[0]}
            if not behind:
                break
            causes = {each.projection: each.stopped_cause for each in found}
            assert time.monotonic() < end, f"{behind} stay behind {row[0]}: {causes}"
            time.sleep(0.05)
        assert [each.projection for each in found if each.stopped_cause is not None] == []


def _seats_by_counter(connection: psycopg.Connection[Any]) -> dict[str, tuple[int, int]]:
    rows = connection.execute(
        "SELECT flight, sum(held), sum(sold) FROM ledger.capacity GROUP BY flight "
        "HAVING sum(held) <> 0 OR sum(sold) <> 0"
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


def _seats_by_booking(connection: psycopg.Connection[Any]) -> dict[str, tuple[int, int]]:
    """Seats that bookings of each flight hold and have bought, from their own streams."""
    bookings: dict[str, Booking] = {}
    departed: set[str] = set()
    for stream, tag, payload in connection.execute(
        "SELECT stream, tag, payload FROM ledger.event WHERE starts_with(stream, 'booking-') "
        "OR tag = 'flight.departed.1' ORDER BY position"
    ):
        if tag == FlightDeparted.tag:
            departed.add(stream)
            continue
        event: Any = codec.decode(tag, payload)
        bookings[stream] = evolve(bookings.get(stream), event)
    held: Counter[str] = Counter()
    sold: Counter[str] = Counter()
    for booking in bookings.values():
        holds = booking.status in {Status.RESERVED, Status.PAID}
        for segment in booking.segments if holds else ():
            held[segment.flight] += booking.seat_count
        if booking.modification is not None:
            seats = sum(
                _seated(booking, c) for c in booking.open_coupons(booking.modification.segment)
            )
            held[booking.modification.to.flight] += seats
        for coupon in booking.coupons if booking.tickets else ():
            flight = booking.segments[coupon.segment].flight
            gone = coupon.status is CouponStatus.REFUNDED or (
                coupon.status is CouponStatus.MISSED and flight not in departed
            )
            sold[flight] += 0 if gone else _seated(booking, coupon)
    return {
        flight: (held[flight], sold[flight])
        for flight in held.keys() | sold.keys()
        if held[flight] or sold[flight]
    }


def _seated(booking: Booking, coupon: Coupon) -> int:
    return int(booking.passengers[coupon.passenger].type != "INF")


def count(owner_dsn: str, tag: str) -> int:
    """Events of the tag in the log."""
    with psycopg.connect(owner_dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM ledger.event WHERE tag = %s", (tag,)
        ).fetchone()
    assert row is not None
    return int(row[0])


def seats(owner_dsn: str, flight: str) -> tuple[int, int, int]:
    """Authorised, held and sold seats of a flight, as the database counts them."""
    with psycopg.connect(owner_dsn) as connection:
        row = connection.execute(
            "SELECT authorised, held, sold FROM ledger.capacity WHERE flight = %s", (flight,)
        ).fetchone()
    assert row is not None
    found: tuple[int, int, int] = row
    return found
