"""Comparing read models with the log they were made from."""

from interfaces.cli import running
from projections import checking, generations, progress
from projections.checking import DIFFERENCE_LIMIT


def check(*, dsn: running.ProjectorDsn) -> int:
    """Print every difference between the read models and the log; exit code 1 if there is any.

    Runs beside live traffic, each read model in one snapshot. `dsn` names a login that is a
    member of ais_projector. Parked events count as differences.
    """
    differing = 0
    for name, found in checking.check_all(dsn).items():
        differing += len(found)
        more = " or more" if len(found) == DIFFERENCE_LIMIT else ""
        print(f"{name}: {len(found)}{more} differences")
        for difference in found:
            print(f"  {difference}")
    with generations.connect(dsn) as connection:
        for lag in progress.read_lags(connection):
            differing += lag.parked
            print(f"{lag.projection}: {lag.behind} events behind, {lag.parked} parked")
    return 1 if differing else 0
