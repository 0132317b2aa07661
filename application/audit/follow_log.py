"""Follow the log: the events behind a position in order, then each new one, until the caller ends.

A follower that keeps the position of the last page continues there without a gap or a repeat.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

from application.audit import read_log
from application.audit.ports import AnnouncedAppends, AuditedLog, LogFilter
from application.audit.read_log import AuditedPage
from application.ports import Unavailable

PAGE_LIMIT = 100
# A quiet log gives an empty page as often: a sign of life, with the position reached.
HEARTBEAT_SECONDS = 5.0


async def starting_position(log: AuditedLog, chosen: LogFilter, after: str | None) -> int:
    """Return the position to follow from; rejects CursorRefused as `read_log` does."""
    read_log.require_known_type(chosen)
    behind = read_log.position_of(after)
    read_log.require_within(behind, await log.head())
    return behind


async def follow_log(
    log: AuditedLog,
    appends: AnnouncedAppends,
    chosen: LogFilter,
    *,
    after: int,
    may_go_on: Callable[[], Awaitable[bool]],
) -> AsyncIterator[AuditedPage]:
    """Yield pages of at most PAGE_LIMIT events, the next when the caller has taken the last.

    Ends when `may_go_on` says so, which is asked before each page is read and again before it is
    given away, and when the process stops. While the database does not answer, pages are empty.
    """
    position = after
    while not appends.ending and await may_go_on():
        # Before the read: what is appended during it is announced after this.
        seen = appends.announced
        page = await _page(log, chosen, position)
        if not await may_go_on():
            return
        yield page
        position = page.position
        if not page.has_more:
            await appends.wait(seen, HEARTBEAT_SECONDS)


async def _page(log: AuditedLog, chosen: LogFilter, after: int) -> AuditedPage:
    try:
        head = await log.head()
        # A log that was restored without its newest events: nothing is read until it is longer.
        if head <= after:
            return AuditedPage([], after, has_more=False)
        return read_log.audited(await log.find(chosen, after=after, until=head, limit=PAGE_LIMIT))
    except Unavailable:
        return AuditedPage([], after, has_more=False)
