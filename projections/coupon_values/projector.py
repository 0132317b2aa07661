"""Divides the liabilities of a booking among its flights, by the domain's fold after each event."""

import datetime as dt
from collections.abc import Iterator, Sequence

import msgspec

from application.commands import stream_kinds
from domain.booking.coupons import FINAL, CouponStatus
from domain.booking.state import Booking
from domain.kernel import entries
from domain.ledger import accounts
from projections import reading, rows
from projections.ledger_journal.projector import is_money_event
from projections.projection import Cursor, LoggedEvent, Projection

CHANGE = "coupon_value_change"
VALUE = "coupon_value"

# What the values are divided of; each booking's sum on each equals its postings.
DIVIDED_ACCOUNTS = (
    accounts.AIR_TRAFFIC_LIABILITY,
    accounts.ANCILLARY_LIABILITY,
    accounts.AIRPORT_CHARGES,
)

Values = dict[tuple[str, str], int]
"""Minor units, credit positive, by flight and account."""


class ChangeRow(msgspec.Struct, frozen=True):
    """What an event changed in what is owed for a flight of a booking; credit positive."""

    position: int
    flight: str
    account: str
    booking: str
    currency: str
    amount: int
    effective_on: dt.date


def values_of(booking: Booking) -> Values:
    """Return what is owed for each flight: carriage and extras until flown, charges also after.

    Nothing before tickets are issued. What was missed or refunded owes nothing any more but what
    authorities keep.
    """
    found: Values = {}
    if not booking.tickets:
        return found
    ahead = {(each.passenger, each.segment) for each in booking.coupons if each.status not in FINAL}
    for coupon in booking.coupons:
        flight = booking.segments[coupon.segment].flight
        if (coupon.passenger, coupon.segment) in ahead:
            _add(found, flight, accounts.AIR_TRAFFIC_LIABILITY, coupon.fare)
            _add(found, flight, accounts.AIRPORT_CHARGES, coupon.charge)
        elif coupon.status is CouponStatus.FLOWN:
            _add(found, flight, accounts.AIRPORT_CHARGES, coupon.charge)
        elif coupon.kept_charge:
            _add(found, flight, accounts.AIRPORT_CHARGES, coupon.kept_charge)
    for extra in booking.extras:
        if (extra.passenger, extra.segment) in ahead:
            flight = booking.segments[extra.segment].flight
            _add(found, flight, accounts.ANCILLARY_LIABILITY, extra.net)
    return found


def _add(values: Values, flight: str, account: str, amount: int) -> None:
    values[flight, account] = values.get((flight, account), 0) + amount


class ValueRow(msgspec.Struct):
    """What is owed for a flight on an account, and its last change."""

    flight: str
    account: str
    currency: str
    amount: int
    last_effective_on: dt.date
    last_position: int


def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Write what each event changed."""
    changes = list(_changes(cursor, {each.position for each in events}, events))
    rows.insert(cursor, CHANGE, changes)
    known = rows.load(cursor, VALUE, "flight", {each.flight for each in changes}, ValueRow)
    values = {(each.flight, each.account, each.currency): each for each in known}
    for change in changes:
        key = (change.flight, change.account, change.currency)
        value = values.setdefault(key, ValueRow(*key, 0, change.effective_on, change.position))
        value.amount += change.amount
        value.last_effective_on = max(value.last_effective_on, change.effective_on)
        value.last_position = max(value.last_position, change.position)
    rows.upsert(cursor, VALUE, ("flight", "account", "currency"), list(values.values()))


def _changes(
    cursor: Cursor, wanted: set[int], events: Sequence[LoggedEvent]
) -> Iterator[ChangeRow]:
    """Yield the changes by the wanted events; each booking is folded from its beginning."""
    states: dict[str, Booking] = {}
    streams = {each.stream for each in events}
    last = max((each.position for each in events), default=0)
    for logged in reading.histories(cursor, streams, last):
        before = states.get(logged.stream)
        after: Booking = stream_kinds.BOOKING.evolve(before, logged.event)
        states[logged.stream] = after
        if logged.position in wanted:
            yield from _difference(logged, before, after)


def _difference(logged: LoggedEvent, before: Booking | None, after: Booking) -> Iterator[ChangeRow]:
    old = {} if before is None else values_of(before)
    new = values_of(after)
    entry: entries.Entry | None = getattr(logged.event, "entry", None)
    day = entries.accounting_day(logged.recorded_at) if entry is None else entry.effective_on
    for flight, account in sorted(old.keys() | new.keys()):
        amount = new.get((flight, account), 0) - old.get((flight, account), 0)
        if amount:
            yield ChangeRow(
                logged.position, flight, account, logged.stream, after.currency, amount, day
            )


PROJECTION = Projection(
    name="coupon_values",
    # What is owed for a flight changes only with an entry.
    event_types=tuple(each for each in stream_kinds.BOOKING.event_types if is_money_event(each)),
    apply=apply,
    stops_on_poison=True,
)
