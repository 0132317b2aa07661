"""Stripe events as received: stored once by their id, sealed, then processed by state.

The row is the truth about an event; the queue only carries its id and may lose it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from application import ports
from application.coordination import Channel
from application.payment.event_retries import PATIENCE
from application.payment.process_event import FinishedEvent
from application.payment.receive_event import InboxEvent, Received
from application.payment.replay_event import ParkedEvent
from application.payment.stripe_event_types import UNSUPPORTED
from application.together import Together
from domain.kernel.sealed import Sealed
from infrastructure.postgres.pool import Pool, raising_unavailable

# In the order of the ids, so that two processes with the same events wait for each other in turn.
_INSERT = """
WITH given AS (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                         %s::bytea[], %s::bytea[], %s::text[], %s::text[], %s::float8[])
        AS each (id, type, object, state, reason, subject, box, wrapped, awaited_payment,
                 awaited_intent, wait_seconds)
), fresh AS (
    INSERT INTO inbox.stripe_event
        (id, type, object, state, reason, subject, sealed_body, awaited_payment, awaited_intent,
         due_at)
    SELECT id, type, object, state, reason, subject, box, awaited_payment, awaited_intent,
           clock_timestamp() + make_interval(secs => nullif(wait_seconds, 0.0))
    FROM given ORDER BY id
    ON CONFLICT (id) DO NOTHING RETURNING subject
), key AS (
    INSERT INTO vault.subject_key (subject, wrapped)
    SELECT subject, wrapped FROM fresh JOIN given USING (subject)
)
SELECT subject, CASE WHEN state = 'new' AND wait_seconds = 0.0
                THEN pg_notify(%s, id)::text END FROM fresh JOIN given USING (subject)
