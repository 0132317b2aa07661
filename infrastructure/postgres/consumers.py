"""Refuses to follow a log that is shorter than what was done over it already.

That is another log, or one restored from an older backup beside newer consumers. To go on would
leave out every event up to the old position.
"""

import psycopg

from application.coordination import LogFollower

_AHEAD = """
WITH head AS (SELECT coalesce(max(position), 0) AS position FROM ledger.event)
SELECT c.name, c.position, head.position FROM process.checkpoint AS c, head
WHERE c.name = ANY (%s) AND c.position > head.position
UNION ALL
SELECT 'deliveries to ' || s.id, s.examined, head.position FROM partner.subscription AS s, head
WHERE s.examined > head.position
ORDER BY 1
"""


class ConsumersAhead(Exception):
    """Consumers are ahead of the log; the message names them and the command that mends it."""


async def require_none_ahead(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    """Raise ConsumersAhead where a process or the deliveries to a partner are ahead of the log."""
    cursor = await connection.execute(_AHEAD, (list(LogFollower),))
    found = await cursor.fetchall()
    if found:
        named = ", ".join(f"{name} at {position}" for name, position, _ in found)
        raise ConsumersAhead(
            f"the log ends at {found[0][2]}, but ahead of it are {named}: another log, or one "
            "restored from an older backup; `ais restore consumers` sets them back"
        )
