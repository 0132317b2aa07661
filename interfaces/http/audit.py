"""Routes of auditors: the log in order, filtered and resumable, and all that is of one booking."""

from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import FromPath, QueryParameter

from application.audit import read_booking_log, read_log
from application.audit.ports import LogFilter
from application.audit.read_log import AuditedPage
from application.audit.shown_event import ShownEvent, shown
from interfaces.http import auth
from interfaces.http.problems import invalid
from interfaces.http.strict_request import StrictRequest

After = Annotated[str | None, QueryParameter(name="after")]
Limit = Annotated[int, QueryParameter(name="limit")]


class AuditedEventsResponse(msgspec.Struct, rename="camel"):
    """In the order of the log, which was examined up to `position`: continue with it as `after`.

    `nextCursor` is the same where more follows now, else null. A page with a rare filter may be
    short, or empty, and yet have one. Events up to `archivedUpTo` are in archives of the log only,
    and not in any answer; it is null while the database has all.
    """

    events: list[ShownEvent]
    position: int
    next_cursor: str | None
    archived_up_to: int | None


class AuditedBookingResponse(AuditedEventsResponse, rename="camel"):
    """`archived` are the positions of the booking's events that only archives have."""

    archived: list[int]


@get("/api/audit/events", **auth.signed_in("read_audit"))
async def read_audited_events(
    request: StrictRequest,
    after: After = None,
    stream_: Annotated[str | None, QueryParameter(name="stream")] = None,
    type_: Annotated[str | None, QueryParameter(name="type")] = None,
    actor: Annotated[str | None, QueryParameter(name="actor")] = None,
    correlation_id: Annotated[str | None, QueryParameter(name="correlationId")] = None,
    limit: Limit = 100,
) -> AuditedEventsResponse:
    """The log in order, behind the position `after`; nothing sealed is opened."""
    page = await read_log.read_log(
        request.ports.audit.log,
        LogFilter(stream_, type_, actor, correlation_id),
        after=after,
        limit=_size(limit),
    )
    return AuditedEventsResponse(**_members(page))


@get("/api/audit/bookings/{reference:str}", **auth.signed_in("read_audit"))
async def read_audited_booking(
    request: StrictRequest, reference: FromPath[str], after: After = None, limit: Limit = 100
) -> AuditedBookingResponse:
    """All events of a booking, its payments, claims, tax documents and credits, in log order."""
    page = await read_booking_log.read_booking_log(
        request.ports.audit.log, reference, after=after, limit=_size(limit)
    )
    return AuditedBookingResponse(**_members(page), archived=list(page.archived))


def _size(limit: int) -> int:
    if not 1 <= limit <= read_log.PAGE_LIMIT:
        raise invalid("limit", f"1 to {read_log.PAGE_LIMIT} is expected")
    return limit


def _members(page: AuditedPage) -> dict[str, Any]:
    return {
        "events": [shown(each) for each in page.events],
        "position": page.position,
        "next_cursor": str(page.position) if page.has_more else None,
        "archived_up_to": page.archived_up_to or None,
    }


ROUTES = (read_audited_events, read_audited_booking)
