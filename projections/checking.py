"""Compares read models with the log they were made from, at one instant, beside live traffic.

A checker uses the domain's own fold, not the projector's: both must be wrong in the same way for
a difference to stay hidden. Parked streams are left out and reported.
"""

import itertools

from projections import generations, reading
from projections.projection import Connection, Projection
from projections.reading import LogTables
from projections.registry import ALL, CHECKERS

DIFFERENCE_LIMIT = 100


def check(dsn: str, name: str) -> list[str]:
    """Return at most DIFFERENCE_LIMIT differences of the current generation.

    Raises LogIncomplete where the database has no longer all events.
    """
    with generations.connect(dsn) as connection:
        return check_in(connection, name, reading.LIVE)


def check_in(connection: Connection, name: str, tables: LogTables) -> list[str]:
    """Return the differences as `check` does, from the log as this session reads it."""
    generation = generations.prepare(connection, ALL[name])
    return check_generation(connection, ALL[name], generation, tables)


def check_all(dsn: str) -> dict[str, list[str]]:
    """Return the differences by name of read model."""
    return {name: check(dsn, name) for name in sorted(ALL)}


def check_generation(
    connection: Connection, projection: Projection, generation: int, tables: LogTables
) -> list[str]:
    """Return how a generation differs from the log up to its checkpoint, in one snapshot."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        reading.require_whole(cursor, tables)
        generations.enter(cursor, projection.name, generation)
        place = (projection.name, generation)
        row = cursor.execute(
            "SELECT position FROM projections.checkpoint WHERE projection = %s AND generation = %s",
            place,
        ).fetchone()
        assert row is not None, "a generation is made together with its checkpoint"
        parked = cursor.execute(
            "SELECT DISTINCT stream FROM projections.parked_event "
            "WHERE projection = %s AND generation = %s",
            place,
        ).fetchall()
        log = reading.Log(
            tags=projection.tags,
            upto=row[0],
            head=reading.read_head(cursor),
            parked=frozenset(stream for (stream,) in parked),
            tables=tables,
        )
        found = CHECKERS[projection.name](cursor, log)
        return list(itertools.islice(found, DIFFERENCE_LIMIT))
