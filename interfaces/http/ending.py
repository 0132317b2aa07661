"""Routes that end: marked in the document, and said by the headers of every answer.

    @get(
        "/api/flights/old",
        **ending.ends(since=dt.date(2027, 1, 15), last_day=dt.date(2028, 1, 31), instead="readNew"),
        **auth.open_to_all(),
    )

`Deprecation` is that of RFC 9745, `Sunset` that of RFC 8594.
"""

import datetime as dt
from email.utils import format_datetime
from typing import TypedDict

import msgspec
from litestar.handlers import BaseRouteHandler
from litestar.types import Message, Scope, Send

from interfaces.http.security_headers import Header

NOTICE = dt.timedelta(days=365)


class Ending(msgspec.Struct, frozen=True):
    """Since when a route is deprecated, the last day that it works, and the operation to call.

    Days are those of UTC. Only where a defect of security forces it, less than a year is between.
    """

    since: dt.date
    last_day: dt.date
    instead: str
    security_defect: bool = False

    def __post_init__(self) -> None:
        """A client has a year to change."""
        assert self.security_defect or self.last_day - self.since >= NOTICE, "a year's notice"

    def headers(self) -> list[Header]:
        """Return `Deprecation`, a date of RFC 9651, and `Sunset`, the end of the last day."""
        begins = dt.datetime.combine(self.since, dt.time(), dt.UTC)
        ends = dt.datetime.combine(self.last_day, dt.time(23, 59, 59), dt.UTC)
        return [
            (b"deprecation", b"@%d" % begins.timestamp()),
            (b"sunset", format_datetime(ends, usegmt=True).encode()),
        ]


class EndingTerms(TypedDict):
    """Arguments of a route decorator."""

    deprecated: bool
    ending: Ending


def ends(
    *, since: dt.date, last_day: dt.date, instead: str, security_defect: bool = False
) -> EndingTerms:
    """For a route that ends after this day; `instead` is the name of the operation to call."""
    terms = Ending(since, last_day, instead, security_defect)
    return EndingTerms(deprecated=True, ending=terms)


def ending_of(handler: BaseRouteHandler | None) -> Ending | None:
    """Return what a route declares; None where it stays."""
    found: Ending | None = None if handler is None else handler.opt.get("ending")
    return found


def announcing(send: Send, scope: Scope) -> Send:
    """A send that adds the two headers to every answer of a route that ends."""

    async def announced(message: Message) -> None:
        if message["type"] == "http.response.start":
            found = ending_of(scope.get("route_handler"))
            if found is not None:
                message["headers"] = [*message["headers"], *found.headers()]
        await send(message)

    return announced
