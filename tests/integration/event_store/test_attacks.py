"""What plain SQL with the application's password, or the owner's, cannot do to the log."""

import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from application.coordination import Channel
from tests.integration.event_store import plain_append
from tests.integration.event_store.plain_append import (
    BALANCED,
    Session,
    append,
    entry,
    moves,
    payload,
    posting,
)
from tests.support.servers import TestDatabase

FLIGHT = "flight-SV1-2026-12-24"
BOOKING = "booking-AAAAAA"
PLAIN = payload({"note": "x"})
OF_A_COLUMN = ("22P02", "22003", "23502", "23514")  # its type, its range, or a constraint


@pytest.fixture
def session(database: TestDatabase) -> Iterator[Session]:
    with psycopg.connect(database.app_dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(database: TestDatabase) -> Iterator[Session]:
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        yield connection


def value(connection: Session, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def refused(*codes: str) -> Any:
    """Expect a refusal with one of these SQLSTATEs: an attack with a mistake of its own is none."""
    return pytest.raises(psycopg.Error, check=lambda error: error.sqlstate in codes)


def log_is_empty(connection: Session) -> bool:
    tables = ("event", "command", "posting", "capacity", "outbox")
    return not any(value(connection, f"SELECT count(*) FROM ledger.{name}") for name in tables)


@pytest.mark.parametrize("table", ["event", "command", "posting"])
@pytest.mark.parametrize("attack", ["UPDATE", "DELETE", "TRUNCATE", "INSERT"])
def test_the_application_changes_nothing_that_was_recorded(
    session: Session, table: str, attack: str
) -> None:
    column = {"event": "actor", "command": "id", "posting": "rule"}[table]
    statement = {
        "UPDATE": f"UPDATE ledger.{table} SET {column} = {column}",
        "DELETE": f"DELETE FROM ledger.{table}",
        "TRUNCATE": f"TRUNCATE ledger.{table} CASCADE",
        "INSERT": f"INSERT INTO ledger.{table} SELECT * FROM ledger.{table}",
    }[attack]
    append(session, [(BOOKING, 1, payload({"entry": BALANCED}))])
    with refused("42501"):
        session.execute(statement.encode())


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize("table", ["event", "command", "posting"])
@pytest.mark.parametrize("attack", ["UPDATE", "DELETE", "TRUNCATE"])
def test_even_the_owner_changes_nothing_that_was_recorded(
    session: Session, owner: Session, table: str, attack: str, role: str
) -> None:
    column = {"event": "actor", "command": "id", "posting": "rule"}[table]
    statement = {
        "UPDATE": f"UPDATE ledger.{table} SET {column} = {column}",
        "DELETE": f"DELETE FROM ledger.{table}",
        "TRUNCATE": f"TRUNCATE ledger.{table} CASCADE",
    }[attack]
    append(session, [(BOOKING, 1, payload({"entry": BALANCED}))])
    owner.execute(f"SET session_replication_role = {role}".encode())
    with refused("AIS01"):
        owner.execute(statement.encode())
    assert value(owner, "SELECT count(*) FROM ledger.posting") == 2


@pytest.mark.parametrize(
    "attack",
    [
        "INSERT INTO ledger.capacity VALUES ('flight-X', 'Y', 9, 0, 0)",
        "UPDATE ledger.capacity SET held = 0",
        "DELETE FROM ledger.capacity",
        "TRUNCATE ledger.capacity",
        "UPDATE ledger.stored_events SET topic = 'x'",
        "DELETE FROM ledger.stored_events",
        "INSERT INTO ledger.outbox (topic, body) VALUES ('mail', '{}')",
        "UPDATE ledger.outbox SET body = '{}'",
        "DELETE FROM ledger.outbox",
        "SELECT setval('ledger.ticket_serial', 1000000001)",
        "SELECT ledger.move_capacity(ARRAY['flight-X'], ARRAY['{}'::bytea])",
        "SELECT ledger.post_entries(0, ARRAY['{}'::bytea])",
        "ALTER TABLE ledger.event DISABLE TRIGGER append_only",
        "DROP TRIGGER append_only ON ledger.event",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger "
        "LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TABLE ledger.mine ()",
        "CREATE TABLE public.mine ()",
        "SET ROLE ais_projector",
        "UPDATE projections.checkpoint SET position = 0",
        "UPDATE audit.action SET actor = 'nobody'",
        "DELETE FROM audit.action",
        "UPDATE partner.subscription SET url = 'https://elsewhere.example/'",
        "UPDATE partner.subscription SET types = NULL",
        "TRUNCATE audit.action, partner.subscription, operations.bounced_letter",
        "INSERT INTO partner.subscription (replays) VALUES (5)",
        "CREATE TABLE partner.mine ()",
        "DELETE FROM operations.bounced_letter",
        "SELECT * FROM public.schema_migration",
        "SELECT * FROM pg_authid",
    ],
)
def test_the_application_has_no_privilege_beyond_its_need(session: Session, attack: str) -> None:
    with refused("42501"):
        session.execute(attack.encode())


UNPOSTED = {
    "unbalanced": {"entry": entry(posting("cash", 500), posting("owed", -499))},
    "one-sided": {"entry": entry(posting("cash", 500))},
    "balanced only across currencies": {
        "entry": entry(posting("cash", 500), posting("owed", -500, currency="USD"))
    },
    "without postings": {"entry": entry()},
    "postings missing": {"entry": {"effective_on": "2026-11-24", "rule": "r"}},
    "postings not a list": {"entry": {**BALANCED, "postings": {"a": 1}}},
    "entry null": {"entry": None},
    "entry a list": {"entry": [BALANCED]},
    "entry a text": {"entry": "postings"},
    "entry nested": {"detail": {"entry": BALANCED}},
    "entry in a list": {"details": [{"entry": BALANCED}]},
    "the payload a list": ["entry", {"entry": BALANCED}],
    "upper case": {"Entry": BALANCED},
    "shouting": {"ENTRY": BALANCED},
    "upper-case postings": {"entry": {**BALANCED, "Postings": BALANCED["postings"]}},
    "postings without entry": {"detail": {"postings": BALANCED["postings"]}},
    "fractional": {"entry": entry(posting("cash", 0.5), posting("owed", -0.5))},
    "a float without fraction": {"entry": entry(posting("cash", 5.0), posting("owed", -5.0))},
    "amounts as text": {"entry": entry(posting("cash", "500"), posting("owed", "-500"))},
    "amount null": {"entry": entry(posting("cash", None), posting("owed", None))},
    "beyond 64 bits": {"entry": entry(posting("cash", 2**63), posting("owed", -(2**63)))},
    "no account": {"entry": entry(posting(None, 5), posting("owed", -5))},
    "no day": {"entry": {**BALANCED, "effective_on": None}},
    "unknown currency": {
        "entry": entry(posting("cash", 5, currency="sar"), posting("owed", -5, currency="sar"))
    },
}


@pytest.mark.parametrize("name", UNPOSTED)
def test_money_that_is_not_a_posted_balanced_entry_is_refused(session: Session, name: str) -> None:
    with refused("AIS02", *OF_A_COLUMN):
        append(session, [(BOOKING, 1, payload(UNPOSTED[name]))])
    assert log_is_empty(session)


GOOD = payload(BALANCED)
NON_CANONICAL = {
    "escaped key": b'{"\\u0065ntry":' + GOOD + b"}",
    "escaped key in upper-case hex": b'{"entr\\u0079":' + GOOD + b"}",
    "escaped inner key": b'{"entry":' + GOOD.replace(b'"postings"', b'"\\u0070ostings"') + b"}",
    "escaped after an escaped backslash": b'{"x":"\\\\","\\u0065ntry":' + GOOD + b"}",
    "key twice, last empty": b'{"entry":' + GOOD + b',"entry":null}',
    "key twice, both balanced": b'{"entry":' + GOOD + b',"entry":' + GOOD + b"}",
    "key twice, once spaced": b'{"entry" :' + GOOD + b',"entry":' + GOOD + b"}",
    "postings twice": b'{"entry":' + GOOD[:-1] + b',"postings":[{"account":"x"}]}}',
    "amount twice": b'{"entry":' + GOOD.replace(b'"amount":500', b'"amount":9,"amount":500') + b"}",
    "amount twice beside a spaced key": b'{"entry":'
    + GOOD.replace(b'"amount":500', b'"amount" :9,"amount" :500')
    + b"}",
    "amount with an exponent": b'{"entry":'
    + GOOD.replace(b"-500", b"-5e2").replace(b"500", b"5e2")
    + b"}",
    **{
        f"amount twice beside a text with U+{ord(gap):04X} before a colon": b'{"entry":'
        + GOOD.replace(b'"amount":500', b'"amount":9,"amount":500')
        + f',"note":"x\\"{gap}:y"}}'.encode()
        for gap in " \u0085\u00a0\u2003\u2028\u3000"
    },
    "escaped moves": b'{"\\u006doves":[{"cabin":"Y","held":1}]}',
    "escaped in capitals": b'{"\\u004dOVES":[{"cabin":"Y","held":1}]}',
    "not JSON": b'{"entry":',
    "not JSON and no entry": b"hello",
    "not an object": b"[]",
    "not UTF-8": b'{"note":"\xff"}',
    "null bytes": b'{"note":"\x00"}',
}


@pytest.mark.parametrize("name", NON_CANONICAL)
def test_non_canonical_json_hides_nothing_from_the_database(session: Session, name: str) -> None:
    with refused("AIS02", "22P02", "22021"):
        append(session, [(FLIGHT, 1, NON_CANONICAL[name])])
    assert log_is_empty(session)


HARMLESS = {
    "the words as values": payload({"reason": "entry", "kind": "moves", "note": "postings"}),
    "the words within a text": payload({"note": 'the "entry" moves "postings": "moves":'}),
    "an escaped backslash before u": payload({"note": "C:\\users \\u0065ntry"}),
    "a quote, a space and a colon beside money": payload(
        {"entry": BALANCED, "reason": 'he said "no" : fine'}
    ),
    "control characters": b'{"note":"\\u0001\\u001f\\n\\"\\\\"}',
    "Arabic": payload({"note": "ليلى"}),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_texts_that_only_look_suspicious_are_accepted(session: Session, name: str) -> None:
    assert append(session, [(BOOKING, 1, HARMLESS[name])])[1]


def test_a_payload_with_moves_may_contain_a_text_with_a_quote_and_a_colon(session: Session) -> None:
    body = payload({**moves(authorised=1, held=0, sold=0), "reason": 'he said "no" : fine'})
    assert append(session, [(FLIGHT, 1, body)])[1]
    assert counters(session) == [(1, 0, 0)]


def test_spaces_between_tokens_hide_no_entry(session: Session) -> None:
    spaced = b'{ "entry" :\n' + GOOD.replace(b'"amount":', b'"amount" : ') + b" }"
    append(session, [(BOOKING, 1, spaced)])
    assert value(session, "SELECT sum(abs(amount))::int FROM ledger.posting") == 1000


def test_postings_are_exactly_those_of_the_event(session: Session) -> None:
    append(session, [(BOOKING, 1, PLAIN), (BOOKING, 2, payload({"entry": BALANCED}))])
    rows = session.execute(
        "SELECT position, line, account, booking, amount, currency, effective_on::text, rule "
        "FROM ledger.posting ORDER BY line"
    ).fetchall()
    assert rows == [
        (2, 1, "cash", BOOKING, 500, "SAR", "2026-11-24", "capture"),
        (2, 2, "owed", BOOKING, -500, "SAR", "2026-11-24", "capture"),
    ]


def with_seats(session: Session, **counters: int) -> None:
    append(session, [(FLIGHT, 1, payload(moves(**{"held": 0, "sold": 0, **counters})))])


def counters(connection: Session) -> list[tuple[int, int, int]]:
    return connection.execute("SELECT authorised, held, sold FROM ledger.capacity").fetchall()


UNCOUNTED = {
    "beyond capacity": moves(authorised=0, held=3, sold=0),
    "sold beyond capacity": moves(authorised=0, held=0, sold=3),
    "held below nothing": moves(authorised=0, held=-1, sold=0),
    "sold below nothing": moves(authorised=0, held=2, sold=-1),
    "authorised below nothing": moves(authorised=-3, held=0, sold=0),
    "raised while cut": moves(authorised=-1, held=2, sold=0),
    "beyond what is restored": moves(authorised=0, held=1, sold=4, restored=2),
    "more restored than sold": moves(authorised=0, held=3, sold=0, restored=9),
    "another cabin": {"moves": [{"cabin": "J", "authorised": 0, "held": 1, "sold": 0}]},
    "no cabin": {"moves": [{"authorised": 0, "held": 1, "sold": 0}]},
    "half a seat": moves(authorised=0, held=0.5, sold=0),
    "beyond 32 bits": moves(authorised=2**31, held=0, sold=0),
    "moves an object": {"moves": {"cabin": "Y", "held": 1}},
    "moves a number": {"moves": 1},
    "moves null": {"moves": None},
    "moves nested": {"detail": moves(held=1)},
    "moves in upper case": {"Moves": moves(held=1)["moves"]},
    "within a list": [moves(held=1)],
}


@pytest.mark.parametrize("name", UNCOUNTED)
def test_seats_that_do_not_exist_cannot_be_taken(session: Session, name: str) -> None:
    with_seats(session, authorised=2)
    with refused("AIS03", *OF_A_COLUMN):
        append(session, [(FLIGHT, 2, payload(UNCOUNTED[name]))])
    assert counters(session) == [(2, 0, 0)]
    assert value(session, "SELECT max(position) FROM ledger.event") == 1


@pytest.mark.parametrize("stream", [BOOKING, "Flight-SV1", "flight", "xflight-SV1", " flight-SV1"])
def test_seats_move_on_flight_streams_only(session: Session, stream: str) -> None:
    with refused("AIS03"):
        append(session, [(stream, 1, payload(moves(authorised=5, held=0, sold=0)))])


def test_two_events_of_one_append_cannot_share_a_seat(session: Session) -> None:
    with_seats(session, authorised=1)
    one = payload(moves(authorised=0, held=1, sold=0))
    with refused("AIS03"):
        append(session, [(FLIGHT, 2, one), (FLIGHT, 3, one)])
    assert append(session, [(FLIGHT, 2, one)])[1]


def test_an_equipment_cut_may_leave_more_seats_taken_than_authorised(session: Session) -> None:
    with_seats(session, authorised=3, held=2, sold=1)
    append(session, [(FLIGHT, 2, payload(moves(authorised=-2, held=0, sold=0)))])
    append(session, [(FLIGHT, 3, payload(moves(authorised=0, held=-1, sold=1)))])
    assert counters(session) == [(1, 1, 2)]
    with refused("AIS03"):
        append(session, [(FLIGHT, 4, payload(moves(authorised=0, held=1, sold=0)))])


def test_a_version_of_a_stream_is_used_once(session: Session) -> None:
    append(session, [(BOOKING, 1, PLAIN)])
    with refused("23505"):
        append(session, [(BOOKING, 1, PLAIN)])


@pytest.mark.parametrize("versions", [[2], [1, 3], [0], [-1], [1, 1], [2147483647]])
def test_a_stream_has_no_gap_and_no_version_twice(session: Session, versions: list[int]) -> None:
    with refused("AIS05", "23514"):
        append(session, [(BOOKING, version, PLAIN) for version in versions])
    assert log_is_empty(session)


def test_versions_of_a_stream_are_in_the_order_of_positions(session: Session) -> None:
    with refused("AIS05"):
        append(session, [(BOOKING, 2, PLAIN), (BOOKING, 1, PLAIN)])


def test_a_stream_with_newer_events_is_reported_and_nothing_is_written(session: Session) -> None:
    append(session, [(BOOKING, 1, PLAIN)])
    found = append(session, [("booking-B", 1, PLAIN)], reads={BOOKING: 0, "booking-C": 2})
    assert found == (1, False, {BOOKING: 1, "booking-C": 0}, None)


def test_a_command_is_recorded_once(session: Session) -> None:
    command = uuid.uuid4()
    append(session, [(BOOKING, 1, PLAIN)], command=command)
    last, written, _, known = append(session, [(BOOKING, 2, PLAIN)], command=command)
    assert (last, written) == (1, False)
    assert known == {str(command): ["", "{}"]}


def test_a_command_cannot_occur_twice_in_one_append(session: Session) -> None:
    twice = [uuid.uuid4()] * 2
    with refused("23505"):
        append(
            session,
            [(BOOKING, 1, PLAIN)],
            command_ids=twice,
            fingerprints=[b"", b""],
            answers=[b"{}", b"{}"],
            actors=["a", "a"],
            correlation_ids=["c", "c"],
            causation_ids=[None, None],
        )


@pytest.mark.parametrize(
    "arguments",
    [
        {"commands": [1]},
        {"commands": [-1]},
        {"commands": [None]},
        {"command_ids": []},
        {"versions": [1, 2]},
        {"tags": [None]},
        {"tags": []},
        {"payloads": [None]},
        {"payloads": [payload({"entry": BALANCED}), payload({"entry": BALANCED})]},
        {"streams": [FLIGHT], "payloads": [PLAIN, payload(moves(authorised=9))]},
        {"actors": [None]},
        {"answers": [None]},
        {"fingerprints": []},
    ],
)
def test_arrays_that_do_not_match_write_nothing(
    session: Session, arguments: dict[str, Any]
) -> None:
    with refused("AIS05", "23502"):
        append(session, [(BOOKING, 1, PLAIN)], **arguments)
    assert log_is_empty(session)


@pytest.mark.parametrize("streams", [None, []])
def test_an_append_without_events_writes_neither_mail_nor_keys(
    session: Session, streams: list[str] | None
) -> None:
    found = append(
        session,
        [],
        streams=streams,
        command_ids=[],
        topics=["mail"],
        bodies=["{}"],
        subjects=["sub_x"],
        wrapped_keys=[b"k"],
    )
    assert found[1] is False
    assert log_is_empty(session)
    assert value(session, "SELECT count(*) FROM vault.subject_key") == 0


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_an_append_on_an_old_snapshot_is_refused(session: Session, level: str) -> None:
    session.execute(f"BEGIN ISOLATION LEVEL {level}".encode())
    with refused("AIS04"):
        append(session, [(BOOKING, 1, PLAIN)])


def test_positions_have_no_gap_after_appends_that_were_rolled_back(session: Session) -> None:
    append(session, [(BOOKING, 1, PLAIN)])
    session.execute("BEGIN")
    append(session, [(BOOKING, 2, PLAIN), (BOOKING, 3, PLAIN)])
    session.execute("ROLLBACK")
    with refused("AIS02"):
        append(session, [(BOOKING, 2, PLAIN), (BOOKING, 3, payload({"entry": None}))])
    append(session, [(BOOKING, 2, PLAIN), ("booking-B", 1, PLAIN)])
    rows = session.execute("SELECT position FROM ledger.event ORDER BY position").fetchall()
    assert rows == [(1,), (2,), (3,)]


def test_recorded_times_never_decrease_even_when_the_clock_does(
    session: Session, owner: Session
) -> None:
    owner.execute(
        "INSERT INTO ledger.event (position, stream, version, tag, recorded_at, actor, "
        "command_id, correlation_id, payload) VALUES (1, 'booking-Z', 1, 't', "
        "'2099-01-01', 'a', gen_random_uuid(), 'c', '{}')"
    )
    append(session, [(BOOKING, 1, PLAIN)])
    append(session, [(BOOKING, 2, PLAIN)])
    ordered = "SELECT array_agg(recorded_at ORDER BY position) FROM ledger.event"
    moments = value(session, ordered)
    assert moments == sorted(moments)
    assert moments[-1].year == 2099


DECOYS = [
    "CREATE TEMP TABLE event (LIKE ledger.event)",
    "CREATE TEMP TABLE inserted (LIKE ledger.posting)",
    "CREATE TEMP TABLE posting (LIKE ledger.posting)",
    "CREATE TEMP TABLE unnest (a int)",
    "CREATE TEMP TABLE jsonb (a int)",
    "CREATE FUNCTION pg_temp.jsonb_array_elements(jsonb) RETURNS SETOF jsonb "
    "LANGUAGE sql AS 'SELECT NULL::jsonb WHERE false'",
    "CREATE FUNCTION pg_temp.sum(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint'",
    "CREATE FUNCTION pg_temp.starts_with(text, text) RETURNS boolean LANGUAGE sql "
    "AS 'SELECT false'",
    "CREATE FUNCTION pg_temp.current_setting(text) RETURNS text LANGUAGE sql "
    "AS $$SELECT 'read committed'$$",
    "CREATE OPERATOR pg_temp.<> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = int8eq)",
    "CREATE OPERATOR pg_temp.+ (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4mi)",
]


def test_temporary_decoys_do_not_reach_the_append(database: TestDatabase) -> None:
    with psycopg.connect(database.app_dsn, autocommit=True) as session:
        for decoy in DECOYS:
            session.execute(decoy.encode())
        session.execute("SET search_path = pg_temp, pg_catalog, ledger")
        with refused("AIS02"):
            append(session, [(BOOKING, 1, payload(UNPOSTED["unbalanced"]))])
        with_seats(session, authorised=1)
        with refused("AIS03"):
            append(session, [(FLIGHT, 2, payload(moves(authorised=0, held=2, sold=0)))])
        with refused("23505"):
            append(session, [(FLIGHT, 1, PLAIN)])
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        with refused("AIS04"):
            append(session, [(BOOKING, 1, PLAIN)])


def test_every_function_that_runs_as_the_owner_pins_its_search_path(owner: Session) -> None:
    rows = owner.execute(
        "SELECT p.oid::regprocedure::text, p.proconfig FROM pg_proc AS p "
        "JOIN pg_namespace AS n ON n.oid = p.pronamespace "
        "WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    assert rows
    for name, settings in rows:
        assert "search_path=pg_catalog, pg_temp" in (settings or ()), name


def test_one_notification_is_sent_for_one_append(database: TestDatabase) -> None:
    with (
        psycopg.connect(database.app_dsn, autocommit=True) as listener,
        psycopg.connect(database.app_dsn, autocommit=True) as writer,
    ):
        listener.execute(f"LISTEN {Channel.LOG}".encode())
        plain_append.append(writer, [(BOOKING, 1, PLAIN), (BOOKING, 2, PLAIN)])
        with refused("AIS05"):
            plain_append.append(writer, [(BOOKING, 9, PLAIN)])
        plain_append.append(writer, [(BOOKING, 3, PLAIN)])
        notices = [notice.payload for notice in listener.notifies(timeout=60, stop_after=2)]
    assert notices == ["2", "3"]
