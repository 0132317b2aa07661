"""Sensitive actions in a real database: found in three places as one list, and never changed."""

import datetime as dt
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import psycopg
import pytest

from application.audit import read_actions
from application.audit.actions import ORIGINS, SENSITIVE_EVENTS, Action, ActionFilter
from application.commands import stream_kinds
from application.ports import Unavailable
from infrastructure.identity import roles_of_users
from infrastructure.identity.sign_in_places import KeyedSignInPlaces
from infrastructure.postgres import audited_actions
from infrastructure.postgres import pool as pools
from infrastructure.postgres.audited_actions import PostgresActionRecord, PostgresAuditedActions
from infrastructure.sealing import master_key
from tests.support.servers import TestDatabase

START = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
INSERT_EVENT = (
    "INSERT INTO ledger.event (position, stream, version, tag, recorded_at, actor, command_id, "
    "correlation_id, payload) "
)
ONE_EVENT = INSERT_EVENT + (
    "VALUES (%s, 'booking-' || %s, 1, %s, %s, %s, gen_random_uuid(), 'c', "
    '\'{"reason":"illness","notes":[{"subject":"s","box":"AAAA"}]}\')'
)
INSERT_ACTION = (
    "INSERT INTO audit.action (at, actor, action, resource, change, correlation_id) "
    "VALUES (%s, 'auditor:user_a', 'audit.asked', 'GET /x', '{}', 'c')"
)
EMAIL_INDEX = bytes(32)
INSERT_USER = (
    "INSERT INTO identity.app_user "
    "(id, email_index, subject, email, password_hash, role, created_at) "
    "VALUES ('usr_1', %s, 's', '', 'x', 'customer', now())"
)
ATTACKS = (
    "UPDATE audit.action SET actor = 'nobody'",
    "DELETE FROM audit.action",
    "TRUNCATE audit.action",
    "UPDATE identity.auth_event SET happened = 'signed_in'",
    "DELETE FROM identity.auth_event",
    "TRUNCATE identity.auth_event",
)
COUNT = 100_000


class Adapters(NamedTuple):
    """The adapters on one pool."""

    pool: pools.Pool
    actions: PostgresAuditedActions
    record: PostgresActionRecord


@pytest.fixture
async def adapters(database: TestDatabase) -> AsyncIterator[Adapters]:
    pool = pools.make_pool(database.app_dsn, max_size=2)
    await pool.open()
    keys = master_key.parse(master_key.generated())
    record = PostgresActionRecord(pool, KeyedSignInPlaces(keys), keys, now=lambda: START)
    yield Adapters(pool, PostgresAuditedActions(pool), record)
    await pool.close()


def at(minutes: int) -> dt.datetime:
    return START + dt.timedelta(minutes=minutes)


def store_some(dsn: str) -> None:
    """Actions of all origins in turn, with events between them that are no sensitive actions."""
    with psycopg.connect(dsn) as connection:
        for number in range(1, 13):
            minute = number * 10
            for offset, tag, actor in (
                (0, "booking.cancelled.1", "support:user_s"),
                (1, "booking.cancelled.1", "customer:user_c"),
                (2, "booking.paid.1", "finance:user_f"),
                (3, "claim.paid.1", "finance:user_f" if number % 2 else "stripe"),
            ):
                position = number * 4 + offset
                connection.execute(ONE_EVENT, (position, position, tag, at(minute + offset), actor))
            connection.execute(
                "INSERT INTO identity.auth_event (happened, at, route) VALUES "
                "('token_refused', %s, 'GET /api/x')",
                (at(minute + 4),),
            )
            connection.execute(INSERT_ACTION, (at(minute + 5),))


async def all_pages(
    adapters: Adapters, chosen: ActionFilter, *, limit: int
) -> tuple[list[Action], int]:
    """The actions of all pages, and how many pages there were."""
    found: list[Action] = []
    cursor: str | None = None
    for count in itertools.count(1):
        page = await read_actions.read_actions(adapters.actions, chosen, cursor=cursor, limit=limit)
        assert len(page.actions) <= limit
        found += page.actions
        if page.next_cursor is None:
            return found, count
        assert page.next_cursor != cursor
        cursor = page.next_cursor
    raise AssertionError


CASES: list[tuple[ActionFilter, Callable[[int, int], bool]]] = [
    (ActionFilter(), lambda _, offset: True),
    (ActionFilter(user="user_s"), lambda _, offset: offset == 0),
    (ActionFilter(user="nobody"), lambda _, offset: offset == 4),
    (ActionFilter(user="user_none"), lambda _, offset: False),
    (ActionFilter(action="claim.paid"), lambda _, offset: offset == 3),
    (ActionFilter(action="identity.token_refused"), lambda _, offset: offset == 4),
    (ActionFilter(action="audit.asked", user="user_a"), lambda _, offset: offset == 5),
    (ActionFilter(since=at(50), until=at(80)), lambda number, _: 5 <= number < 8),
]


