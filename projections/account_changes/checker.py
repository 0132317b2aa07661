"""Makes the changes of every account again from the log and compares them with the rows."""

from collections.abc import Iterator

from projections import reading, rows
from projections.account_changes.projector import (
    BOOKINGS,
    CHANGES,
    AccountBooking,
    AccountChange,
    booking_of,
    changes_of,
    learn,
)
from projections.projection import Cursor


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    bookings: dict[str, AccountBooking] = {}
    changes: dict[str, AccountChange] = {}
    for logged in log.events(cursor):
        if booking_of(logged) in log.parked:
            continue
        learn(bookings, logged)
        for change in changes_of(bookings, logged):
            changes[_name(change)] = change
    found = {
        row.booking: row
        for row in rows.load_all(cursor, BOOKINGS, AccountBooking)
        if row.booking not in log.parked
    }
    yield from reading.compare(bookings, found)
    kept = {
        _name(row): row
        for row in rows.load_all(cursor, CHANGES, AccountChange)
        if log.parked.isdisjoint((row.stream, row.booking))
    }
    yield from reading.compare(changes, kept)


def _name(change: AccountChange) -> str:
    return f"{change.account} at {change.position}"
