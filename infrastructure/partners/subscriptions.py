"""Subscriptions in Postgres. A change by staff and its record in `audit.action` are one statement.

Secrets are wrapped by the master key, so that who reads the database can sign nothing.
"""

import contextlib
import datetime as dt
from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb

from application.partners import ports
from application.partners.subscription import Subscription
from infrastructure.postgres.pool import Connection, Pool, raising_unavailable
from infrastructure.sealing.master_key import KeyUnwrapFailed, MasterKeys

COLUMNS = ", ".join(Subscription.__struct_fields__)
SELECT = f"SELECT {COLUMNS} FROM partner.subscription"  # noqa: S608 - constants only
BY_ID = f"{SELECT} WHERE id = %s"
ALL = f"{SELECT} ORDER BY number"
# One at a time, so that the limit holds and no name is added twice.
LOCK = "LOCK TABLE partner.subscription IN SHARE ROW EXCLUSIVE MODE"
INSERT = """
INSERT INTO partner.subscription
    (id, name, url, types, created_at, secret, delivered, examined)
SELECT %(id)s, %(name)s, %(url)s, %(types)s, %(created_at)s, %(secret)s, %(delivered)s, %(examined)s
WHERE NOT EXISTS (SELECT FROM partner.subscription WHERE name = %(name)s)
  AND (SELECT count(*) FROM partner.subscription) < %(limit)s
RETURNING id
"""
DELETE = "DELETE FROM partner.subscription WHERE id = %(id)s RETURNING id"
FORGET = "tries = 0, failing_since = NULL, next_try_at = NULL, last_error = NULL, parked_at = NULL"
REPLACE = """
UPDATE partner.subscription
SET old_secret = secret, old_secret_until = %(until)s, secret = %(secret)s
WHERE id = %(id)s RETURNING id
"""
REPLAY = f"""
UPDATE partner.subscription
SET delivered = %(after)s, examined = %(after)s, replays = replays + 1, {FORGET}
WHERE id = %(id)s RETURNING id
"""  # noqa: S608 - constants only
ENABLE = f"""
UPDATE partner.subscription SET enabled = true, {FORGET} WHERE id = %(id)s RETURNING id
"""  # noqa: S608 - constants only
DISABLE = "UPDATE partner.subscription SET enabled = false WHERE id = %(id)s RETURNING id"
RECORD = """
INSERT INTO audit.action (at, actor, action, resource, change, correlation_id)
VALUES (clock_timestamp(), %s, %s, %s, %s, %s)
"""
DUE = """
SELECT id FROM partner.subscription
WHERE enabled AND parked_at IS NULL AND (next_try_at IS NULL OR next_try_at <= %s)
  AND examined < (SELECT max(position) FROM ledger.event) ORDER BY number
"""
SECRETS = "SELECT secret, old_secret, old_secret_until FROM partner.subscription WHERE id = %s"
# Only from where the delivery began: a replay meanwhile, or another scheduler, has moved it.
UNMOVED = (
    "WHERE id = %(id)s AND replays = %(replays)s "
    "AND examined = %(looked)s AND tries = %(tries)s RETURNING id"
)
MOVE = f"""
UPDATE partner.subscription SET delivered = %(delivered)s, examined = %(examined)s,
    {FORGET} {UNMOVED}
"""  # noqa: S608 - constants only
NOTE_FAILURE = f"""
UPDATE partner.subscription SET tries = tries + 1, failing_since = %(since)s,
    next_try_at = %(next_try_at)s, last_error = %(reason)s, parked_at = %(parked_at)s {UNMOVED}
"""  # noqa: S608 - constants only


