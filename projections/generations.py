"""Generations of a read model: tables in a schema of their own, shown by views while current.

Readers name `read_model.<table>` only. All of it belongs to the role ais_projector.
"""

import zlib

import psycopg
from psycopg import sql

from application.coordination import Lock
from projections.projection import Connection, Cursor, Projection

ROLE = "ais_projector"
READER_ROLE = "ais_application"
READ_SCHEMA = "read_model"
CONNECT_TIMEOUT_SECONDS = 3
STATEMENT_TIMEOUT_MS = 60_000


def connect(dsn: str) -> Connection:
    """A connection in autocommit as ais_projector, which the login role must be a member of.

    Commits do not wait for the disk: rows and checkpoint are lost together or not at all, and
    what is lost is read from the log again.
    """
    connection = psycopg.connect(
        dsn,
        autocommit=True,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        application_name="ais projector",
        options=f"-c timezone=UTC -c synchronous_commit=off "
        f"-c statement_timeout={STATEMENT_TIMEOUT_MS}",
    )
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(ROLE)))
    return connection


def schema_of(name: str, generation: int) -> str:
    """Name of the schema that holds the generation's tables."""
    return f"{name}_g{generation}"


def lock_key(lock: Lock, projection: Projection) -> tuple[int, int]:
    """Return both keys of the projection's advisory lock, the same in every process."""
    return lock, zlib.crc32(projection.name.encode()) - 2**31


def enter(cursor: Cursor, name: str, generation: int) -> None:
    """Until the end of the transaction, plain table names mean those of the generation."""
    schema = sql.Identifier(schema_of(name, generation)).as_string(cursor)
    cursor.execute("SELECT set_config('search_path', %s, true)", (schema,))


def current(cursor: Cursor, name: str) -> int | None:
    """The generation that readers see."""
    row = cursor.execute(
        "SELECT generation FROM projections.current_generation WHERE projection = %s", (name,)
    ).fetchone()
    return None if row is None else int(row[0])


def create(cursor: Cursor, projection: Projection, generation: int) -> None:
    """Empty tables and a checkpoint at 0; what an interrupted attempt left is dropped first."""
    drop(cursor, projection.name, generation)
    schema = schema_of(projection.name, generation)
    cursor.execute("SELECT projections.make_generation_schema(%s)", (schema,))
    enter(cursor, projection.name, generation)
    cursor.execute(projection.table_sql().encode())
    cursor.execute(
        "INSERT INTO projections.checkpoint (projection, generation, position) VALUES (%s, %s, 0)",
        (projection.name, generation),
    )


def show(cursor: Cursor, name: str, generation: int) -> None:
    """Make the generation the one that readers see; in one transaction with its caller."""
    schema = schema_of(name, generation)
    tables = _tables(cursor, schema)
    # A table that this release no longer has goes too: its view would hold on to the old schema.
    former = current(cursor, name)
    shown = _tables(cursor, schema_of(name, former)) if former is not None else []
    for table in sorted({*shown, *tables}):
        view = sql.Identifier(READ_SCHEMA, table)
        cursor.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(view))
    for table in tables:
        view = sql.Identifier(READ_SCHEMA, table)
        cursor.execute(
            sql.SQL("CREATE VIEW {} AS SELECT * FROM {}").format(
                view, sql.Identifier(schema, table)
            )
        )
        cursor.execute(
            sql.SQL("GRANT SELECT ON {} TO {}").format(view, sql.Identifier(READER_ROLE))
        )
    cursor.execute(
        "INSERT INTO projections.current_generation (projection, generation) VALUES (%s, %s) "
        "ON CONFLICT (projection) DO UPDATE SET generation = excluded.generation",
        (name, generation),
    )


def drop(cursor: Cursor, name: str, generation: int) -> None:
    """Remove a generation that no reader sees, and what is noted about it."""
    schema = schema_of(name, generation)
    cursor.execute("SELECT projections.drop_generation_schema(%s)", (schema,))
    place = (name, generation)
    cursor.execute(
        "DELETE FROM projections.checkpoint WHERE projection = %s AND generation = %s", place
    )
    cursor.execute(
        "DELETE FROM projections.parked_event WHERE projection = %s AND generation = %s", place
    )


def prepare(connection: Connection, projection: Projection) -> int:
    """The current generation, made empty if there is none yet; safe to call from anywhere."""
    with connection.cursor() as cursor:
        existing = current(cursor, projection.name)
    if existing is not None:
        return existing
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", lock_key(Lock.PROJECTION_REBUILD, projection)
        )
        generation = current(cursor, projection.name)
        if generation is None:
            generation = 1
            create(cursor, projection, generation)
            show(cursor, projection.name, generation)
        return generation


def _tables(cursor: Cursor, schema: str) -> list[str]:
    cursor.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename", (schema,)
    )
    return [row[0] for row in cursor.fetchall()]
