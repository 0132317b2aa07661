"""Whether the standby that commits wait for is there, and how far each follower is behind.

What a login without rights of its own may see: names of standbys, and what the server keeps for the
slots of standbys and of the archive.
"""

from collections.abc import Mapping

import msgspec
from psycopg.rows import class_row

from infrastructure.postgres import condition
from infrastructure.postgres.pool import Pool, raising_unavailable

_QUERY = """
SELECT r.names AS required,
       r.names = '' OR EXISTS (
           SELECT FROM pg_stat_replication AS s
           WHERE s.application_name <> ''
           AND (r.names LIKE '%*%' OR strpos(lower(r.names), lower(s.application_name)) > 0)
       ) AS is_there,
       coalesce((
           SELECT json_object_agg(slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn))
           FROM pg_replication_slots WHERE slot_type = 'physical' AND restart_lsn IS NOT NULL
       )::text, '{}') AS slots
FROM (SELECT current_setting('synchronous_standby_names') AS names) AS r
"""


class Standby(msgspec.Struct, frozen=True):
    """`required` is synchronous_standby_names; empty, no commit waits for a standby.

    `slots` has as JSON how many bytes of the write-ahead log each slot's follower has not yet.
    """

    required: str
    is_there: bool
    slots: str

    @property
    def behind_bytes(self) -> Mapping[str, float]:
        """Return how many bytes each follower is behind, by the name of its slot."""
        return msgspec.json.decode(self.slots, type=dict[str, float])


async def standby_of(pool: Pool) -> Standby:
    """Return what the primary knows of its standby; raises Unavailable."""
    async with raising_unavailable(), pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(Standby))
        await cursor.execute(_QUERY.encode())
        found = await cursor.fetchone()
    assert found is not None
    return found


def read_standby(dsn: str) -> Standby:
    """Return it over a connection of its own; raises Unavailable with the reason."""
    with condition.connected(dsn) as connection:
        found = connection.cursor(row_factory=class_row(Standby)).execute(_QUERY).fetchone()
    assert found is not None
    return found
