"""Background tasks that failed in all their tries: which there are, and trying them again."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec


class FailedTask(msgspec.Struct, frozen=True):
    """A task with its id where it is kept. The body holds ids, numbers and amounts only."""

    id: str
    topic: str
    body: Mapping[str, Any]
    failed_at: dt.datetime


class FailedTasks(Protocol):
    """One place that keeps them. All methods raise Unavailable."""

    async def oldest(self, *, limit: int) -> Sequence[FailedTask]:
        """Return the oldest first."""
        ...

    async def try_again(self, tasks: Sequence[FailedTask]) -> int:
        """Have them carried out as if they were new; returns how many were still there."""
        ...


async def list_failed(places: Sequence[FailedTasks], *, limit: int) -> list[FailedTask]:
    """Return the oldest tasks of all places, at most `limit`; raises Unavailable."""
    found = [each for place in places for each in await place.oldest(limit=limit)]
    return sorted(found, key=lambda each: (each.failed_at, each.id))[:limit]


async def try_failed_again(
    places: Sequence[FailedTasks], *, chosen: Collection[str], limit: int
) -> int:
    """Try the tasks with the chosen ids or topics again, all where none is chosen.

    At most the oldest `limit` of each place are looked at. Returns how many; raises Unavailable.
    """
    tried = 0
    for place in places:
        found = await place.oldest(limit=limit)
        wanted = [each for each in found if not chosen or {each.id, each.topic} & set(chosen)]
        if wanted:
            tried += await place.try_again(wanted)
    return tried
