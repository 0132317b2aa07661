"""Sensitive actions in Postgres: recorded in a table of their own, found there and in the log."""

import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from application.audit.actions import (
    SENSITIVE_EVENTS,
    Action,
    ActionFilter,
    ActionSlice,
    Origin,
)
from application.audit.read_log import without_ciphertext
from application.identity.ports import SignInPlaces
from application.ports import Clock
from domain.identity import roles
from infrastructure.postgres.pool import Pool, raising_unavailable
from infrastructure.sealing.master_key import MasterKeys

AGENT_PURPOSE = "programs of audited clients 1"
EXAMINED_LIMIT = 5_000
_LARGEST_ID = 2**62
_INSERT = (
    "INSERT INTO audit.action "
    "(at, actor, action, resource, change, source, agent, correlation_id) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
# The condition is that of the index event_of_staff.
_EXAMINED_LOG = """
    SELECT position AS id, recorded_at AS at, actor, tag FROM ledger.event
    WHERE split_part(actor, ':', 1) IN ('support', 'ops', 'gate', 'finance', 'admin')
      AND position < %(before)s
    ORDER BY position DESC LIMIT %(examined)s
"""
_EXAMINED_RECORDS = """
    SELECT id, at, actor, action AS tag FROM audit.recorded_action
    WHERE origin = %(origin)s AND id < %(before)s ORDER BY id DESC LIMIT %(examined)s
"""
_FIND = """
WITH examined AS MATERIALIZED ({examined})
SELECT (SELECT count(*) FROM examined), (SELECT min(id) FROM examined),
       (SELECT min(at) FROM examined),
       ARRAY(SELECT id FROM examined
             WHERE (%(tags)s::text[] IS NULL OR tag = ANY (%(tags)s))
               AND (%(actors)s::text[] IS NULL OR actor = ANY (%(actors)s))
               AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
               AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
             ORDER BY id DESC LIMIT %(limit)s)
"""
_LOG_BY_ID = """
SELECT 'log', position, recorded_at, actor, regexp_replace(tag, '[.][0-9]+$', ''), stream,
       convert_from(payload, 'UTF8'), NULL, NULL, correlation_id
FROM ledger.event WHERE position = ANY (%(ids)s::bigint[]) ORDER BY position DESC
"""
_RECORDS_BY_ID = """
SELECT origin, id, at, actor, action, resource, change::text, encode(source, 'hex'),
       encode(agent, 'hex'), correlation_id
FROM audit.recorded_action
WHERE origin = %(origin)s AND id = ANY (%(ids)s::bigint[]) ORDER BY id DESC
"""


class PostgresAuditedActions:
    """Implements AuditedActions."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(
        self, origin: Origin, chosen: ActionFilter, *, before: int | None, limit: int
    ) -> ActionSlice:
        """See AuditedActions."""
        query, parameters = find_query(origin, chosen, before=before, limit=limit)
        ((examined, lowest, lowest_at, ids),) = await self._rows(query, parameters)
        shown = ids[:limit]
        by_id = _LOG_BY_ID if origin == "log" else _RECORDS_BY_ID
        rows = await self._rows(by_id, {"origin": origin, "ids": shown}) if shown else []
        actions = [_action(row) for row in rows]
        if len(ids) > limit:
            return ActionSlice(actions, actions[-1].id, actions[-1].at)
        is_older = chosen.since is not None and lowest_at is not None and lowest_at < chosen.since
        if examined < EXAMINED_LIMIT or is_older:
            return ActionSlice(actions, 0, None)
        return ActionSlice(actions, lowest, lowest_at)

    async def _rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with raising_unavailable(), self._pool.connection() as connection:
            return await (await connection.execute(query.encode(), parameters)).fetchall()


class PostgresActionRecord:
    """Implements ActionRecord."""

    def __init__(self, pool: Pool, places: SignInPlaces, keys: MasterKeys, *, now: Clock) -> None:
        self._pool = pool
        self._places = places
        self._agent_key = keys.derive(AGENT_PURPOSE)
        self._now = now

    async def add(
        self,
        *,
        actor: str,
        action: str,
        resource: str,
        change: Mapping[str, Any],
        address: str,
        agent: str,
        correlation_id: str,
    ) -> None:
        """See ActionRecord."""
        row = (
            self._now(),
            actor,
            action,
            resource,
            msgspec.json.encode(change).decode(),
            self._places.of_address(address).index if address else None,
            hmac.digest(self._agent_key, agent.encode(), "sha256") if agent else None,
            correlation_id,
        )
        async with raising_unavailable(), self._pool.connection() as connection:
            await connection.execute(_INSERT, row)


def find_query(
    origin: Origin, chosen: ActionFilter, *, before: int | None, limit: int
) -> tuple[str, dict[str, Any]]:
    """Return the query that finds the ids of a slice, and its parameters."""
    examined = _EXAMINED_LOG if origin == "log" else _EXAMINED_RECORDS
    return _FIND.replace("{examined}", examined), {
        "origin": origin,
        "before": _LARGEST_ID if before is None else before,
        "examined": EXAMINED_LIMIT,
        "tags": _tags(origin, chosen.action),
        "actors": None
        if chosen.user is None
        else [chosen.user, *(f"{role}:{chosen.user}" for role in roles.ROLES)],
        "since": chosen.since,
        "until": chosen.until,
        "limit": limit + 1,
    }


def _tags(origin: Origin, action: str | None) -> list[str] | None:
    if origin != "log":
        return None if action is None else [action]
    if action is None:
        return list(SENSITIVE_EVENTS)
    return [tag for tag in SENSITIVE_EVENTS if tag.rpartition(".")[0] == action]


def _action(row: tuple[Any, ...]) -> Action:
    origin, number, at, actor, action, resource, change, source, agent, correlation_id = row
    shown = without_ciphertext(msgspec.json.decode(change))
    return Action(origin, number, at, actor, action, resource, shown, source, agent, correlation_id)
