"""The log as auditors read it, in a real database: complete, resumable, and without a scan."""

import datetime as dt
import itertools
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import psycopg
import pytest

from application.audit.ports import LogFilter, LogPage
from infrastructure.event_store import audited_log
from infrastructure.event_store.audited_log import EXAMINED_LIMIT, PostgresAuditedLog
from infrastructure.postgres import pool as pools
from tests.support.servers import TestDatabase

BOOKING = "booking-ABC234"
INSERT = (
    "INSERT INTO ledger.event (position, stream, version, tag, recorded_at, actor, command_id, "
    "correlation_id, payload) "
)
# Ten events of each stream; a rare actor and a rare type meet nowhere.
MANY = (
    INSERT + "SELECT n, 'flight-' || n / 10, n %% 10 + 1, "
    "CASE WHEN n %% 5000 = 1 THEN 'flight.cancelled.1' ELSE 'flight.seats_held.1' END, now(), "
    "CASE WHEN n %% 5000 = 2 THEN 'user_rare' ELSE 'process' END, gen_random_uuid(), "
    "'correlation-' || n, '{}' FROM generate_series(1, %s) AS n"
)
COUNT = 100_000


@pytest.fixture
async def log(database: TestDatabase) -> AsyncIterator[PostgresAuditedLog]:
    pool = pools.make_pool(database.app_dsn, max_size=2)
    await pool.open()
    yield PostgresAuditedLog(pool)
    await pool.close()


def store(dsn: str, *events: tuple[str, str, dict[str, Any]]) -> None:
    """Put events of streams and tags into the log as its owner may."""
    versions: dict[str, int] = {}
    with psycopg.connect(dsn) as connection:
        for position, (stream, tag, payload) in enumerate(events, start=1):
            versions[stream] = versions.get(stream, 0) + 1
            connection.execute(
                INSERT + "VALUES (%s, %s, %s, %s, %s, 'user_1', gen_random_uuid(), 'c', %s)",
                (
                    *(position, stream, versions[stream], tag),
                    *(dt.datetime(2027, 1, 1, tzinfo=dt.UTC), msgspec.json.encode(payload)),
                ),
            )


async def all_pages(
    log: PostgresAuditedLog, chosen: LogFilter, *, limit: int
) -> tuple[list[int], list[LogPage]]:
    """The positions of all pages, and the pages."""
    head, after, pages = await log.head(), 0, []
    while True:
        page = await log.find(chosen, after=after, until=head, limit=limit)
        pages.append(page)
        assert len(page.events) <= limit
        if not page.has_more:
            assert page.position == head
            return [each.position for page in pages for each in page.events], pages
        assert page.position > after
        after = page.position


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 100])
@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (LogFilter(), [1, 2, 3, 4, 5, 6]),
        (LogFilter(stream="booking-A"), [1, 3, 5, 6]),
        (LogFilter(tag="x"), [1, 2, 5]),
        (LogFilter(stream="booking-A", tag="x"), [1, 5]),
        (LogFilter(actor="user_1", tag="y"), [3, 4, 6]),
        (LogFilter(actor="user_2"), []),
        (LogFilter(correlation_id="c", stream="booking-B"), [2, 4]),
    ],
)
async def test_pages_of_every_size_contain_each_event_once_in_order(
    database: TestDatabase,
    log: PostgresAuditedLog,
    limit: int,
    chosen: LogFilter,
    expected: list[int],
) -> None:
    a, b = "booking-A", "booking-B"
    rows = [(a, "x"), (b, "x"), (a, "y"), (b, "y"), (a, "x"), (a, "y")]
    store(database.owner_dsn, *((stream, tag, {}) for stream, tag in rows))
    positions, _ = await all_pages(log, chosen, limit=limit)
    assert positions == expected


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (LogFilter(stream="booking-A", actor="user_2"), [2]),
        (LogFilter(stream="booking-A", correlation_id="d"), [3]),
        (LogFilter(correlation_id="c", actor="user_2"), [2, 4]),
        (LogFilter(correlation_id="c", tag="y"), [4]),
        (LogFilter(actor="user_1", tag="x"), [1, 3]),
    ],
)
async def test_an_event_of_a_page_has_all_that_was_chosen(
    database: TestDatabase, log: PostgresAuditedLog, chosen: LogFilter, expected: list[int]
) -> None:
    rows = (
        (1, "booking-A", 1, "x", "user_1", "c"),
        (2, "booking-A", 2, "x", "user_2", "c"),
        (3, "booking-A", 3, "x", "user_1", "d"),
        (4, "booking-B", 1, "y", "user_2", "c"),
    )
    with psycopg.connect(database.owner_dsn) as connection:
        connection.cursor().executemany(
            INSERT + "VALUES (%s, %s, %s, %s, now(), %s, gen_random_uuid(), %s, '{}')", rows
        )
    assert (await all_pages(log, chosen, limit=2))[0] == expected


