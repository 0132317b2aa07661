"""The partition that the log goes on in once the one in use is full."""

from application.ports import Unavailable
from infrastructure.postgres import log_partitions
from interfaces.doctor.finding import Finding, failed, ok, warning

CHECK = "partitions"


def partition_finding(dsn: str) -> Finding:
    """Return whether the next partition of the log is made; nothing is sold without it."""
    try:
        return free_finding(log_partitions.read_free_partitions(dsn))
    except Unavailable as error:
        return failed(CHECK, str(error), "ops/runbooks/database-slow.md")


def free_finding(free: int) -> Finding:
    """Appends make it ten times in each partition; missing, something holds a lock on the log."""
    if free == 0:
        advice = "ops/ais migrate; then, as the owner: SELECT ledger.prepare_partition()"
        return warning(CHECK, "the next partition of the log is not made", advice)
    return ok(CHECK, f"{free} free behind the one in use")
