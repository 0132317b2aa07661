"""Read what happened to a booking, event by event."""

import datetime as dt
from typing import cast

import msgspec

from application.booking.access import visible_booking
from application.booking.ports import BookingPorts
from application.identity.ports import Principal
from application.ports import RecordedEvent
from domain.booking.events import BookingEvent
from domain.booking.fold import evolve
from domain.booking.state import Booking


class HistoryEntry(msgspec.Struct, frozen=True):
    """One event: when, by whom and why, and the statuses before and after it; nothing personal.

    `event` is the tag of the event; `before` is None for the first one.
    """

    position: int
    event: str
    recorded_at: dt.datetime
    actor: str
    correlation_id: str
    before: str | None
    after: str
    reason: str | None


async def read_history(
    ports: BookingPorts, principal: Principal, id_or_reference: str
) -> list[HistoryEntry]:
    """Return the events of a booking in order; rejects BookingNotFound."""
    booking_id, _ = await visible_booking(ports, principal, id_or_reference)
    booking: Booking | None = None
    entries: list[HistoryEntry] = []
    for recorded in await ports.history.events_of(booking_id):
        before = booking
        event = cast(BookingEvent, recorded.event)
        booking = evolve(before, event)
        entries.append(_entry(recorded, event, before, booking))
    return entries


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
    )


def _reason(event: BookingEvent) -> str | None:
    """Return the reason that the event, or the modification in it, has."""
    modification = getattr(event, "modification", None)
    reason: str | None = getattr(event if modification is None else modification, "reason", None)
    return reason
