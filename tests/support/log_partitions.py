"""Partitions of the log that are small enough for a test to fill several."""

from typing import Any

import psycopg

FIRST = 1
AHEAD = 10_000_001


def shrink(connection: psycopg.Connection[Any], positions: int) -> None:
    """Give an empty log partitions of so many positions each, as its owner in autocommit."""
    with connection.transaction():
        connection.execute(
            "CREATE OR REPLACE FUNCTION ledger.partition_positions() RETURNS bigint "
            "LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp "
            f"AS 'SELECT {positions}::bigint'".encode()
        )
        for table in ("event", "posting"):
            for number in (FIRST, AHEAD):
                connection.execute(
                    f"ALTER TABLE ledger.{table} DETACH PARTITION ledger.{table}_{number}".encode()
                )
            connection.execute(f"DROP TABLE ledger.{table}_{AHEAD}".encode())
            connection.execute(
                f"ALTER TABLE ledger.{table} ATTACH PARTITION ledger.{table}_{FIRST} "
                f"FOR VALUES FROM (1) TO ({positions + 1})".encode()
            )
        connection.execute("DELETE FROM ledger.log_partition WHERE first_position > 1")
        connection.execute("UPDATE ledger.log_partition SET last_position = %s", (positions,))
        connection.execute("SELECT ledger.prepare_partition()")


def names(connection: psycopg.Connection[Any], table: str) -> list[str]:
    """Return the partitions of `event` or `posting`, in the order of their positions."""
    rows = connection.execute(
        "SELECT c.relname FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid "
        "WHERE inhparent = %s::regclass",
        (f"ledger.{table}",),
    ).fetchall()
    return sorted((row[0] for row in rows), key=lambda name: int(name.split("_")[1]))
