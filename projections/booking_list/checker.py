"""Compares the rows with the domain's own fold of every booking."""

import datetime as dt
from collections.abc import Iterator

import msgspec

from application.commands import stream_kinds
from domain.booking import disruption, states
from domain.booking import events as booking_events
from domain.booking import fold as booking_fold
from domain.booking import state as booking_state
from projections import reading, rows
from projections.booking_list.projector import TABLE, BookingRow
from projections.projection import Cursor


class Folded(msgspec.Struct):
    """A booking with the facts of its envelopes."""

    booking: booking_state.Booking
    first_position: int
    created_at: dt.datetime
    updated_at: dt.datetime
    unanswered_since: dt.datetime | None = None
    moved_since: dt.datetime | None = None


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    folded: dict[str, Folded] = {}
    for logged in log.with_tags_of(stream_kinds.BOOKING).events(cursor):
        assert isinstance(logged.event, booking_events.BookingEvent)
        before = folded.get(logged.stream)
        after = booking_fold.evolve(before.booking if before else None, logged.event)
        if before is None:
            moment = logged.recorded_at
            before = folded[logged.stream] = Folded(after, logged.position, moment, moment)
        before.booking, before.updated_at = after, logged.recorded_at
        now = logged.recorded_at
        cancelled = disruption.unanswered_cancellations(after)
        before.unanswered_since = (before.unanswered_since or now) if cancelled else None
        moved = disruption.unanswered_moves(after)
        before.moved_since = (before.moved_since or now) if moved else None
    found = {
        row.booking: row
        for row in rows.load_all(cursor, TABLE, BookingRow)
        if row.booking not in log.parked
    }
    yield from reading.compare({name: _row(name, one) for name, one in folded.items()}, found)


def _row(name: str, folded: Folded) -> BookingRow:
    booking = folded.booking
    due = booking.price.total()
    return BookingRow(
        booking=name,
        first_position=folded.first_position,
        owner=booking.owner,
        attached_to=booking.attached_to,
        status=booking.status,
        flights=[segment.flight for segment in booking.segments],
        cabin=booking.segments[0].cabin,
        seat_count=booking.seat_count,
        coupons="".join(
            coupon.status.value
            for coupon in sorted(booking.coupons, key=lambda each: (each.passenger, each.segment))
        ),
        total_amount=due.amount,
        currency=due.currency,
        hold_until=booking.hold_until,
        lapses_at=_lapses_at(booking),
        modification_paid=booking.modification_paid,
        payments=list(booking.payments),
        tickets=_tickets(booking),
        cancelled_segments=list(disruption.unanswered_cancellations(booking)),
        moved_segments=list(disruption.unanswered_moves(booking)),
        reminded_segments=sorted(each.segment for each in booking.disruptions if each.reminded),
        unanswered_since=folded.unanswered_since,
        moved_since=folded.moved_since,
        created_at=folded.created_at,
        updated_at=folded.updated_at,
    )


def _lapses_at(booking: booking_state.Booking) -> dt.datetime | None:
    if booking.awaits_change:
        return None if booking.modification_paid else booking.modification_until
    return booking.hold_until if booking.status in states.UNPAID else None


def _tickets(booking: booking_state.Booking) -> list[str]:
    numbers = {each.passenger: each.number for each in booking.tickets}
    left = sum(len(each.passengers) for each in booking.divided_into)
    return [numbers.get(index, "") for index in range(len(numbers) + left)]