class PostgresSubscriptions:
    """`application.partners.ports.Subscriptions`."""

    def __init__(self, pool: Pool, keys: MasterKeys) -> None:
        self._pool = pool
        self._keys = keys

    async def add(
        self, subscription: Subscription, secret: bytes, *, limit: int, by: ports.By
    ) -> bool:
        """See Subscriptions."""
        types = None if subscription.types is None else list(subscription.types)
        values = {
            "id": subscription.id,
            "name": subscription.name,
            "url": subscription.url,
            "types": types,
            "created_at": subscription.created_at,
            "secret": self._wrapped(subscription.id, secret),
            "delivered": subscription.delivered,
            "examined": subscription.examined,
            "limit": limit,
        }
        change = {"name": subscription.name, "url": subscription.url, "types": types}
        return await self._change("added", INSERT, values, change, by, lock=True)

    async def all(self) -> Sequence[Subscription]:
        """See Subscriptions."""
        return [_subscription(row) for row in await self._rows(ALL, ())]

    async def find(self, subscription_id: str) -> Subscription | None:
        """See Subscriptions."""
        rows = await self._rows(BY_ID, (subscription_id,))
        return _subscription(rows[0]) if rows else None

    async def remove(self, subscription_id: str, *, by: ports.By) -> bool:
        """See Subscriptions."""
        return await self._change("removed", DELETE, {"id": subscription_id}, {}, by)

    async def replace_secret(
        self, subscription_id: str, secret: bytes, *, old_until: dt.datetime, by: ports.By
    ) -> bool:
        """See Subscriptions."""
        wrapped = self._wrapped(subscription_id, secret)
        values = {"id": subscription_id, "secret": wrapped, "until": old_until}
        return await self._change("secret_replaced", REPLACE, values, {}, by)

    async def replay(self, subscription_id: str, after: int, *, by: ports.By) -> bool:
        """See Subscriptions."""
        values = {"id": subscription_id, "after": after}
        return await self._change("replayed", REPLAY, values, {"after": after}, by)

    async def switch(self, subscription_id: str, *, enabled: bool, by: ports.By) -> bool:
        """See Subscriptions."""
        name, statement = ("enabled", ENABLE) if enabled else ("disabled", DISABLE)
        return await self._change(name, statement, {"id": subscription_id}, {}, by)

    async def due(self, now: dt.datetime) -> Sequence[str]:
        """See Subscriptions."""
        return [each for (each,) in await self._rows(DUE, (now,))]

    async def secrets(self, subscription: Subscription, now: dt.datetime) -> Sequence[bytes]:
        """See Subscriptions."""
        rows = await self._rows(SECRETS, (subscription.id,))
        if not rows:
            return []
        secret, old_secret, old_until = rows[0]
        name = subscription.id.encode()
        try:
            signing = [self._keys.unwrap(name, secret)]
        except KeyUnwrapFailed:
            raise ports.DeliveryFailed("secret unreadable") from None
        if old_until is not None and now < old_until:
            # An old one that cannot be read may be why it was replaced.
            with contextlib.suppress(KeyUnwrapFailed):
                signing.append(self._keys.unwrap(name, old_secret))
        return signing

    async def move(self, subscription: Subscription, *, delivered: int, examined: int) -> bool:
        """See Subscriptions."""
        values = {**_where(subscription), "delivered": delivered, "examined": examined}
        return bool(await self._rows(MOVE, values))

    async def note_failure(
        self,
        subscription: Subscription,
        reason: str,
        *,
        since: dt.datetime,
        next_try_at: dt.datetime | None,
        now: dt.datetime,
    ) -> bool:
        """See Subscriptions."""
        values = {
            **_where(subscription),
            "since": since,
            "next_try_at": next_try_at,
            "reason": reason,
            "parked_at": now if next_try_at is None else None,
        }
        return bool(await self._rows(NOTE_FAILURE, values))

    def _wrapped(self, subscription_id: str, secret: bytes) -> bytes:
        return self._keys.wrap(subscription_id.encode(), secret)

    async def _rows(
        self, query: str, parameters: tuple[object, ...] | dict[str, Any]
    ) -> list[tuple[Any, ...]]:
        async with raising_unavailable(), self._pool.connection() as connection:
            return await (await connection.execute(query.encode(), parameters)).fetchall()

    async def _change(
        self,
        name: str,
        statement: str,
        values: dict[str, Any],
        change: dict[str, Any],
        by: ports.By,
        *,
        lock: bool = False,
    ) -> bool:
        """Change it and record that in one transaction; False if there was nothing to change."""
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            if lock:
                await connection.execute(LOCK)
            cursor = await connection.execute(statement.encode(), values)
            if await cursor.fetchone() is None:
                return False
            await _record(connection, f"subscription.{name}", values["id"], change, by)
            return True


async def _record(
    connection: Connection, action: str, resource: str, change: dict[str, Any], by: ports.By
) -> None:
    values = (by.actor, action, resource, Jsonb(change), by.correlation_id)
    await connection.execute(RECORD, values)


def _where(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "replays": subscription.replays,
        "looked": subscription.examined,
        "tries": subscription.tries,
    }


def _subscription(row: Sequence[Any]) -> Subscription:
    named = dict(zip(Subscription.__struct_fields__, row, strict=True))
    types = named.pop("types")
    return Subscription(**named, types=None if types is None else tuple(types))
