"""`ais check`: compares read models with the log they were made from."""

import psycopg

from infrastructure.postgres import primary
from interfaces.cli import running
from projections import checking, generations, progress
from projections.checking import DIFFERENCE_LIMIT
from projections.projection import ProjectionStopped
from projections.registry import ALL


def check(*, dsn: running.ProjectorDsn) -> int:
    """Print every difference between the read models and the log; exit code 1 if there is any.

    Runs beside live traffic, each read model in one snapshot. `dsn` names a login that is a
    member of ais_projector. Parked events count as differences, and so does a read model that
    could not be compared.
    """
    differing = sum(_check_one(dsn, name) for name in sorted(ALL)) + _show_lags(dsn)
    return 1 if differing else 0


def _check_one(dsn: str, name: str) -> int:
    try:
        found = checking.check(primary.newest_address(dsn), name)
    except (ProjectionStopped, psycopg.Error) as error:
        print(f"{name}: {type(error).__name__}: {error}")
        return 1
    more = " or more" if len(found) == DIFFERENCE_LIMIT else ""
    print(f"{name}: {len(found)}{more} differences")
    for difference in found:
        print(f"  {difference}")
    return len(found)


def _show_lags(dsn: str) -> int:
    """Print how far each read model is; returns how many events are parked."""
    try:
        with generations.connect(primary.newest_address(dsn)) as connection:
            lags = progress.read_progress(connection)
    except psycopg.Error as error:
        print(f"lag: {type(error).__name__}: {error}")
        return 1
    for lag in lags:
        print(f"{lag.projection}: {lag.behind} events behind, {lag.parked} parked")
    return sum(lag.parked for lag in lags)
