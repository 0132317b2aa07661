"""`ais check`: compares read models with the log they were made from, and the log with itself."""

import psycopg

from interfaces.cli import running, whole_log
from projections import checking, document_numbers, progress
from projections.checking import DIFFERENCE_LIMIT
from projections.projection import Connection, ProjectionStopped
from projections.reading import LogTables
from projections.registry import ALL


def check(*, dsn: running.ProjectorDsn, archives: whole_log.Archives = None) -> int:
    """Print every difference between the read models and the log; exit code 1 if there is any.

    Runs beside live traffic, each read model in one snapshot. `dsn` names a login that is a
    member of ais_projector. Parked events count as differences, and so does a read model that
    could not be compared, and a number of a ticket that was given out twice.
    """
    try:
        with whole_log.opened(dsn, archives) as (connection, tables):
            differing = sum(_check_one(connection, tables, name) for name in sorted(ALL))
            differing += _check_numbers(connection, tables)
            differing += _show_lags(connection)
    except whole_log.ERRORS as error:
        print(f"ais check: {type(error).__name__}: {error}")
        return 1
    return 1 if differing else 0


def _check_one(connection: Connection, tables: LogTables, name: str) -> int:
    try:
        found = checking.check_in(connection, name, tables)
    except (ProjectionStopped, psycopg.Error) as error:
        print(f"{name}: {type(error).__name__}: {error}")
        return 1
    more = " or more" if len(found) == DIFFERENCE_LIMIT else ""
    print(f"{name}: {len(found)}{more} differences")
    for difference in found:
        print(f"  {difference}")
    return len(found)


def _check_numbers(connection: Connection, tables: LogTables) -> int:
    found = 0
    try:
        for repeated in document_numbers.given_twice(connection, tables):
            print(f"  {repeated}")
            found += 1
    except (ProjectionStopped, psycopg.Error) as error:
        print(f"document numbers: {type(error).__name__}: {error}")
        return 1
    print(f"document numbers: {found} given out twice")
    return found


def _show_lags(connection: Connection) -> int:
    """Print how far each read model is; returns how many events are parked."""
    try:
        lags = progress.read_progress(connection)
    except psycopg.Error as error:
        print(f"lag: {type(error).__name__}: {error}")
        return 1
    for lag in lags:
        print(f"{lag.projection}: {lag.behind} events behind, {lag.parked} parked")
    return sum(lag.parked for lag in lags)
