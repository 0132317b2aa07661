"""List sensitive actions, the newest first: those of the log and those of both records together."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence

import msgspec

from application.audit.actions import (
    ORIGINS,
    Action,
    ActionFilter,
    ActionSlice,
    AuditedActions,
    Origin,
)
from application.queries import CursorRefused

PAGE_LIMIT = 500
# What is left of each origin: those below its id, or all of them where it is `-`.
_CURSOR = re.compile(r"(?:(?:0|[1-9][0-9]{0,17}|-)\.){2}(?:0|[1-9][0-9]{0,17}|-)")
Places = Mapping[Origin, int | None]
BEGINNING: Places = dict.fromkeys(ORIGINS)


class ActionPage(msgspec.Struct, frozen=True):
    """The newest first; `next_cursor` is None on the last page. A page may be short, or empty."""

    actions: Sequence[Action]
    next_cursor: str | None


async def read_actions(
    actions: AuditedActions, chosen: ActionFilter, *, cursor: str | None, limit: int
) -> ActionPage:
    """Return the page behind the cursor; rejects CursorRefused, raises Unavailable."""
    places = _places(cursor)
    slices = {
        origin: await actions.find(origin, chosen, before=before, limit=limit)
        for origin, before in places.items()
        if before != 0
    }
    page = _merged(slices, limit)
    after = {origin: _place_after(origin, slices, page, places) for origin in ORIGINS}
    return ActionPage(page, None if not any(each != 0 for each in after.values()) else _text(after))


def _merged(slices: Mapping[Origin, ActionSlice], limit: int) -> list[Action]:
    """Return the newest of all slices, down to where the first unfinished slice ends."""
    floors = [each.floor_at for each in slices.values() if each.floor_at is not None]
    lowest = max(floors, default=dt.datetime.min.replace(tzinfo=dt.UTC))
    found = [each for one in slices.values() for each in one.actions if each.at >= lowest]
    # A stable sort: those of one origin stay in the order of their ids.
    return sorted(found, key=lambda each: each.at, reverse=True)[:limit]


def _place_after(
    origin: Origin, slices: Mapping[Origin, ActionSlice], page: Sequence[Action], places: Places
) -> int | None:
    """Return below which id the next page continues; 0 when nothing is left."""
    if origin not in slices:
        return 0
    found = slices[origin]
    shown = [each.id for each in page if each.origin == origin]
    if len(shown) == len(found.actions):
        return 0 if found.floor_at is None else found.floor
    return min(shown) if shown else places[origin]


def _places(cursor: str | None) -> Places:
    if cursor is None:
        return BEGINNING
    if _CURSOR.fullmatch(cursor) is None:
        raise CursorRefused(field="cursor", reason="unknown")
    parts = cursor.split(".")
    return {
        origin: None if part == "-" else int(part)
        for origin, part in zip(ORIGINS, parts, strict=True)
    }


def _text(places: Places) -> str:
    return ".".join("-" if places[origin] is None else str(places[origin]) for origin in ORIGINS)
