"""One session that reads the whole log: the database, and archives of what it has no longer."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import psycopg
from cyclopts import Parameter

from infrastructure.archive import stretches
from infrastructure.archive.manifest import ArchiveRefused
from infrastructure.parquet.row_file import ParquetMissing
from infrastructure.postgres import primary
from projections import archived_events, generations, reading
from projections.projection import Connection, ProjectionStopped
from projections.reading import LogTables

Archives = Annotated[
    Path | None,
    Parameter(
        help="A folder of `ais archive write`: it has the positions that were detached from the "
        "database. They are copied into temporary tables of the server for the time being."
    ),
]

# Why a log cannot be read as a whole.
ERRORS = (ArchiveRefused, ParquetMissing, ProjectionStopped, psycopg.Error, OSError)


@contextmanager
def opened(dsn: str, archives: Path | None) -> Iterator[tuple[Connection, LogTables]]:
    """Connect as ais_projector; progress of the copy goes to standard error. Raises ERRORS."""
    with generations.connect(primary.newest_address(dsn)) as connection:
        tables = reading.LIVE
        if archives is not None:
            found = stretches.of(archives, connection)
            tables = archived_events.copy(connection, found, _progress)
        yield connection, tables


def _progress(done: int, last: int) -> None:
    print(f"copied {done} of {last} events from archives", file=sys.stderr)
