"""The log of an airline in memory as auditors read it."""

from collections.abc import Sequence

from application.audit.ports import LogFilter, LogPage, StoredLogEvent
from application.ports import RecordedEvent
from infrastructure.event_store import codec
from tests.support.memory_log import MemoryLog


class MemoryAuditedLog:
    """Implements AuditedLog, in pages of at most `page_size` events."""

    def __init__(self, log: MemoryLog, *, page_size: int = 3) -> None:
        self._log = log
        self._page_size = page_size

    async def head(self) -> int:
        """See AuditedLog."""
        return len(self._log.events)

    async def first(self) -> int:
        """See AuditedLog."""
        return 1

    async def find(self, chosen: LogFilter, *, after: int, until: int, limit: int) -> LogPage:
        """See AuditedLog; by tag and stream."""
        events = [
            each
            for each in self._log.events[after:until]
            if chosen.tag in {None, each.event.tag} and chosen.stream in {None, each.stream}
        ]
        shown = events[: min(limit, self._page_size)]
        more = len(shown) < len(events)
        return LogPage(_stored(shown), shown[-1].position if more else until, has_more=more)

    async def about_booking(
        self, booking_id: str, *, after: int, until: int, limit: int
    ) -> LogPage:
        """Only the stream of the booking."""
        return await self.find(LogFilter(stream=booking_id), after=after, until=until, limit=limit)


def _stored(events: Sequence[RecordedEvent]) -> list[StoredLogEvent]:
    return [
        StoredLogEvent(
            position=each.position,
            stream=each.stream,
            version=each.version,
            tag=each.event.tag,
            recorded_at=each.recorded_at,
            actor=each.actor,
            command_id=each.command_id,
            correlation_id=each.correlation_id,
            causation_id=each.causation_id,
            payload=codec.encode(each.event),
        )
        for each in events
    ]
