"""The route that follows the log: server-sent events (WHATWG HTML, 9.2), for auditors.

Each message is an event as `GET /api/audit/events` shows it, with the position as its id: a client
that connects again sends it as `Last-Event-ID` and misses nothing. A quiet stream sends a comment
and the position reached. A client that does not read is waited for, and nothing is read ahead of
it; the server closes a connection that takes nothing for half a minute.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.response import Stream
from litestar.response.sse import ServerSentEventMessage

from application.audit import follow_log
from application.audit.ports import LogFilter
from application.audit.read_log import AuditedPage
from application.audit.shown_event import shown
from application.ports import Unavailable
from interfaces.http import audit, auth, correlation
from interfaces.http.problems import Problem
from interfaces.http.strict_request import StrictRequest

EVENT_STREAM = "text/event-stream"
LAST_EVENT_ID = b"last-event-id"
# Of one process: each stream reads the log for itself. One user leaves some for the others.
STREAM_LIMIT = 20
STREAMS_OF_USER = 5
RETRY_MS = 2_000
FULL_RETRY_SECONDS = 30
_HEADERS = {"cache-control": "private, no-store", "x-accel-buffering": "no"}
# By the object that stands for an open stream, whose it is.
_open_streams: dict[object, str] = {}


@get("/api/audit/stream", **auth.signed_in("read_audit", gives=(EVENT_STREAM,)))
async def follow_audited_events(
    request: StrictRequest,
    after: audit.After = None,
    stream_: Annotated[str | None, QueryParameter(name="stream")] = None,
    type_: Annotated[str | None, QueryParameter(name="type")] = None,
    actor: Annotated[str | None, QueryParameter(name="actor")] = None,
    correlation_id: Annotated[str | None, QueryParameter(name="correlationId")] = None,
) -> Stream:
    """The log as server-sent events: those behind `Last-Event-ID`, else `after`, then each new one.

    Ends when the access token expires or its session ends; connect again with another token.
    """
    user = request.principal.user
    if _is_full(user):
        raise Unavailable("streams", retry_after_seconds=FULL_RETRY_SECONDS)
    ports = request.ports.audit
    chosen = LogFilter(stream_, type_, actor, correlation_id)
    last = request.header(LAST_EVENT_ID)
    start = after if last is None else last.decode("latin-1")
    position = await follow_log.starting_position(ports.log, chosen, start)
    pages = follow_log.follow_log(
        ports.log, ports.appends, chosen, after=position, may_go_on=lambda: _may_go_on(request)
    )
    is_head = correlation.exchange_of(request.scope).is_head
    return Stream(
        iter(()) if is_head else _messages(pages, user), media_type=EVENT_STREAM, headers=_HEADERS
    )


def _is_full(user: str) -> bool:
    own = sum(each == user for each in _open_streams.values())
    return len(_open_streams) >= STREAM_LIMIT or own >= STREAMS_OF_USER


async def _messages(pages: AsyncIterator[AuditedPage], user: str) -> AsyncGenerator[bytes]:
    if _is_full(user):
        # Of many that connect at once, all found a place before the first of them took one.
        yield _encoded(data=None, retry=FULL_RETRY_SECONDS * 1000)
        return
    this = object()
    _open_streams[this] = user
    try:
        yield _encoded(data=None, retry=RETRY_MS)
        async for page in pages:
            for each in page.events:
                data = msgspec.json.encode(shown(each))
                yield _encoded(data=data, id=each.envelope.position)
            # An id without data moves the client's position and shows it nothing.
            yield _encoded(data=None, id=page.position, comment="here")
    finally:
        del _open_streams[this]


def _encoded(
    *,
    data: bytes | None,
    id: int | None = None,
    retry: int | None = None,
    comment: str | None = None,
) -> bytes:
    return ServerSentEventMessage(data=data, id=id, retry=retry, comment=comment, sep="\n").encode()


async def _may_go_on(request: StrictRequest) -> bool:
    """Whether the token is valid still; where that cannot be known, it is not."""
    try:
        await auth.authenticated(request)
    except (Problem, Unavailable):
        return False
    return True


ROUTES = (follow_audited_events,)
