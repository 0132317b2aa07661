"""Routes of auditors: who did what that is sensitive, as a list and as a signed export."""

import datetime as dt
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.response import Stream

from application.audit import export_actions, read_actions
from application.audit.actions import Action, ActionFilter
from interfaces.http import auth
from interfaces.http.problems import invalid
from interfaces.http.strict_request import StrictRequest

JSON_LINES = "application/jsonl"
SIGNATURE_HEADER = "x-signature"
# As text, because the framework also takes seconds since 1970 for a time.
Instant = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
Since = Annotated[Instant | None, QueryParameter(name="from")]
Until = Annotated[Instant | None, QueryParameter(name="to")]


class ActionResponse(msgspec.Struct, rename="camel"):
    """Who did what to what.

    `origin` is log, identity or stored, and `id` counts within it: of the log it is the position.
    `actor` is role and user id; `change` is what the event says, or the question that was asked.
    `source` and `agent` are the client's address and program as keyed hashes.
    """

    origin: str
    id: int
    at: dt.datetime
    actor: str
    action: str
    resource: str
    change: dict[str, Any]
    source: str | None
    agent: str | None
    correlation_id: str


class ActionsResponse(msgspec.Struct, rename="camel"):
    """The newest first; `nextCursor` is null on the last page. A page may be short, or empty."""

    actions: list[ActionResponse]
    next_cursor: str | None


@get("/api/audit/actions", **auth.signed_in("read_audit"))
async def list_actions(
    request: StrictRequest,
    user: Annotated[str | None, QueryParameter(name="user")] = None,
    action_: Annotated[str | None, QueryParameter(name="action")] = None,
    since: Since = None,
    until: Until = None,
    cursor: Annotated[str | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter()] = 100,
) -> ActionsResponse:
    """Decisions of staff, sign-ins, refused attempts, questions of auditors; the newest first."""
    if not 1 <= limit <= read_actions.PAGE_LIMIT:
        raise invalid("limit", f"1 to {read_actions.PAGE_LIMIT} is expected")
    chosen = ActionFilter(user, action_, _instant("from", since), _instant("to", until))
    page = await read_actions.read_actions(
        request.ports.audit.actions, chosen, cursor=cursor, limit=limit
    )
    return ActionsResponse([_action(each) for each in page.actions], page.next_cursor)


@get(
    "/api/audit/actions/export",
    headers_of_answer=(SIGNATURE_HEADER,),
    **auth.signed_in("read_audit", gives=(JSON_LINES,)),
)
async def export_audited_actions(
    request: StrictRequest, since: Since = None, until: Until = None
) -> Stream:
    """All actions of a period as JSON lines, the oldest first; `X-Signature` proves each byte."""
    ports = request.ports.audit
    exported = await export_actions.export_actions(
        ports.actions,
        ports.signer,
        since=_instant("from", since),
        until=_instant("to", until),
        now=ports.clock(),
    )
    return Stream(
        iter((exported.content,)),
        media_type=JSON_LINES,
        headers={SIGNATURE_HEADER: exported.signature, "cache-control": "private, no-store"},
    )


def _instant(field: str, text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    try:
        instant = msgspec.convert(text, dt.datetime)
    except msgspec.ValidationError:
        raise invalid(field, "a time as in RFC 3339 is expected") from None
    if instant.tzinfo is None:
        raise invalid(field, "a time with its offset is expected")
    return instant


def _action(action: Action) -> ActionResponse:
    return msgspec.convert(action, ActionResponse, from_attributes=True)


ROUTES = (list_actions, export_audited_actions)
