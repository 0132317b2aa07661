"""Read pages of the log in its order; a reader that keeps the position continues where it was."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from application.audit.ports import AuditedLog, LogFilter, LogPage, StoredLogEvent
from application.commands import stream_kinds
from application.queries import CursorRefused

PAGE_LIMIT = 500
_POSITION = re.compile("0|[1-9][0-9]{0,17}")
_SEALED_FIELDS = {"subject", "box"}


class AuditedEvent(msgspec.Struct, frozen=True):
    """An event for an auditor: its envelope, and `data`, the stored fields without ciphertext.

    `digest` is the SHA-256 of the stored payload in hex, ciphertext included.
    """

    envelope: StoredLogEvent
    data: dict[str, Any]
    digest: str


class AuditedPage(msgspec.Struct, frozen=True):
    """Events in log order; the reader continues behind `position`, at once if `has_more`.

    Events up to `archived_up_to` are in archives of the log only, and not on any page; `archived`
    are the positions of those that belong to the page of a booking.
    """

    events: Sequence[AuditedEvent]
    position: int
    has_more: bool
    archived_up_to: int = 0
    archived: Sequence[int] = ()


async def read_log(
    log: AuditedLog, chosen: LogFilter, *, after: str | None, limit: int
) -> AuditedPage:
    """Return the page behind the position `after`.

    Rejects CursorRefused: `after` is no position, or beyond the log, as after a restore of an
    older backup; or no event of this release has the type. Raises Unavailable.
    """
    require_known_type(chosen)
    behind = position_of(after)
    head = await log.head()
    require_within(behind, head)
    page = await log.find(chosen, after=behind, until=head, limit=limit)
    return audited(page, first=await log.first())


def require_known_type(chosen: LogFilter) -> None:
    """Reject a type that no event of this release has: nothing would ever come."""
    if chosen.tag is not None and chosen.tag not in stream_kinds.EVENT_TYPES:
        raise CursorRefused(field="type", reason="unknown")


def position_of(after: str | None) -> int:
    """Return the position that a reader names, 0 for none; rejects CursorRefused."""
    if after is None:
        return 0
    if _POSITION.fullmatch(after) is None:
        raise CursorRefused(field="after", reason="unknown")
    return int(after)


def require_within(after: int, head: int) -> None:
    """Reject a position that the log does not have yet."""
    if after > head:
        raise CursorRefused(field="after", reason="ahead_of_log")


def audited(page: LogPage, *, first: int = 1) -> AuditedPage:
    """Return the page as auditors see it; the database has the log from `first` on."""
    events = [audited_event(each) for each in page.events]
    return AuditedPage(events, page.position, page.has_more, first - 1, page.archived)


def audited_event(event: StoredLogEvent) -> AuditedEvent:
    """Return the event without its ciphertext: no key is used, and nothing is opened."""
    data = without_ciphertext(msgspec.json.decode(event.payload))
    return AuditedEvent(event, data, hashlib.sha256(event.payload).hexdigest())


def is_sealed(value: Mapping[str, Any]) -> bool:
    """Return whether the JSON object is ciphertext."""
    return value.keys() == _SEALED_FIELDS


def without_ciphertext(value: Any) -> Any:
    """Return the JSON value with `{"subject", "sealed": true}` for each sealed field."""
    match value:
        case dict() if is_sealed(value):
            return {"subject": value["subject"], "sealed": True}
        case dict():
            return {name: without_ciphertext(each) for name, each in value.items()}
        case list():
            return [without_ciphertext(each) for each in value]
        case _:
            return value
