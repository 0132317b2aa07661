"""The standby that reads may go to: it is one, of this database, and near the end of the log."""

from application.ports import Unavailable
from infrastructure.postgres import condition
from infrastructure.postgres.condition import ReplicaServer
from interfaces.doctor.finding import Finding, failed, ok, warning
from interfaces.settings import Settings

CHECK = "replica"
ADVICE = "ops/runbooks/replica-lag.md"


def replica_finding(settings: Settings) -> Finding:
    """Return what is found of the replica; without it everything is read from the primary."""
    dsn = settings.replica_database_url
    if dsn is None:
        return ok(CHECK, "AIS_REPLICA_DATABASE_URL is not set: all is read from the primary")
    try:
        found = condition.read_replica_server(dsn)
        cluster, database, lag_seconds = condition.read_lag(settings.database_url, found.head)
    except Unavailable as error:
        return warning(CHECK, f"{error}; all is read from the primary", f"start it; {ADVICE}")
    return standby_finding(
        found, (cluster, database), lag_seconds, settings.replica_max_lag_seconds
    )


def standby_finding(
    found: ReplicaServer, place: tuple[int, str], lag_seconds: float, max_lag_seconds: float
) -> Finding:
    """Compare a standby with the cluster, the database and the end of the log of the primary."""
    cluster, database = place
    advice = "make AIS_REPLICA_DATABASE_URL a standby of AIS_DATABASE_URL"
    if found.cluster != cluster:
        return failed(CHECK, "it is a server of another cluster and is not used", advice)
    if found.database != database:
        # It could be the database of another carrier.
        return failed(CHECK, "it is another database of the cluster and is not used", advice)
    if not found.is_standby:
        detail = "it accepts writes, so it is no standby and is not used"
        return failed(CHECK, detail, f"name a standby in AIS_REPLICA_DATABASE_URL; {ADVICE}")
    if found.may_more:
        advice = "make AIS_REPLICA_DATABASE_URL a login that is a member of ais_reader only"
        return warning(CHECK, f"{found.login} may read more than read models and the log", advice)
    if lag_seconds > max_lag_seconds:
        return warning(CHECK, f"it lags {lag_seconds:.0f} s and is not used", ADVICE)
    return ok(CHECK, f"{found.login} reads a standby that lags {lag_seconds:.1f} s")
