"""Explain a booking at the shell: events, entries, objects at Stripe, webhooks, letters, tasks.

Personal data stays sealed unless it is asked for, which is recorded first as a sensitive action.
"""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from application.audit import read_log
from application.audit.actions import ActionRecord
from application.audit.ports import AuditedLog, BookingTask, BookingWork, StoredWebhook
from application.audit.read_booking_log import read_booking_log
from application.audit.read_log import AuditedEvent
from application.ledger.books import Books, JournalEntry, JournalQuestion
from application.ports import Vault
from domain.kernel import ids
from domain.kernel.rejections import Rejection
from domain.kernel.sealed import Sealed

ACTION = "booking.explained"
ERASED = "(erased)"
ROW_LIMIT = 5_000
ENTRY_PAGE = 200
LETTER_TOPICS = "mail."
# A ticket of the incident or request, never a name.
_TICKET = re.compile(r"[A-Za-z0-9#_-]{1,40}")
# Prefixes of ids at Stripe: https://docs.stripe.com/api
_STRIPE_ID = re.compile(r"(?:pi|cs|re|pyr|ch|py|txn|po|du|dp|evt)_[A-Za-z0-9_]{4,}")


class TicketRefused(Rejection):
    """The ticket that asks for personal data is missing or no ticket."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class StoryLimitReached(Rejection):
    """A booking has more events or entries than one story shows."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class StoryPorts(msgspec.Struct, frozen=True):
    """What a story is read from, and where the question for personal data is recorded."""

    log: AuditedLog
    books: Books
    work: BookingWork
    record: ActionRecord
    vault: Vault


class StoryEvent(msgspec.Struct, frozen=True, rename="camel"):
    """An event of the booking or of its payments, claims, credits and tax documents.

    A sealed field of `data` is `{"subject", "sealed": true}`, or the opened value.
    """

    position: int
    recorded_at: str
    stream: str
    tag: str
    actor: str
    correlation_id: str
    data: Mapping[str, Any]


class BookingStory(msgspec.Struct, frozen=True, rename="camel"):
    """All that is known of a booking, each part the oldest first. Amounts are minor units.

    `archived` are the positions of its events that only archives of the log have.
    """

    booking: str
    events: Sequence[StoryEvent]
    archived: Sequence[int]
    entries: Sequence[JournalEntry]
    stripe_objects: Sequence[str]
    webhooks: Sequence[StoredWebhook]
    letters: Sequence[BookingTask]
    tasks: Sequence[BookingTask]
    is_opened: bool


async def explain_booking(
    ports: StoryPorts, id_or_reference: str, *, actor: str, ticket: str | None = None
) -> BookingStory:
    """Return the story; with a ticket, personal data is opened and the question recorded before.

    Rejects BookingNotFound, TicketRefused and StoryLimitReached, raises Unavailable.
    """
    if ticket is not None and _TICKET.fullmatch(ticket) is None:
        raise TicketRefused(field="ticket", reason="letters_digits_dashes")
    events, archived = await _events(ports.log, id_or_reference)
    booking = ids.booking_id_of(id_or_reference)
    assert booking is not None, "it was found"
    entries = await _entries(ports, booking)
    objects = _stripe_objects(events, entries)
    tasks = await ports.work.tasks_about(ids.reference_of(booking), limit=ROW_LIMIT)
    webhooks = await ports.work.webhooks_about(objects, limit=ROW_LIMIT)
    opened: Mapping[Sealed, Any] = {}
    if ticket is not None:
        await ports.record.add(
            actor=actor,
            action=ACTION,
            resource=booking,
            change={"ticket": ticket},
            address="",
            agent="",
            correlation_id=secrets.token_hex(11),
        )
        opened = await _opened(ports.vault, events)
    return BookingStory(
        booking=booking,
        events=[_story_event(each, opened, is_opened=ticket is not None) for each in events],
        archived=archived,
        entries=entries,
        stripe_objects=objects,
        webhooks=webhooks,
        letters=[each for each in tasks if each.topic.startswith(LETTER_TOPICS)],
        tasks=[each for each in tasks if not each.topic.startswith(LETTER_TOPICS)],
        is_opened=ticket is not None,
    )


async def _events(log: AuditedLog, id_or_reference: str) -> tuple[list[AuditedEvent], list[int]]:
    """Return the events, and the positions of those that only archives have."""
    found: list[AuditedEvent] = []
    archived: list[int] = []
    after: str | None = None
    while len(found) + len(archived) < ROW_LIMIT:
        page = await read_booking_log(log, id_or_reference, after=after, limit=read_log.PAGE_LIMIT)
        found += page.events
        archived += page.archived
        if not page.has_more:
            return found, archived
        after = str(page.position)
    raise StoryLimitReached(field="reference", reason="too_many_events")


async def _entries(ports: StoryPorts, booking: str) -> list[JournalEntry]:
    found: list[JournalEntry] = []
    known = await ports.log.head()
    after = 0
    while len(found) < ROW_LIMIT:
        asked = JournalQuestion(booking=booking, after=after)
        page = await ports.books.find_entries(asked, known=known, limit=ENTRY_PAGE)
        found += page
        if len(page) < ENTRY_PAGE:
            return found
        after = page[-1].position
    raise StoryLimitReached(field="reference", reason="too_many_entries")


def _stripe_objects(events: Sequence[AuditedEvent], entries: Sequence[JournalEntry]) -> list[str]:
    """Return the ids at Stripe that events and entries name, in the order of the log."""
    found: dict[str, None] = {}
    for event in events:
        found |= {text: None for text in _texts(event.data) if _STRIPE_ID.fullmatch(text)}
    for entry in entries:
        found |= {text: None for text in entry.references if _STRIPE_ID.fullmatch(text)}
    return list(found)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)


async def _opened(vault: Vault, events: Sequence[AuditedEvent]) -> dict[Sealed, Any]:
    """Return the plaintext of every sealed field; ERASED where the person was erased."""
    boxes = list(
        {box: None for each in events for box in _boxes(msgspec.json.decode(each.envelope.payload))}
    )
    texts = await vault.open_all(boxes) if boxes else []
    return {
        box: ERASED if text is None else _readable(text)
        for box, text in zip(boxes, texts, strict=True)
    }


def _boxes(value: Any) -> Iterator[Sealed]:
    match value:
        case dict() if read_log.is_sealed(value):
            yield msgspec.convert(value, Sealed)
        case dict():
            for each in value.values():
                yield from _boxes(each)
        case list():
            for each in value:
                yield from _boxes(each)


def _readable(plaintext: bytes) -> Any:
    """Return what was sealed: most values are JSON, some plain text."""
    try:
        return msgspec.json.decode(plaintext)
    except msgspec.DecodeError:
        return plaintext.decode()


def _with_opened(value: Any, opened: Mapping[Sealed, Any]) -> Any:
    match value:
        case dict() if read_log.is_sealed(value):
            return opened[msgspec.convert(value, Sealed)]
        case dict():
            return {name: _with_opened(each, opened) for name, each in value.items()}
        case list():
            return [_with_opened(each, opened) for each in value]
        case _:
            return value


def _story_event(
    event: AuditedEvent, opened: Mapping[Sealed, Any], *, is_opened: bool
) -> StoryEvent:
    stored = event.envelope
    data = _with_opened(msgspec.json.decode(stored.payload), opened) if is_opened else event.data
    return StoryEvent(
        position=stored.position,
        recorded_at=stored.recorded_at.isoformat(),
        stream=stored.stream,
        tag=stored.tag,
        actor=stored.actor,
        correlation_id=stored.correlation_id,
        data=data,
    )
