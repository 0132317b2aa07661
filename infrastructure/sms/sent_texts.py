"""The table of text messages: which a provider has, and which a try is about to send."""

from application.text_messages import Claim
from infrastructure.postgres.pool import Pool, raising_unavailable

# A task ends within 45 seconds; a claim that is older was left by a process that is gone.
CLAIM = (
    "INSERT INTO operations.sent_text AS t (message, claimed_at) "
    "VALUES (%(id)s, clock_timestamp()) "
    "ON CONFLICT (message) DO UPDATE SET claimed_at = excluded.claimed_at "
    "WHERE t.sent_at IS NULL AND (t.claimed_at IS NULL "
    "OR t.claimed_at < clock_timestamp() - interval '60 seconds') RETURNING 1"
)
IS_SENT = "SELECT sent_at IS NOT NULL FROM operations.sent_text WHERE message = %(id)s"
RELEASE = (
    "UPDATE operations.sent_text SET claimed_at = NULL WHERE message = %(id)s AND sent_at IS NULL"
)
RECORD = (
    "UPDATE operations.sent_text SET sent_at = clock_timestamp(), segments = %(segments)s "
    "WHERE message = %(id)s AND sent_at IS NULL"
)


class PostgresSentTexts:
    """`application.text_messages.SentTexts`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim(self, message_id: str) -> Claim:
        """See SentTexts; raises Unavailable."""
        async with raising_unavailable(), self._pool.connection() as connection:
            claimed = await (await connection.execute(CLAIM, {"id": message_id})).fetchone()
            if claimed is not None:
                return "claimed"
            row = await (await connection.execute(IS_SENT, {"id": message_id})).fetchone()
        return "sent" if row is not None and row[0] else "under_way"

    async def release(self, message_id: str) -> None:
        """See SentTexts; raises Unavailable."""
        async with raising_unavailable(), self._pool.connection() as connection:
            await connection.execute(RELEASE, {"id": message_id})

    async def record(self, message_id: str, *, segments: int) -> None:
        """See SentTexts; raises Unavailable."""
        async with raising_unavailable(), self._pool.connection() as connection:
            await connection.execute(RECORD, {"id": message_id, "segments": segments})
