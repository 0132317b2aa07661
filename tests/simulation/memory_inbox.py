"""`EventInbox` and `StoredEvents` in memory: rows outlive a process, as in Postgres."""

import datetime as dt
from collections.abc import Collection, Sequence

import msgspec

from application import ports
from application.payment.event_retries import PATIENCE
from application.payment.process_event import FinishedEvent
from application.payment.receive_event import InboxEvent, Received
from application.payment.stripe_event_types import UNSUPPORTED
from domain.kernel.sealed import Sealed


class Row(msgspec.Struct):
    """An event, why it is in its state, when it is due, and since when it waits for Stripe."""

    event: InboxEvent
    reason: str | None = None
    due_at: dt.datetime | None = None
    waiting_since: dt.datetime | None = None


class MemoryInbox:
    """The rows by id."""

    def __init__(self, clock: ports.Clock) -> None:
        self.rows: dict[str, Row] = {}
        self._clock = clock
        # Those that are new: the others are never looked at again.
        self._new: dict[str, None] = {}

    def due(self) -> list[str]:
        """Ids to process now."""
        now = self._clock()
        rows = ((id, self.rows[id]) for id in self._new)
        return [id for id, row in rows if row.due_at is None or row.due_at <= now]

    def state(self, state: str) -> list[Row]:
        """The rows in a state."""
        return [row for row in self.rows.values() if row.event.state == state]

    async def store(
        self,
        event: InboxEvent,
        *,
        reason: str | None,
        body: Sealed,
        key: ports.WrappedKey,
        wait_seconds: float = 0.0,
    ) -> Received:
        """See the port."""
        assert body.subject == key.subject
        known = self.rows.get(event.id)
        if known is None:
            due_at = self._clock() + dt.timedelta(seconds=wait_seconds) if wait_seconds else None
            self._put(Row(event, reason, due_at))
            return "fresh"
        before = known.event
        unfinished = before.state == "new" and before.waits + before.tries > 0
        unusable = before.state == "ignored" and known.reason == UNSUPPORTED
        if event.state != "new" or not (before.state == "parked" or unfinished or unusable):
            return "duplicate"
        self._put(Row(msgspec.structs.replace(event, waits=before.waits)))
        return "resumed"

    async def record_done(self, event: ports.StripeEvent) -> bool:
        """See the port."""
        return self.done(event)

    def done(self, event: ports.StripeEvent) -> bool:
        """As the append does it: the event is done; whether it was not."""
        known = self.rows.get(event.id)
        if known is not None and known.event.state == "done":
            return False
        self._put(Row(InboxEvent(event.id, event.type, event.object, "done", 0)))
        return True

    async def read_all(self, event_ids: Collection[str]) -> Sequence[InboxEvent]:
        """See the port."""
        return [self.rows[id].event for id in event_ids if id in self.rows]

    async def finish_all(self, finished: Sequence[FinishedEvent]) -> None:
        """See the port."""
        for each in finished:
            row = self.rows[each.id]
            if row.event.state == "new":
                ended = msgspec.structs.replace(row.event, state=each.state)
                self._put(Row(ended, each.reason))

    async def postpone(self, event_id: str, *, reason: str, seconds: float) -> bool:
        """See the port."""
        row, now = self.rows[event_id], self._clock()
        since = row.waiting_since or now
        state = "parked" if since < now - PATIENCE else row.event.state
        later = msgspec.structs.replace(row.event, waits=row.event.waits + 1, state=state)
        self._put(Row(later, reason, now + dt.timedelta(seconds=seconds), since))
        return state == "parked"

    async def fail(self, event_id: str, *, reason: str, seconds: float, limit: int) -> bool:
        """See the port."""
        row = self.rows[event_id]
        tries = row.event.tries + 1
        state = "parked" if tries >= limit else row.event.state
        failed = msgspec.structs.replace(row.event, tries=tries, state=state)
        self._put(Row(failed, reason, self._clock() + dt.timedelta(seconds=seconds)))
        return state == "parked"

    def _put(self, row: Row) -> None:
        self.rows[row.event.id] = row
        if row.event.state == "new":
            self._new[row.event.id] = None
        else:
            self._new.pop(row.event.id, None)
