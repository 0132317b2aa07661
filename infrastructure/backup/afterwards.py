"""What a restored log needs before it serves: the world outside is ahead of it.

Erasures are applied again. Ticket numbers that may be in travellers' hands are passed over.
Partners may have received events that the log no longer has: what is delivered from now on has
new ids, or they would take it for a repeat. Processes run again over the last day.
"""

import msgspec
import psycopg

from application.coordination import LogFollower
from infrastructure.backup import erasure_list, figures
from infrastructure.backup.erasure_list import ErasureList

# More than an airline sells between the last backup and a loss; the range has room for 89,000.
TICKETS_PASSED_OVER = 100_000
# What follows from an event is done within seconds, and after an outage within hours.
AGAIN = "1 day"

_TICKETS = """
SELECT setval('ledger.ticket_serial', last_value + %s) FROM ledger.ticket_serial
"""
_PARTNERS = """
UPDATE partner.subscription SET replays = replays + 1,
    delivered = least(delivered, %(head)s), examined = least(examined, %(head)s)
"""
_PROCESSES = """
UPDATE process.checkpoint SET moved_at = clock_timestamp(), position = least(position, (
    SELECT coalesce(max(e.position), 0) FROM ledger.event AS e
    WHERE e.recorded_at < (SELECT max(recorded_at) FROM ledger.event) - %(again)s::interval
))
WHERE name = ANY (%(names)s)
"""
_READ_MODELS = """
SELECT c.projection, c.position FROM projections.checkpoint AS c
JOIN projections.current_generation AS g USING (projection, generation)
WHERE c.position > %s ORDER BY c.projection
"""


class Settled(msgspec.Struct, frozen=True):
    """What was done: keys destroyed again, erasures begun again, read models to rebuild."""

    destroyed_keys: int
    erasures: int
    to_rebuild: list[str]


def settle(dsn: str, found: ErasureList | None) -> Settled:
    """Prepare a restored database for serving, in one transaction, as the owner of the schema.

    A repeat passes over more ticket numbers and has no other effect. Raises psycopg.Error.
    """
    with psycopg.connect(dsn) as connection:
        head = figures.head(connection)
        destroyed = 0 if found is None else erasure_list.apply(connection, found)
        connection.execute(_TICKETS, (TICKETS_PASSED_OVER,))
        connection.execute(_PARTNERS, {"head": head})
        connection.execute(_PROCESSES, {"again": AGAIN, "names": list(LogFollower)})
        ahead = connection.execute(_READ_MODELS, (head,)).fetchall()
    return Settled(
        destroyed_keys=destroyed,
        erasures=0 if found is None else len(found.erasures),
        to_rebuild=[name for name, _ in ahead],
    )
