"""The partitions of the log: which ranges of positions they have, and how many are free."""

from infrastructure.postgres.condition import connected

_FREE = """
SELECT count(*) FROM ledger.log_partition AS p
WHERE p.first_position > 1 + coalesce((SELECT max(e.position) FROM ledger.event AS e), 0)
"""


def read_free_partitions(dsn: str) -> int:
    """Return how many partitions are made and not begun; raises Unavailable."""
    with connected(dsn) as connection:
        row = connection.execute(_FREE).fetchone()
    assert row is not None
    return int(row[0])