@pytest.mark.parametrize("examined", [2, 5_000])
@pytest.mark.parametrize("limit", [1, 4, 500])
@pytest.mark.parametrize(("chosen", "fits"), CASES)
async def test_pages_of_every_size_contain_each_action_once_the_newest_first(
    database: TestDatabase,
    adapters: Adapters,
    monkeypatch: pytest.MonkeyPatch,
    examined: int,
    limit: int,
    chosen: ActionFilter,
    fits: Callable[[int, int], bool],
) -> None:
    monkeypatch.setattr(audited_actions, "EXAMINED_LIMIT", examined)
    store_some(database.owner_dsn)
    expected = [
        at(number * 10 + offset)
        for number in range(1, 13)
        for offset in (0, 3, 4, 5)
        if (offset != 3 or number % 2) and fits(number, offset)
    ]
    found, _ = await all_pages(adapters, chosen, limit=limit)
    assert [each.at for each in found] == expected[::-1]


async def test_an_action_of_the_log_shows_what_was_changed_and_opens_nothing(
    database: TestDatabase, adapters: Adapters
) -> None:
    store_some(database.owner_dsn)
    chosen = ActionFilter(action="booking.cancelled")
    (found, *_), _ = await all_pages(adapters, chosen, limit=100)
    assert (found.origin, found.id, found.actor) == ("log", 48, "support:user_s")
    assert (found.action, found.resource) == ("booking.cancelled", "booking-48")
    sealed = {"subject": "s", "sealed": True}
    assert found.change == {"reason": "illness", "notes": [sealed]}


async def test_addresses_and_programs_are_stored_as_keyed_hashes(
    database: TestDatabase, adapters: Adapters
) -> None:
    for address, agent in (("198.51.100.7", "curl/8"), ("198.51.100.7", "x"), ("", "")):
        await adapters.record.add(
            actor="auditor:user_a",
            action="audit.asked",
            resource="GET /api/audit/events",
            change={"query": "after=3"},
            address=address,
            agent=agent,
            correlation_id="c",
        )
    none, other, first = (await all_pages(adapters, ActionFilter(), limit=10))[0]
    assert first.source == other.source
    assert first.source is not None
    assert first.agent not in (None, other.agent)
    assert (none.source, none.agent) == (None, None)
    assert first.change == {"query": "after=3"}
    with psycopg.connect(database.owner_dsn) as connection:
        row = str(connection.execute("SELECT * FROM audit.action").fetchall())
    assert "198.51" not in row
    assert "curl" not in row


async def test_without_a_database_nothing_counts_as_recorded(adapters: Adapters) -> None:
    await adapters.pool.close()
    with pytest.raises(Unavailable):
        await adapters.record.add(
            actor="a",
            action="b",
            resource="c",
            change={},
            address="",
            agent="",
            correlation_id="d",
        )


async def test_a_change_of_role_is_recorded_once_with_both_roles(
    database: TestDatabase, adapters: Adapters
) -> None:
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute(INSERT_USER, (EMAIL_INDEX,))
    for _ in range(2):
        assert roles_of_users.change_role(database.owner_dsn, EMAIL_INDEX, "finance")
    assert not roles_of_users.change_role(database.owner_dsn, b"none", "finance")
    noted, recorded = (await all_pages(adapters, ActionFilter(), limit=10))[0]
    if noted.origin == "stored":
        noted, recorded = recorded, noted
    assert (recorded.actor, recorded.action) == ("operator", "user.role_changed")
    assert recorded.resource == noted.resource == "usr_1"
    assert recorded.change == {"before": "customer", "role": "finance"}
    assert (noted.action, noted.actor) == ("identity.role_changed", "nobody")
    assert noted.change == {"reason": "finance"}


def test_every_sensitive_event_is_one_that_the_log_can_have() -> None:
    assert set(SENSITIVE_EVENTS) <= stream_kinds.EVENT_TYPES.keys()


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_application_changes_nothing_that_was_recorded(
    database: TestDatabase, attack: str
) -> None:
    with psycopg.connect(database.app_dsn, autocommit=True) as connection:
        connection.execute(INSERT_ACTION, (START,))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(attack.encode())


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_even_the_owner_changes_nothing_that_was_recorded(
    database: TestDatabase, attack: str, role: str
) -> None:
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        connection.execute(INSERT_ACTION, (START,))
        connection.execute(f"SET session_replication_role = {role}".encode())
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(attack.encode())
    assert refused.value.sqlstate == "AIS01"


async def test_no_page_scans_a_log_of_a_hundred_thousand_events(
    database: TestDatabase, adapters: Adapters
) -> None:
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute(
            INSERT_EVENT + "SELECT n, 'booking-' || n, 1, 'booking.cancelled.1', now(), "
            "CASE WHEN n %% 1000 = 0 THEN 'support:user_s' ELSE 'customer:user_c' END, "
            "gen_random_uuid(), 'c', '{}' FROM generate_series(1, %s) AS n",
            (COUNT,),
        )
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        connection.execute("ANALYZE ledger.event")
    for origin in ORIGINS:
        query = audited_actions.find_query(origin, ActionFilter(), before=None, limit=100)
        # Of some 2,600 pages of the log: one for each of the hundred that staff did, and few more.
        assert _pages_read(database.app_dsn, query) < 260, origin
    found, pages = await all_pages(adapters, ActionFilter(), limit=30)
    assert [each.id for each in found] == list(range(COUNT, 0, -1_000))
    assert pages == 4


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
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
