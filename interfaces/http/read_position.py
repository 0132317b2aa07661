"""`x-log-position`: what a client wrote, so that its next reads contain it, wherever they are made.

The answer to a request that wrote names the position of the log that contains it. A client that
sends it with its next request reads at least that, also from another process. A position that the
log does not have asks for nothing: after a restore, or a promotion that lost events, an honest
client may name one, and would otherwise be refused every read until it forgets it.
"""

import re

from litestar.types import HTTPScope, Message, Send

from application.read_positions import UNKNOWN, LastWrites, Reading
from interfaces.http.correlation import Exchange

HEADER = b"x-log-position"
# Anything else is no position of ours, and asks for nothing.
_IS_POSITION = re.compile(rb"[1-9][0-9]{0,17}").fullmatch
# Requests that decide nothing: their reads may lag. A search has its question in its content.
READING_METHODS = frozenset({"GET", "HEAD"})
SEARCH_PATH = "/api/flights/search"


def opened(scope: HTTPScope, exchange: Exchange) -> Reading:
    """Return the reads of the request: what they must contain, and whether they may lag."""
    reading = exchange.reading
    sent = exchange.headers.get(HEADER)
    if sent is not None and _IS_POSITION(sent):
        reading.named = (int(sent),)
    reading.is_primary = scope["method"] not in READING_METHODS and scope["path"] != SEARCH_PATH
    return reading


def noting(send: Send, reading: Reading, last_writes: LastWrites | None) -> Send:
    """A send that names the position that the request wrote, once other processes know it."""

    async def named(message: Message) -> None:
        if message["type"] == "http.response.start" and reading.written:
            if reading.written < UNKNOWN:
                position = (HEADER, b"%d" % reading.written)
                message["headers"] = [*message["headers"], position]
            if last_writes is not None and reading.user:
                await last_writes.note(reading.user, reading.written)
        await send(message)

    return named
