"""Generations of a read model: tables in a schema of their own, shown by views while current.

Readers use `read_model.<table>` only. The role ais_projector owns all of it.
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
    """Connect in autocommit as ais_projector; the login role must be a member of it.

    Commits do not wait for the disk: rows and checkpoint are lost together or not at all, and
    lost rows are made from the log again.
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
    """Return the name of the schema with the generation's tables."""
    return f"{name}_g{generation}"


def lock_key(lock: Lock, projection: Projection) -> tuple[int, int]:
    """Return both keys of the projection's advisory lock, the same in every process."""
    return lock, zlib.crc32(projection.name.encode()) - 2**31


def enter(cursor: Cursor, name: str, generation: int) -> None:
    """Make plain table names refer to the generation until the end of the transaction."""
    schema = sql.Identifier(schema_of(name, generation)).as_string(cursor)
    cursor.execute("SELECT set_config('search_path', %s, true)", (schema,))


def current(cursor: Cursor, name: str) -> int | None:
    """Return the generation that readers see; None if there is none."""
    row = cursor.execute(
        "SELECT generation FROM projections.current_generation WHERE projection = %s", (name,)
    ).fetchone()
    return None if row is None else int(row[0])


def create(cursor: Cursor, projection: Projection, generation: int) -> None:
    """Create empty tables and a checkpoint at 0; first drop the rest of an interrupted attempt."""
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
    """Make this the generation that readers see, in the caller's transaction."""
    schema = schema_of(name, generation)
    tables = _tables(cursor, schema)
    # Drop views of tables that this release no longer has: they would keep the old schema in use.
    previous = current(cursor, name)
    shown = _tables(cursor, schema_of(name, previous)) if previous is not None else []
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
    """Remove a generation that no reader sees, with its checkpoint and parked events."""
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
    """Return the current generation; make an empty one if there is none. Safe to call twice."""
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