"""
STORES_AT_ONCE = 2
# Sent again by Stripe: an unfinished event is tried at once, a parked one from the beginning.
# A rendering that could not be used gives way to one that can: only its type and object count.
_RESUME = """
WITH resumed AS (
    UPDATE inbox.stripe_event
    SET type = %(type)s, object = %(object)s, state = 'new', reason = NULL, tries = 0,
        due_at = NULL, waiting_since = NULL, enqueued_at = NULL, finished_at = NULL
    WHERE id = %(id)s AND %(state)s = 'new'
      AND (state = 'parked' OR (state = 'new' AND waits + tries > 0)
           OR (state = 'ignored' AND reason = %(unsupported)s))
    RETURNING id
)
SELECT pg_notify(%(channel)s, id) FROM resumed
"""
_RECORD_DONE = "SELECT inbox.record_done(%s, %s, %s, %s, %s, %s)"
_REPLAY = """
WITH replayed AS (
    UPDATE inbox.stripe_event
    SET state = 'new', tries = 0, waits = 0, due_at = NULL, waiting_since = NULL,
        enqueued_at = NULL
    WHERE state = 'parked' AND (id = %(id)s OR reason = %(reason)s) RETURNING id
)
SELECT pg_notify(%(channel)s, id) FROM replayed
"""
_CLAIM = """
UPDATE inbox.stripe_event SET enqueued_at = clock_timestamp()
WHERE id IN (
    SELECT id FROM inbox.stripe_event
    WHERE state = 'new'
      AND (due_at IS NULL OR due_at <= clock_timestamp())
      AND (enqueued_at IS NULL OR enqueued_at < clock_timestamp() - make_interval(secs => %s)
           OR enqueued_at < due_at)
    ORDER BY coalesce(due_at, received_at) LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING id
"""
_POSTPONE = """
UPDATE inbox.stripe_event
SET waits = waits + 1, reason = %(reason)s,
    waiting_since = coalesce(waiting_since, clock_timestamp()),
    due_at = clock_timestamp() + make_interval(secs => %(seconds)s * (0.5 + random() / 2)),
    state = CASE WHEN waiting_since < clock_timestamp() - %(patience)s
            THEN 'parked' ELSE state END
WHERE id = %(id)s AND state = 'new' RETURNING state
"""
_FAIL = """
UPDATE inbox.stripe_event
SET tries = tries + 1, reason = %(reason)s,
    due_at = clock_timestamp() + make_interval(secs => %(seconds)s * (0.5 + random() / 2)),
    state = CASE WHEN tries + 1 >= %(limit)s THEN 'parked' ELSE state END
WHERE id = %(id)s AND state = 'new' RETURNING state
"""


class _Storing(msgspec.Struct, frozen=True):
    event: InboxEvent
    reason: str | None
    body: Sealed
    key: ports.WrappedKey
    wait_seconds: float


class StripeInbox:
    """`EventInbox`, `StoredEvents` and `ParkedEvents` on inbox.stripe_event.

    All methods raise Unavailable.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._stores = Together(self._store_all, at_once=STORES_AT_ONCE)

    async def store(
        self,
        event: InboxEvent,
        *,
        reason: str | None,
        body: Sealed,
        key: ports.WrappedKey,
        wait_seconds: float = 0.0,
    ) -> Received:
        """Store a verified event durably, or resume the unfinished one of this id.

        Events that arrive together are stored together.
        """
        if await self._stores.ask(_Storing(event, reason, body, key, wait_seconds)):
            return "fresh"
        resumed = await self._execute(
            _RESUME,
            {
                "id": event.id,
                "type": event.type,
                "object": event.object,
                "state": event.state,
                "channel": Channel.INBOX,
                "unsupported": UNSUPPORTED,
            },
        )
        return "resumed" if resumed else "duplicate"

    async def _store_all(self, given: Sequence[_Storing]) -> Sequence[bool]:
        """Return for each event whether it was stored; the others are there already."""
        rows = await self._execute(
            _INSERT,
            (
                [each.event.id for each in given],
                [each.event.type for each in given],
                [each.event.object for each in given],
                [each.event.state for each in given],
                [each.reason for each in given],
                [each.body.subject for each in given],
                [each.body.box for each in given],
                [each.key.wrapped for each in given],
                [each.event.awaited_payment for each in given],
                [each.event.awaited_intent for each in given],
                [each.wait_seconds for each in given],
                Channel.INBOX,
            ),
        )
        stored = {row[0] for row in rows}
        return [each.body.subject in stored for each in given]

    async def record_done(self, event: ports.StripeEvent) -> bool:
        """Store the event as done, as the append does for those whose effect it is."""
        parameters = (
            [event.id],
            [event.type],
            [event.object],
            [event.body.subject],
            [event.body.box],
            [event.key.wrapped],
        )
        return bool(await self._execute(_RECORD_DONE, parameters))

    async def claim(self, *, again_after_seconds: float, limit: int) -> list[str]:
        """Return ids to enqueue now: new ones, those whose wait is over, and those enqueued long
        ago and not finished.
        """
        rows = await self._execute(_CLAIM, (again_after_seconds, limit))
        return [str(row[0]) for row in rows]

    async def read(self, event_id: str) -> InboxEvent | None:
        """Return the event of this id."""
        return next(iter(await self.read_all([event_id])), None)

    async def read_all(self, event_ids: Collection[str]) -> list[InboxEvent]:
        """Return the known ones of these events, in this order."""
        wanted = list(event_ids)
        rows = await self._execute(
            "SELECT id, type, object, state, tries, waits, "
            "coalesce(due_at > clock_timestamp(), false), awaited_payment, awaited_intent "
            "FROM inbox.stripe_event WHERE id = ANY (%s::text[]) "
            "ORDER BY array_position(%s::text[], id)",
            (wanted, wanted),
        )
        return [InboxEvent(*row) for row in rows]

    async def finish_all(self, finished: Sequence[FinishedEvent]) -> None:
        """Record that these were processed, unless their effects have made them done already."""
        await self._execute(
            "UPDATE inbox.stripe_event AS event SET state = ended.state, reason = ended.reason, "
            "finished_at = clock_timestamp() "
            "FROM unnest(%s::text[], %s::text[], %s::text[]) AS ended (id, state, reason) "
            "WHERE event.id = ended.id AND event.state = 'new' RETURNING event.id",
            (
                [each.id for each in finished],
                [each.state for each in finished],
                [each.reason for each in finished],
            ),
        )

    async def postpone(self, event_id: str, *, reason: str, seconds: float) -> bool:
        """Try the event again after half the time or more; return whether it was parked."""
        parameters = {"id": event_id, "reason": reason, "seconds": seconds, "patience": PATIENCE}
        return ("parked",) in await self._execute(_POSTPONE, parameters)

    async def fail(self, event_id: str, *, reason: str, seconds: float, limit: int) -> bool:
        """Record a failed try; return whether the event was parked with it."""
        parameters = {"id": event_id, "reason": reason, "seconds": seconds, "limit": limit}
        return ("parked",) in await self._execute(_FAIL, parameters)

    async def parked(self, *, limit: int) -> list[ParkedEvent]:
        """Return parked events, the oldest first."""
        rows = await self._execute(
            "SELECT id, type, object, coalesce(reason, ''), received_at FROM inbox.stripe_event "
            "WHERE state = 'parked' ORDER BY received_at, id LIMIT %s",
            (limit,),
        )
        return [ParkedEvent(*row) for row in rows]

    async def replay(self, event_id: str) -> None:
        """Let the event be processed again if it is parked."""
        await self._replay({"id": event_id, "reason": None})

    async def replay_all(self, reason: str) -> int:
        """Let all be processed again that are parked for this reason; return how many."""
        return await self._replay({"id": None, "reason": reason})

    async def _replay(self, chosen: Mapping[str, object]) -> int:
        return len(await self._execute(_REPLAY, {**chosen, "channel": Channel.INBOX}))

    async def _execute(
        self, query: str, parameters: Mapping[str, object] | tuple[object, ...]
    ) -> list[tuple[Any, ...]]:
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(query.encode(), parameters)
            return await cursor.fetchall()
