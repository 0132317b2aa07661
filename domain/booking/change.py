"""Modification of one segment: accepted, perhaps paid, completed; or lapsed as if it never was.

B8  The new seats are held before the old ones go, and both happen with the event that says so.
"""

import datetime as dt

from domain.booking import guards, rejections
from domain.booking.events import (
    BookingEvent,
    Change,
    ChangeAccepted,
    ChangeCompleted,
    ChangeExpired,
    NameCorrected,
    Obligation,
    Ticket,
)
from domain.booking.guards import SegmentFacts
from domain.booking.state import Booking
from domain.kernel import entries, ids, sealed

# Corrections of a name: so many letters added, dropped or exchanged, first and last name together.
NAME_CORRECTION_LIMIT = 3
ABANDONED = "abandoned"


def accept(
    booking: Booking,
    *,
    change: Change,
    facts: SegmentFacts,
    hold_until: dt.datetime,
    now: dt.datetime,
) -> list[BookingEvent]:
    """A change that costs something waits for its money; the caller holds the new seats."""
    if booking.change == change:
        return []
    guards.require_change(booking, change.segment, facts, now=now)
    assert change.due > 0
    assert change.back == 0
    assert change.number == booking.change_count + 1
    return [ChangeAccepted(change=change, hold_until=hold_until)]


def complete(
    booking: Booking,
    *,
    change: Change,
    tickets: tuple[Ticket, ...],
    entry: entries.Entry | None,
    obligation: Obligation | None,
) -> list[BookingEvent]:
    """Exchange the segment: paid for, or at no cost. The caller sells the new seats and gives the
    old ones back in the same append.
    """
    if booking.change_count >= change.number and booking.change is None:
        return []
    if booking.change is not None:
        if booking.change != change:
            raise rejections.ChangeUnderWay()
        if not booking.change_paid:
            raise rejections.NoChangeUnderWay(reason="unpaid")
    assert all(ids.is_ticket_number(ticket.number) for ticket in tickets)
    return [ChangeCompleted(change=change, tickets=tickets, entry=entry, obligation=obligation)]


def expire(booking: Booking, *, reason: str, now: dt.datetime) -> list[BookingEvent]:
    """The money never came; a paid change never lapses. The caller releases the new seats."""
    if booking.change is None:
        return []
    guards.require_abandonable(booking)
    assert booking.change_until is not None
    if now < booking.change_until:
        raise rejections.HoldStillRuns(until=booking.change_until.isoformat())
    return [ChangeExpired(number=booking.change.number, reason=reason)]


def abandon(booking: Booking) -> list[BookingEvent]:
    """The travellers want it no more, before its time is over; the caller frees the new seats."""
    guards.require_abandonable(booking)
    assert booking.change is not None
    return [ChangeExpired(number=booking.change.number, reason=ABANDONED)]


def correct_name(
    booking: Booking, *, passenger: int, name: sealed.Sealed, distance: int, is_new: bool
) -> list[BookingEvent]:
    """`distance` letters differ between the name as it was sold and the new one: small steps must
    not add up to another person. A name that is not new records nothing.
    """
    guards.require_name_correction(booking, passenger)
    if distance > NAME_CORRECTION_LIMIT:
        raise rejections.NameChangeRefused(reason="another_person", limit=NAME_CORRECTION_LIMIT)
    if not is_new:
        return []
    return [NameCorrected(passenger=passenger, name=name)]


def letters_between(old: str, new: str) -> int:
    """How many letters must be added, dropped or exchanged (Levenshtein), case aside."""
    before, after = old.casefold(), new.casefold()
    row = list(range(len(after) + 1))
    for i, letter in enumerate(before, 1):
        above, row[0] = row[0], i
        for j, other in enumerate(after, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (letter != other))
    return row[-1]
