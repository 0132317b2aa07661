"""Before its traveller sets out, a demo that starts again finishes what an earlier run left."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import psycopg

CATCH_UP_SECONDS = 300.0
POLL_SECONDS = 0.2

_LEFT = """
SELECT (SELECT coalesce(max(position), 0) FROM ledger.event)
     - (SELECT coalesce(min(c.position), 0) FROM projections.checkpoint AS c
        JOIN projections.current_generation USING (projection, generation)),
       (SELECT count(*) FROM ledger.outbox WHERE sent_at IS NULL),
       (SELECT count(*) FROM inbox.stripe_event WHERE state = 'new' AND due_at IS NULL)
"""


class Left(NamedTuple):
    """What is not done: events behind the read models, unsent messages, events of Stripe."""

    events: int
    messages: int
    stripe_events: int

    def __str__(self) -> str:
        return (
            f"{self.events} events for the read models, {self.messages} messages, "
            f"{self.stripe_events} events of Stripe"
        )


def left(connection: psycopg.Connection[Any]) -> Left:
    """Return what is not done."""
    row = connection.execute(_LEFT).fetchone()
    assert row is not None
    return Left(*row)


def wait(owner_dsn: str, *, say: Callable[[str], None], seconds: float = CATCH_UP_SECONDS) -> None:
    """Wait until nothing is left, but not for ever, and say so where that takes time."""
    end = time.monotonic() + seconds
    said = False
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        while any(found := left(connection)):
            if not said:
                say(f"finishing what the last run left: {found}")
                said = True
            if time.monotonic() > end:
                say(f"still not finished: {found}; see the logs")
                return
            time.sleep(POLL_SECONDS)
