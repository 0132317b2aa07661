"""Read all that is new in a list of Stripe's, newest first, so that nothing is missed.

Where the last complete reading ended is kept as a checkpoint, in seconds; a reading begins a little
before it and costs one call when nothing is new. What is found is recorded page by page, in any
order and any number of times; the checkpoint moves once a stretch of time is read to its end.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from application import ports

# Pages (of a hundred) after which the rest of a stretch of time is divided, so that a reading that
# is cut short has got on; and how many pages are read together at most.
STRETCH_PAGES = 10
PAGES_LIMIT = 5_000


class Checkpoints(Protocol):
    """How far something was read; both raise Unavailable."""

    async def read(self, name: str) -> int:
        """Return the position, 0 at the beginning."""
        ...

    async def move(self, name: str, position: int) -> None:
        """Record the position; never moves back."""
        ...


class Listed(Protocol):
    """A member of a list at Stripe."""

    @property
    def id(self) -> str:
        """Its id at Stripe."""
        ...

    @property
    def created_at(self) -> dt.datetime:
        """When Stripe made it."""
        ...


Item = TypeVar("Item", bound=Listed)


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """At most a hundred, newest first; `has_more` older ones follow."""

    items: Sequence[Item]
    has_more: bool


class ListPage(Protocol[Item]):
    """Asks Stripe for the page after the item of this id, created in the stretch of time."""

    async def __call__(
        self,
        *,
        created_since: dt.datetime,
        created_before: dt.datetime | None,
        after: str | None,
    ) -> Page[Item]:
        """Return the page; raises the failures of the gateway."""
        ...


class Stretch(msgspec.Struct, frozen=True):
    """A stretch of time in whole seconds; without `until` it reaches to the newest item."""

    since: int
    until: int | None = None


class _Read(msgspec.Struct):
    """What was read of a stretch: from the second of its newest item to that of the oldest."""

    is_complete: bool = False
    newest: int | None = None
    oldest: int | None = None
    pages: int = 0
    new_count: int = 0


class ListReader(Generic[Item]):
    """Reads one list; `record` returns how many of the items are new to us."""

    def __init__(
        self, *, list_page: ListPage[Item], record: Callable[[Sequence[Item]], Awaitable[int]]
    ) -> None:
        self._list_page = list_page
        self._record = record

    async def read_new(
        self,
        checkpoints: Checkpoints,
        name: str,
        *,
        clock: ports.Clock,
        reach: dt.timedelta,
        first_reach: dt.timedelta,
    ) -> int:
        """Record what was listed since `reach` before the checkpoint of this name.

        Returns how many were new. Without a checkpoint it looks `first_reach` back. Raises the
        failures of the gateway, and Unavailable; what was read until then is recorded.
        """
        known = await checkpoints.read(name)
        if known == 0:
            since = int((clock() - first_reach).timestamp())
        else:
            since = known - int(reach.total_seconds())

        async def reached(end: int) -> None:
            await checkpoints.move(name, end)

        return await self.read(Stretch(since), reached)

    async def read(
        self, stretch: Stretch, reached: Callable[[int], Awaitable[None]] | None = None
    ) -> int:
        """Record the stretch, its earliest part first where it is long; return how many were new.

        `reached` is told the second up to which everything is recorded.
        """
        # What is to do, the next one last; a second, once it comes, is one up to which all is read.
        ahead: list[Stretch | int] = [stretch]
        pages = new_count = 0
        while ahead and pages < PAGES_LIMIT:
            part = ahead.pop()
            if isinstance(part, Stretch):
                read = await self._read(part)
                pages += read.pages
                new_count += read.new_count
                ahead.append(_end(part, read))
                if not read.is_complete:
                    ahead += _rest(part, read)
            elif reached is not None:
                await reached(part)
        return new_count

    async def _read(self, stretch: Stretch) -> _Read:
        """Record the stretch from its newest page on; it is not complete after STRETCH_PAGES."""
        read = _Read()
        after: str | None = None
        while True:
            page = await self._list_page(
                created_since=_instant(stretch.since),
                created_before=None if stretch.until is None else _instant(stretch.until),
                after=after,
            )
            read.pages += 1
            new_count = await self._record(page.items)
            read.new_count += new_count
            if page.items and read.newest is None:
                read.newest = int(page.items[0].created_at.timestamp())
            if page.items:
                read.oldest = int(page.items[-1].created_at.timestamp())
            if not page.has_more:
                read.is_complete = True
                return read
            after = page.items[-1].id
            if read.pages >= _limit(stretch, read):
                return read


def _limit(stretch: Stretch, read: _Read) -> int:
    """Return how many pages of the stretch are read together; one second cannot be divided."""
    assert read.newest is not None
    is_one_second = _halves(stretch.since, _until(stretch, read.newest)) == []
    return PAGES_LIMIT if is_one_second else STRETCH_PAGES


def _until(stretch: Stretch, newest: int) -> int:
    return newest + 1 if stretch.until is None else min(newest + 1, stretch.until)


def _end(stretch: Stretch, read: _Read) -> int:
    """Return the second up to which the stretch reaches, or its newest item for an open one."""
    end = stretch.until if stretch.until is not None else read.newest
    return end or stretch.since


def _rest(stretch: Stretch, read: _Read) -> list[Stretch]:
    """Return what is older than the pages that were read, in halves, the earlier one last."""
    assert read.oldest is not None
    # Of the oldest second perhaps only a part was read.
    until = read.oldest + 1
    return _halves(stretch.since, until) or [Stretch(stretch.since, until)]


def _halves(since: int, until: int) -> list[Stretch]:
    """Return the halves of the time, the earlier one last; none for a single second."""
    middle = since + (until - since) // 2
    return [] if middle <= since else [Stretch(middle, until), Stretch(since, middle)]


def _instant(second: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(second, dt.UTC)
