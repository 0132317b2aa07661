"""Sums the balances again from the beginning of the log: the proof that the books are its sum.

Only events with an entry are read, entries that do not balance are refused, sums are made in
memory and written once, and the trial balance is read from what was written.
"""

import time
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from contextlib import closing

import msgspec

from application.commands import stream_kinds
from domain.kernel import entries
from projections import generations, reading
from projections.ledger_journal import queries
from projections.ledger_journal.projector import (
    BALANCE,
    BOOKING_BALANCE,
    Balances,
    is_money_event,
)
from projections.projection import Connection, Cursor, UnknownTag

STRETCH = 250_000
STATEMENT_TIMEOUT_MS = 600_000

MONEY_TAGS = frozenset(
    tag for tag, kind in stream_kinds.EVENT_TYPES.items() if is_money_event(kind)
)

_TABLES = f"""
CREATE TEMPORARY TABLE {BALANCE} (account text, currency text, amount bigint) ON COMMIT DROP;
CREATE TEMPORARY TABLE {BOOKING_BALANCE}
    (account text, booking text, currency text, amount bigint) ON COMMIT DROP
"""
_EVENTS = (
    "COPY (SELECT tag, payload FROM ledger.event "
    "WHERE position > %s AND position <= %s AND tag <> ALL (%s)) TO STDOUT (FORMAT binary)"
)


class _Money(msgspec.Struct):
    """The entry of an event that can have one; other fields are skipped."""

    entry: entries.Entry | None = None


class Replayed(msgspec.Struct, frozen=True):
    """The log up to `position` in `seconds`; `trial_balance` in its canonical bytes."""

    position: int
    money_events: int
    seconds: float
    trial_balance: bytes


def replay(dsn: str, progress: Callable[[int, int], None]) -> Replayed:
    """Sum the whole log; `progress` is called with the position reached and the last one.

    Raises UnknownTag, msgspec.ValidationError (caused by UnbalancedEntry when an entry does not
    balance), psycopg.Error. Changes nothing that other sessions can see.
    """
    began = time.perf_counter()
    with (
        generations.connect(dsn) as connection,
        connection.transaction(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        allow_time(cursor)
        head = reading.read_head(cursor)
        balances = Balances()
        count = 0
        for after in range(0, head, STRETCH):
            upto = min(after + STRETCH, head)
            # Closed at once when an event is refused: the rollback would wait for the copy.
            with closing(payloads(cursor, after, upto, reading.unwanted(MONEY_TAGS))) as events:
                count += add_entries(balances, events)
            progress(upto, head)
        _write(cursor, balances)
        text = _trial_balance(cursor, "pg_temp")
    return Replayed(head, count, time.perf_counter() - began, text)


def live_trial_balance(connection: Connection) -> bytes:
    """Return the trial balance that readers see, in its canonical bytes."""
    with connection.cursor() as cursor:
        return _trial_balance(cursor, generations.READ_SCHEMA)


def differences(replayed: bytes, live: bytes) -> list[str]:
    """Return in words where the live trial balance differs from the replayed one."""
    read = msgspec.json.Decoder(list[queries.TrialBalanceRow]).decode
    want = {(row.account, row.currency): row.amount for row in read(replayed)}
    have = {(row.account, row.currency): row.amount for row in read(live)}
    return [
        f"account {account} holds {have.get((account, currency))} {currency}, "
        f"its entries sum to {want.get((account, currency))}"
        for account, currency in sorted(want.keys() | have.keys())
        if want.get((account, currency)) != have.get((account, currency))
    ]


def allow_time(cursor: Cursor) -> None:
    """Let the statements of this transaction take as long as a long log needs."""
    cursor.execute(
        "SELECT set_config('statement_timeout', %s, true)", (f"{STATEMENT_TIMEOUT_MS}ms",)
    )


def payloads(
    cursor: Cursor, after: int, upto: int, without: Collection[str]
) -> Generator[tuple[str, bytes], None, None]:
    """Yield tag and payload of the events of other tags, in a range of the log."""
    with cursor.copy(_EVENTS, (after, upto, list(without))) as copy:
        copy.set_types(["text", "bytea"])
        yield from copy.rows()


def add_entries(balances: Balances, events: Iterable[tuple[str, bytes]]) -> int:
    """Add the entries of events; returns how many. Raises UnknownTag, msgspec.ValidationError."""
    decode = msgspec.json.Decoder(_Money).decode
    count = 0
    for tag, payload in events:
        if tag not in MONEY_TAGS:
            raise UnknownTag(tag)
        entry = decode(payload).entry
        if entry is not None:
            balances.add(entry.postings)
            count += 1
    return count


def _write(cursor: Cursor, balances: Balances) -> None:
    cursor.execute(_TABLES.encode())
    _copy_in(cursor, BALANCE, ("text", "text", "int8"), balances.by_account())
    _copy_in(cursor, BOOKING_BALANCE, ("text", "text", "text", "int8"), balances.by_booking())


def _copy_in(
    cursor: Cursor, table: str, types: Sequence[str], rows: Sequence[msgspec.Struct]
) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)".encode()) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(msgspec.structs.astuple(row))


def _trial_balance(cursor: Cursor, schema: str) -> bytes:
    cursor.execute(
        f"SELECT account, currency, amount FROM {schema}.{BALANCE}".encode()  # noqa: S608
    )
    return queries.canonical(queries.TrialBalanceRow(*row) for row in cursor.fetchall())
