"""The bookings that were made in a period, in the order of the log."""

import datetime as dt
from collections.abc import AsyncIterator

from application.audit.ports import AuditedLog, LogFilter
from domain.booking.events import BookingInitiated

PAGE_SIZE = 200
# Instants of the log are those of several machines: by so much they may be out of order.
OUT_OF_ORDER = dt.timedelta(minutes=1)


async def bookings_made(
    log: AuditedLog, *, since: dt.datetime, until: dt.datetime
) -> AsyncIterator[str]:
    """Yield the streams of the bookings made from `since` on and before `until`.

    Those that only archives have are left out. Raises Unavailable.
    """
    head = await log.head()
    after = await _last_before(log, since - OUT_OF_ORDER, head=head)
    chosen = LogFilter(tag=BookingInitiated.tag)
    while after < head:
        page = await log.find(chosen, after=after, until=head, limit=PAGE_SIZE)
        for each in page.events:
            if each.recorded_at >= until + OUT_OF_ORDER:
                return
            if since <= each.recorded_at < until:
                yield each.stream
        if not page.has_more:
            return
        after = page.position


async def _last_before(log: AuditedLog, instant: dt.datetime, *, head: int) -> int:
    """Return the last position before this instant; it is found by halving the log."""
    low, high = await log.first(), head + 1
    while low < high:
        middle = (low + high) // 2
        page = await log.find(LogFilter(), after=middle - 1, until=middle, limit=1)
        if not page.events or page.events[0].recorded_at < instant:
            low = middle + 1
        else:
            high = middle
    return low - 1
