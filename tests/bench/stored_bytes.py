"""What a journey writes: rows, tables, indexes and write-ahead log, in bytes."""

import time
from collections.abc import Mapping
from typing import Any

import msgspec
import psycopg

QUIET_SECONDS = 1.0
QUIET_LIMIT_SECONDS = 15.0
# What processes that have nothing to do write in a second: where they are, who leads.
IDLE_BYTES = 4_096
EVENTS, POSTINGS = "ledger.event", "ledger.posting"
# A partition counts as its table.
_TABLES = (
    "SELECT n.nspname || '.' || named.relname, sum(pg_table_size(c.oid)), "
    "sum(pg_indexes_size(c.oid)) "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_class named ON named.oid = coalesce(pg_partition_root(c.oid), c.oid) "
    "WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' "
    "GROUP BY 1"
)
_WAL = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"


class Stored(msgspec.Struct, frozen=True):
    """Bytes in the database: `tables` by name without their indexes, all indexes together, and
    the write-ahead log since the server was made."""

    wal: int
    indexes: int
    tables: dict[str, int]


def read(dsn: str) -> Stored:
    """Return what is stored now."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(_TABLES.encode()).fetchall()
        wal = _wal(connection)
    return Stored(
        wal=wal,
        indexes=sum(int(indexes) for _, _, indexes in rows),
        tables={str(name): int(size) for name, size, _ in rows},
    )


def await_quiet(dsn: str) -> None:
    """Wait until little was written for a second: letters and read models come after tickets."""
    end = time.monotonic() + QUIET_LIMIT_SECONDS
    with psycopg.connect(dsn, autocommit=True) as connection:
        while time.monotonic() < end:
            before = _wal(connection)
            time.sleep(QUIET_SECONDS)
            if _wal(connection) - before <= IDLE_BYTES:
                return


def _wal(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(_WAL.encode()).fetchone()
    assert row is not None
    return int(row[0])


def written(earlier: Stored, later: Stored, *, journeys: int) -> dict[str, float]:
    """Return the bytes of one journey between two readings, by kind."""
    grown = _grown(earlier.tables, later.tables)
    events, postings = grown.get(EVENTS, 0), grown.get(POSTINGS, 0)
    kinds = {
        "events": events,
        "postings": postings,
        "other tables": sum(grown.values()) - events - postings,
        "indexes": later.indexes - earlier.indexes,
        "WAL": later.wal - earlier.wal,
    }
    return {kind: round(size / max(1, journeys), 1) for kind, size in kinds.items()}


def _grown(earlier: Mapping[str, int], later: Mapping[str, int]) -> dict[str, int]:
    return {name: size - earlier.get(name, 0) for name, size in later.items()}
