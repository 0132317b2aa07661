"""`application.stream_history.StreamHistory` on the library's application, which is synchronous.

Rule: one thread per connection, a bounded queue of reads, and no exception of the library
reaches the caller.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from eventsourcing.domain import EventSourcingError
from eventsourcing.persistence import InterfaceError, OperationalError

from application.commands.stream_kinds import StreamKind
from application.ports import RecordedEvent, StreamArchived, Unavailable
from infrastructure.event_store import ledger_application
from infrastructure.event_store.ledger_application import LedgerApplication
from infrastructure.event_store.stored_events import EventsArchived

State = TypeVar("State")
Result = TypeVar("Result")

THREADS = 2
QUEUE_LIMIT = 256
# The server cancels a statement earlier: longer silence means that server or network is down.
REPLY_SECONDS = 10.0


class UnreadableStream(Exception):
    """The log contains an event that this release cannot read; the text names stream and tag."""


class PostgresStreamHistory:
    """Used from one event loop; it connects at the first read."""

    def __init__(self, dsn: str) -> None:
        self._ledger = LedgerApplication(
            {ledger_application.DATABASE_URL: dsn, ledger_application.POOL_SIZE: str(THREADS)}
        )
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="stream-history")
        self._queued = 0

    async def as_of(self, kind: StreamKind[State], stream: str, version: int) -> State | None:
        """See the port."""
        return await self._run(lambda: self._ledger.as_of(kind, stream, version))

    async def events_of(self, stream: str) -> list[RecordedEvent]:
        """See the port."""
        return await self._run(lambda: self._ledger.events_of(stream))

    async def close(self) -> None:
        """Finish the reads that have begun, then close the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._ledger.close)

    async def _run(self, read: Callable[[], Result]) -> Result:
        """Read in a thread; raises Unavailable, StreamArchived or UnreadableStream."""
        if self._queued >= QUEUE_LIMIT:
            raise Unavailable("stream history")
        thread: list[int] = []

        def work() -> Result:
            thread.append(threading.get_ident())
            return read()

        self._queued += 1
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError as error:
            for identity in thread:
                self._ledger.cut(identity)
            raise Unavailable("database") from error
        except (OperationalError, InterfaceError) as error:
            raise Unavailable("database") from error
        except EventsArchived as error:
            raise StreamArchived(error.stream) from error
        except EventSourcingError as error:
            raise UnreadableStream(str(error)) from error
        finally:
            self._queued -= 1
