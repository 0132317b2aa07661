"""Loads and writes many rows in one statement: structs are sent and received as one JSON text.

Column names are field names. One JSON parameter costs a tenth of one list per column.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec
from psycopg import sql
from psycopg.rows import class_row

from projections.projection import Cursor

FETCH_SIZE = 5_000

Row = TypeVar("Row", bound=msgspec.Struct)

_encode = msgspec.json.Encoder().encode


def load(cursor: Cursor, table: str, key: str, keys: Iterable[str], row: type[Row]) -> list[Row]:
    """Return the rows of the table whose text column `key` is among the keys, in no order."""
    query = sql.SQL(
        "SELECT coalesce(json_agg(t), '[]')::text FROM {} AS t WHERE {} = ANY (%s)"
    ).format(sql.Identifier(table), sql.Identifier(key))
    found = cursor.execute(query, (list(keys),)).fetchone()
    assert found is not None
    return msgspec.json.decode(found[0], type=list[row])  # type: ignore[valid-type]  # a value


def load_all(cursor: Cursor, table: str, row: type[Row]) -> Iterator[Row]:
    """Yield every row of the table, one after the other."""
    with cursor.connection.cursor(name="rows", row_factory=class_row(row)) as rows:
        columns = sql.SQL(", ").join(map(sql.Identifier, row.__struct_fields__))
        query = sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier(table))
        rows.itersize = FETCH_SIZE
        yield from rows.execute(query)


def insert(cursor: Cursor, table: str, rows: Sequence[msgspec.Struct]) -> int:
    """Insert the rows; returns how many."""
    return _insert(cursor, table, rows, sql.SQL(""))


def upsert(
    cursor: Cursor,
    table: str,
    keys: Sequence[str],
    rows: Sequence[msgspec.Struct],
    *,
    kept: Sequence[str] = (),
) -> int:
    """Insert the rows, or replace those with the same key columns, all but their `kept` columns."""
    if not rows:
        return 0
    clause = sql.SQL("ON CONFLICT ({}) DO UPDATE SET {}").format(
        sql.SQL(", ").join(map(sql.Identifier, keys)),
        sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(field))
            for field in rows[0].__struct_fields__
            if field not in keys and field not in kept
        ),
    )
    return _insert(cursor, table, rows, clause)


def add(
    cursor: Cursor, table: str, keys: Sequence[str], column: str, rows: Sequence[msgspec.Struct]
) -> int:
    """Insert the rows, or add their number in `column` to that of the row with the same key."""
    clause = sql.SQL("ON CONFLICT ({keys}) DO UPDATE SET {column} = t.{column} + excluded.{column}")
    return _insert(
        cursor,
        table,
        rows,
        clause.format(
            keys=sql.SQL(", ").join(map(sql.Identifier, keys)), column=sql.Identifier(column)
        ),
    )


def delete(cursor: Cursor, table: str, key: str, keys: Sequence[str]) -> int:
    """Delete the rows whose text column `key` is among the keys; returns how many."""
    if not keys:
        return 0
    query = sql.SQL("DELETE FROM {} WHERE {} = ANY (%s)").format(
        sql.Identifier(table), sql.Identifier(key)
    )
    cursor.execute(query, (list(keys),))
    return cursor.rowcount


def _insert(
    cursor: Cursor, table: str, rows: Sequence[msgspec.Struct], clause: sql.SQL | sql.Composed
) -> int:
    if not rows:
        return 0
    columns = sql.SQL(", ").join(map(sql.Identifier, rows[0].__struct_fields__))
    query = sql.SQL(
        "INSERT INTO {table} AS t ({columns}) "
        "SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s::text::json) {clause}"
    ).format(table=sql.Identifier(table), columns=columns, clause=clause)
    cursor.execute(query, (_encode(rows).decode(),))
    return cursor.rowcount
