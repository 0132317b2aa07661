"""Export sensitive actions as JSON lines with a signature that shows any change."""

import datetime as dt
from typing import ClassVar

import msgspec

from application.audit import read_actions
from application.audit.actions import Action, ActionFilter, AuditedActions, ExportSigner
from domain.kernel.rejections import Rejection

LINE_LIMIT = 20_000
_LINE = msgspec.json.Encoder(order="deterministic")


class ExportTooLong(Rejection):
    """The period has more actions than an export may have."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class ExportHeader(msgspec.Struct, frozen=True, rename="camel"):
    """The first line: the period, when it was exported, and how many lines follow.

    `since` is included, `until` is not; None asks for all.
    """

    format: str
    since: dt.datetime | None
    until: dt.datetime | None
    exported_at: dt.datetime
    count: int


class ExportedAction(msgspec.Struct, frozen=True, rename="camel"):
    """A line of the export."""

    origin: str
    id: int
    at: dt.datetime
    actor: str
    action: str
    resource: str
    change: dict[str, object]
    source: str | None
    agent: str | None
    correlation_id: str


class SignedExport(msgspec.Struct, frozen=True):
    """JSON lines, the oldest action first, and their signature."""

    content: bytes
    signature: str


async def export_actions(
    actions: AuditedActions,
    signer: ExportSigner,
    *,
    since: dt.datetime | None,
    until: dt.datetime | None,
    now: dt.datetime,
) -> SignedExport:
    """Return all actions of the period; rejects ExportTooLong, raises Unavailable."""
    found: list[Action] = []
    cursor: str | None = None
    while True:
        page = await read_actions.read_actions(
            actions,
            ActionFilter(since=since, until=until),
            cursor=cursor,
            limit=read_actions.PAGE_LIMIT,
        )
        found += page.actions
        if len(found) > LINE_LIMIT:
            raise ExportTooLong(field="from", reason="too_many_actions")
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    header = ExportHeader("ais-audit-actions-1", since, until, now, len(found))
    lines = [_LINE.encode(header), *(_LINE.encode(_line(each)) for each in reversed(found))]
    content = b"\n".join(lines) + b"\n"
    return SignedExport(content, signer.sign(content))


def _line(action: Action) -> ExportedAction:
    return msgspec.convert(action, ExportedAction, from_attributes=True)
