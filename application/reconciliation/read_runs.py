"""List the runs of reconciliation, with what each of them found."""

import re
from collections.abc import Sequence

import msgspec

from application.queries import CursorRefused
from application.reconciliation.ports import ReconciliationPorts, ReconciliationRun

PAGE_LIMIT = 200
_CURSOR = re.compile("[1-9][0-9]{0,17}")


class RunPage(msgspec.Struct, frozen=True):
    """The newest first; `next_cursor` is None on the last page."""

    runs: Sequence[ReconciliationRun]
    next_cursor: str | None


async def read_runs(ports: ReconciliationPorts, *, cursor: str | None, limit: int) -> RunPage:
    """Return the page behind the cursor; rejects CursorRefused, raises Unavailable."""
    if cursor is not None and _CURSOR.fullmatch(cursor) is None:
        raise CursorRefused(field="cursor", reason="unknown")
    size = max(1, min(limit, PAGE_LIMIT))
    before = None if cursor is None else int(cursor)
    found = await ports.runs.find(before=before, limit=size + 1)
    page = found[:size]
    return RunPage(page, str(page[-1].number) if len(found) > size else None)