async def test_what_is_appended_after_the_head_was_read_is_for_the_next_page(
    database: TestDatabase, log: PostgresAuditedLog
) -> None:
    store(database.owner_dsn, *((BOOKING, "x", {}) for _ in range(6)))
    for chosen in (LogFilter(), LogFilter(stream=BOOKING), LogFilter(tag="x")):
        page = await log.find(chosen, after=1, until=4, limit=10)
        assert [each.position for each in page.events] == [2, 3, 4]
        assert (page.position, page.has_more) == (4, False)
    page = await log.about_booking(BOOKING, after=1, until=4, limit=10)
    assert ([each.position for each in page.events], page.position) == ([2, 3, 4], 4)


async def test_a_booking_is_found_in_all_its_streams_and_no_other(
    database: TestDatabase, log: PostgresAuditedLog
) -> None:
    card, other = "credit-AAAAAAAAAAAAAAAA", "credit-BBBBBBBBBBBBBBBB"
    store(
        database.owner_dsn,
        (BOOKING, "booking.reserved.1", {}),
        ("booking-ABC235", "booking.reserved.1", {}),
        ("payment-ABC234-1", "payment.requested.1", {}),
        ("payment-ABC234-12", "payment.requested.1", {}),
        ("payment-ABC235-1", "payment.requested.1", {}),
        (card, "credit.gift_card_ordered.1", {}),
        (other, "credit.issued.1", {"booking": "booking-ABC235"}),
        (card, "credit.spent.1", {"booking": BOOKING}),
        (card, "credit.expired.1", {}),
        ("claim-ABC234-SV1-2027-01-01", "claim.assessed.1", {}),
        ("claim-ABC235-SV1-2027-01-01", "claim.assessed.1", {}),
        ("taxdocuments-ABC234", "taxdocuments.issued.1", {}),
        ("flight-SV1-2027-01-01", "flight.seats_held.1", {}),
    )
    for limit, after in itertools.product((1, 3, 100), (0, 4)):
        found, behind = [], after
        while True:
            page = await log.about_booking(BOOKING, after=behind, until=13, limit=limit)
            found += [each.position for each in page.events]
            if not page.has_more:
                break
            behind = page.position
        assert found == [each for each in (1, 3, 4, 6, 8, 9, 10, 12) if each > after]


async def test_no_page_scans_a_log_of_a_hundred_thousand_events(
    database: TestDatabase, log: PostgresAuditedLog
) -> None:
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute(MANY, (COUNT,))
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        connection.execute("ANALYZE ledger.event")
    everything = LogFilter("flight-5000", "flight.cancelled.1", "user_rare", "correlation-50001")
    for wanted in (
        everything,
        LogFilter(),
        LogFilter(stream="flight-5000"),
        LogFilter(tag="flight.cancelled.1"),
        LogFilter(tag="flight.seats_held.1"),
        LogFilter(actor="user_rare"),
        LogFilter(correlation_id="correlation-50000"),
    ):
        query = audited_log.find_query(wanted, after=1_000, until=COUNT, limit=100)
        # Of some 2,600 pages of the table, and the indexes beside them.
        assert _pages_read(database.app_dsn, query) < 260, wanted
    about = audited_log.booking_query(BOOKING, after=0, until=COUNT, limit=100)
    assert _pages_read(database.app_dsn, about) < 260
    # Frequent in both, and never together: each page examines so many, and no more.
    positions, pages = await all_pages(
        log, LogFilter(actor="process", tag="flight.none.1"), limit=10
    )
    assert positions == []
    assert len(pages) == COUNT // EXAMINED_LIMIT
    positions, _ = await all_pages(log, LogFilter(tag="flight.cancelled.1"), limit=7)
    assert positions == list(range(1, COUNT, 5_000))


def _pages_read(dsn: str, query: tuple[str, dict[str, Any]]) -> int:
    """The pages that the plan of the pool's connections reads, from memory or disk."""
    text, parameters = query
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=0) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute("SET enable_seqscan = off")
        ((found,),) = connection.execute(
            b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + text.encode(), parameters
        ).fetchall()
    plan = found[0]["Plan"]
    assert "Seq Scan" not in str(found)
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
