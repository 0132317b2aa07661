"""Keep the search index of staff: keyed hashes of who travels on which booking.

It follows the log by a checkpoint of its own, so that a new index, and one that was emptied because
its key has changed, is filled by the same steps.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar, Protocol

import msgspec

from application import ports
from application.booking import search_terms
from application.booking.search_terms import Criterion, Term
from application.commands import stream_kinds
from application.commands.bus import CommandBus
from domain.booking.division_events import BookingDivided, BookingDividedOff
from domain.booking.events import (
    BookingConfirmed,
    BookingInitiated,
    DocumentRecorded,
    ModificationCompleted,
    NameCorrected,
)
from domain.kernel.sealed import Sealed

# Events after which a booking is found by something else.
INDEXED = frozenset(
    each.tag
    for each in (
        BookingInitiated,
        BookingConfirmed,
        ModificationCompleted,
        NameCorrected,
        DocumentRecorded,
        BookingDivided,
        BookingDividedOff,
    )
)
EVENTS_AT_ONCE = 2_000
# Of one task; the next one goes on.
STEP_LIMIT = 50


class IndexBookings(ports.BackgroundTask, frozen=True):
    """Index the bookings that have changed after this position."""

    topic: ClassVar[str] = "index_bookings"
    after: int


class Search(msgspec.Struct, frozen=True):
    """What somebody looks for, and who from where: it is recorded before it is answered."""

    criterion: Criterion
    form: str
    user: str
    route: str
    address: str


class SearchIndex(Protocol):
    """Keyed hashes of terms by booking. All methods raise Unavailable."""

    async def changed(
        self, tags: AbstractSet[str], *, limit: int
    ) -> tuple[int, int, Sequence[str]]:
        """The position up to which bookings are indexed, the one up to which these are, at most
        `limit` events later, and the bookings with an event of these tags between them."""
        ...

    async def replace(
        self, terms: Mapping[str, AbstractSet[Term]], *, after: int, upto: int
    ) -> bool:
        """Store the terms of these bookings, and no others of theirs, and the position.

        False, and nothing is stored, where another process has moved on from `after`.
        """
        ...

    async def record(self, search: Search) -> None:
        """Record who looks for what, as a keyed hash."""
        ...

    async def find(self, search: Search, *, after: str, limit: int) -> Sequence[str]:
        """Record the search; returns bookings in the order of their ids, from the first after."""
        ...


async def index_bookings(bus: CommandBus, vault: ports.Vault, index: SearchIndex) -> int:
    """Index what has changed, in bounded steps; returns how many bookings."""
    count = 0
    for _ in range(STEP_LIMIT):
        after, upto, bookings = await index.changed(INDEXED, limit=EVENTS_AT_ONCE)
        if upto == after:
            break
        terms = await _terms(bus, vault, bookings)
        if not await index.replace(terms, after=after, upto=upto):
            break
        count += len(terms)
    return count


async def _terms(
    bus: CommandBus, vault: ports.Vault, bookings: Sequence[str]
) -> dict[str, frozenset[Term]]:
    states = await bus.current_all(stream_kinds.BOOKING, list(bookings))
    found = {name: state for name, (state, _) in states.items() if state is not None}
    boxes = [box for state in found.values() for box in search_terms.boxes_of(state)]
    texts = await vault.open_all(boxes)
    opened: dict[Sealed, bytes | None] = dict(zip(boxes, texts, strict=True))
    return {name: search_terms.terms_of(state, opened) for name, state in found.items()}
