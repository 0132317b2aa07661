"""Read what happened to a booking, event by event."""

import datetime as dt
from collections.abc import Sequence
from typing import cast

import msgspec

from application.booking.access import visible_booking
from application.booking.ports import BookingPorts
from application.booking.staff_notes import Notes, opened_notes
from application.identity.ports import Principal
from application.ports import RecordedEvent
from domain.booking.division_events import BookingDivided, BookingDividedOff
from domain.booking.events import BookingEvent
from domain.booking.fold import evolve
from domain.booking.state import Booking
from domain.identity import roles


class HistoryEntry(msgspec.Struct, frozen=True):
    """One event: when, by whom and why, and the statuses before and after it.

    `event` is the tag of the event; `before` is None for the first one; `reason` is a code. `note`
    is what staff wrote, for staff: None where there is none, or the person was erased. `related` is
    the booking that passengers have left, or have left for.
    """

    position: int
    event: str
    recorded_at: dt.datetime
    actor: str
    correlation_id: str
    before: str | None
    after: str
    reason: str | None
    note: str | None = None
    related: str | None = None


async def read_history(
    ports: BookingPorts, principal: Principal, id_or_reference: str
) -> list[HistoryEntry]:
    """Return the events of a booking in order; rejects BookingNotFound."""
    booking_id, _ = await visible_booking(ports, principal, id_or_reference)
    booking: Booking | None = None
    entries: list[HistoryEntry] = []
    notes: list[Notes] = []
    for recorded in await ports.history.events_of(booking_id):
        before = booking
        event = cast(BookingEvent, recorded.event)
        booking = evolve(before, event)
        entries.append(_entry(recorded, event, before, booking))
        notes.append(getattr(_decided(event), "notes", ()))
    if not roles.may(principal.role, "see_any_booking"):
        return entries
    return await _with_notes(ports, entries, notes)


def _entry(
    recorded: RecordedEvent, event: BookingEvent, before: Booking | None, after: Booking
) -> HistoryEntry:
    return HistoryEntry(
        position=recorded.position,
        event=recorded.event.tag,
        recorded_at=recorded.recorded_at,
        actor=recorded.actor,
        correlation_id=recorded.correlation_id,
        before=None if before is None else before.status.value,
        after=after.status.value,
        reason=_reason(event),
        related=_related(event),
    )


def _related(event: BookingEvent) -> str | None:
    match event:
        case BookingDivided():
            return event.into
        case BookingDividedOff():
            return event.source
        case _:
            return None


def _reason(event: BookingEvent) -> str | None:
    reason: str | None = getattr(_decided(event), "reason", None)
    return reason


def _decided(event: BookingEvent) -> object:
    """Return what has the reason and the notes: the event, or the modification in it."""
    modification = getattr(event, "modification", None)
    return event if modification is None else modification


async def _with_notes(
    ports: BookingPorts, entries: Sequence[HistoryEntry], notes: Sequence[Notes]
) -> list[HistoryEntry]:
    """Return the entries with what staff wrote, in one line each."""
    opened = iter(await opened_notes(ports.vault, [box for boxes in notes for box in boxes]))
    texts = [[next(opened) for _ in boxes] for boxes in notes]
    return [
        msgspec.structs.replace(entry, note="; ".join(filter(None, written)) or None)
        for entry, written in zip(entries, texts, strict=True)
    ]
