"""The `eventsourcing` library's subscription to our log: new events in order, without gaps.

It listens before it first reads, so that no append falls between the two, and it reads the log
every few seconds even without an announcement. Positions have no gaps and commit in order: what
was read up to the newest position is not read again, whatever the topics.
"""

import threading
from collections.abc import Generator, Sequence
from typing import Any

from eventsourcing.persistence import Notification, Subscription
from eventsourcing.postgres import PostgresApplicationRecorder
from psycopg import sql

from infrastructure.event_store import stored_events
from infrastructure.event_store.datastore import Connection

# Positions per query: a rare topic in a long log must not make one statement run for long.
WINDOW = 1_000
# How long a subscription may take to notice that it was stopped.
PATIENCE_SECONDS = 0.2
# How often the log is read although no append was announced.
SILENCE_SECONDS = 5.0


class FollowerAhead(Exception):
    """The follower has processed more events than the log has: the ledger was restored.

    What it derived from the events that are gone is wrong: rebuild it from the start.
    """


class LedgerSubscription(Subscription[PostgresApplicationRecorder]):
    """Uses one connection from the first event requested until it is stopped.

    Raises the library's OperationalError when the connection breaks; the next subscription
    continues from the last event that was processed. Raises FollowerAhead where the log ends
    before that event.
    """

    def __init__(
        self,
        recorder: PostgresApplicationRecorder,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        super().__init__(recorder, gt=gt, topics=topics)
        self._reading = threading.Lock()
        self._stopped = threading.Event()
        self._found = self._follow(gt or 0)

    def __next__(self) -> Notification:
        with self._reading:
            if self._stopped.is_set():
                raise StopIteration
            return next(self._found)

    def stop(self) -> None:
        """End the iteration soon; may be called from any thread."""
        super().stop()
        self._stopped.set()

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        super().__exit__(*args, **kwargs)
        with self._reading:
            self._found.close()

    def _follow(self, position: int) -> Generator[Notification, None, None]:
        """Yield the events after the position until stopped."""
        with self._recorder.datastore.get_connection() as connection:
            try:
                channel = sql.Identifier(self._recorder.channel_name)
                connection.execute(sql.SQL("LISTEN {}").format(channel))
                if position > (stored_events.select_head(connection) or 0):
                    raise FollowerAhead(position)
                while not self._stopped.is_set():
                    head = stored_events.select_head(connection) or 0
                    while position < head and not self._stopped.is_set():
                        last = min(position + WINDOW, head)
                        yield from stored_events.select_log(
                            connection,
                            first=position + 1,
                            last=last,
                            topics=self._topics,
                            limit=WINDOW,
                        )
                        position = last
                    self._await_append(connection)
            finally:
                if not connection.closed:
                    connection.execute("UNLISTEN *")

    def _await_append(self, connection: Connection) -> None:
        """Return after an announced append, after a stop, or after SILENCE_SECONDS."""
        for _ in range(round(SILENCE_SECONDS / PATIENCE_SECONDS)):
            if self._stopped.is_set():
                return
            if list(connection.notifies(timeout=PATIENCE_SECONDS, stop_after=1)):
                return
