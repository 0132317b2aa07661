"""Which books are asked for: as of an accounting day, and as known at an instant or log position.

*As of* chooses what belongs to the days up to one, *as known at* what was recorded by then. So the
books of November as of 30 November differ between what was known on 1 December and what is known
now, by what was recorded since and belongs to November.
"""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import ClassVar

import msgspec

from application import ports, read_positions
from application.ledger.books import Books
from application.queries import AsOf
from domain.kernel.rejections import Rejection

# No entry is dated later.
LAST_DAY = dt.date.max
BEHIND_RETRY_SECONDS = 1


class QuestionRefused(Rejection):
    """A member of the question is invalid: `field` and `reason` say which and why."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class BooksQuestion(msgspec.Struct, frozen=True):
    """Without `as_of` all days count, without `known_at` and `known_position` all that is known."""

    as_of: dt.date | None = None
    known_at: dt.datetime | None = None
    known_position: int | None = None


class BooksAt(msgspec.Struct, frozen=True):
    """The question resolved: what is dated by `day` and recorded up to position `known`.

    `as_of` is how far the read model was that answers.
    """

    day: dt.date
    known: int
    as_of: AsOf


async def resolve(
    books: Books, asked: BooksQuestion, *, read_model: Callable[[], Awaitable[AsOf]] | None = None
) -> BooksAt:
    """Return which entries count; rejects QuestionRefused for what is not recorded yet.

    Raises Unavailable while the read model has not reached the instant. `read_model` says how far
    it is; without it, the journal.
    """
    if asked.known_at is not None:
        # Only the primary knows what was recorded by an instant.
        read_positions.require_primary()
    if asked.known_position is not None:
        read_positions.require(asked.known_position)
    as_of = await (read_model or books.journal_as_of)()
    return BooksAt(asked.as_of or LAST_DAY, await _known(books, asked, as_of), as_of)


async def _known(books: Books, asked: BooksQuestion, as_of: AsOf) -> int:
    if asked.known_at is not None and asked.known_position is not None:
        raise QuestionRefused(field="knownAt", reason="either_an_instant_or_a_position")
    if asked.known_position is not None:
        if asked.known_position > as_of.position:
            raise QuestionRefused(field="knownPosition", reason="not_recorded_yet")
        return asked.known_position
    if asked.known_at is None:
        return as_of.position
    if asked.known_at > books.clock():
        raise QuestionRefused(field="knownAt", reason="not_recorded_yet")
    position = await books.position_at(asked.known_at)
    if position > as_of.position:
        raise ports.Unavailable(
            "the books have not reached the instant", retry_after_seconds=BEHIND_RETRY_SECONDS
        )
    return position


def require_days(since: dt.date, until: dt.date) -> None:
    """Reject QuestionRefused where the first day is after the last."""
    if since > until:
        raise QuestionRefused(field="to", reason="before_from")
