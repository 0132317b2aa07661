"""The table of letters that came back."""

from collections.abc import Sequence

from application.mail import Bounce
from infrastructure.postgres.pool import Pool, raising_unavailable


class PostgresBounces:
    """`application.mail.Bounces`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def record(self, bounces: Sequence[Bounce]) -> None:
        """Keep the first bounce of each letter; raises Unavailable."""
        async with raising_unavailable(), self._pool.connection() as connection:
            await connection.execute(
                "INSERT INTO operations.bounced_letter (letter, status, bounced_at) "
                "SELECT DISTINCT ON (letter) letter, status, at "
                "FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS b (letter, status, at) "
                "ON CONFLICT (letter) DO NOTHING",
                (
                    [each.letter for each in bounces],
                    [each.status for each in bounces],
                    [each.at for each in bounces],
                ),
            )

    async def newest(self, *, limit: int) -> Sequence[Bounce]:
        """Return the newest first; raises Unavailable."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT letter, status, bounced_at FROM operations.bounced_letter "
                "ORDER BY bounced_at DESC, letter LIMIT %s",
                (limit,),
            )
            return [Bounce(*row) for row in await cursor.fetchall()]
