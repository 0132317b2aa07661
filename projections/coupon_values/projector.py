"""Divides the liabilities of a booking among its flights, and its charges among authorities, by the
domain's fold after each event.
"""

import datetime as dt
from collections.abc import Iterator, Sequence

import msgspec

from application.commands import stream_kinds
from domain.booking.coupons import FINAL, CouponStatus
from domain.booking.state import Booking
from domain.kernel import entries
from domain.ledger import accounts
from domain.pricing.price import charge_lines
from projections import reading, rows
from projections.ledger_journal.projector import is_money_event
from projections.projection import Cursor, LoggedEvent, Projection

CHANGE = "coupon_value_change"
VALUE = "coupon_value"
CHARGE = "charge_change"

# What the values are divided of; each booking's sum on each equals its postings.
DIVIDED_ACCOUNTS = (
    accounts.AIR_TRAFFIC_LIABILITY,
    accounts.ANCILLARY_LIABILITY,
    accounts.AIRPORT_CHARGES,
)

Values = dict[tuple[str, str], int]
"""Minor units, credit positive, by flight and account."""

ChargeKey = tuple[str, str, str, str]
"""Flight, authority, code and airport; "" where the charge is not of one airport."""


class ChangeRow(msgspec.Struct, frozen=True):
    """What an event changed in what is owed for a flight of a booking; credit positive."""

    position: int
    flight: str
    account: str
    booking: str
    currency: str
    amount: int
    effective_on: dt.date


class ChargeRow(msgspec.Struct, frozen=True):
    """What an event changed in what is owed to an authority by a code; credit positive."""

    position: int
    flight: str
    authority: str
    code: str
    airport: str
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


def charges_of(booking: Booking) -> dict[ChargeKey, int]:
    """Return what is owed to authorities: of coupons to be flown, flown, or not refundable."""
    found: dict[ChargeKey, int] = {}
    if not booking.tickets:
        return found
    for coupon in booking.coupons:
        lines = charge_lines(coupon.charge, coupon.charges)
        if coupon.status in FINAL and coupon.status is not CouponStatus.FLOWN:
            lines = tuple(each for each in lines if coupon.kept_charge and not each.refundable)
        flight = booking.segments[coupon.segment].flight
        for each in lines:
            key = (flight, each.authority, each.code, each.airport or "")
            found[key] = found.get(key, 0) + each.amount
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
    changes: list[ChangeRow] = []
    charges: list[ChargeRow] = []
    for logged, before, after in _steps(cursor, {each.position for each in events}, events):
        changes += _difference(logged, before, after)
        charges += _charge_difference(logged, before, after)
    rows.insert(cursor, CHANGE, changes)
    rows.insert(cursor, CHARGE, charges)
    known = rows.load(cursor, VALUE, "flight", {each.flight for each in changes}, ValueRow)
    values = {(each.flight, each.account, each.currency): each for each in known}
    for change in changes:
        key = (change.flight, change.account, change.currency)
        value = values.setdefault(key, ValueRow(*key, 0, change.effective_on, change.position))
        value.amount += change.amount
        value.last_effective_on = max(value.last_effective_on, change.effective_on)
        value.last_position = max(value.last_position, change.position)
    rows.upsert(cursor, VALUE, ("flight", "account", "currency"), list(values.values()))


def _steps(
    cursor: Cursor, wanted: set[int], events: Sequence[LoggedEvent]
) -> Iterator[tuple[LoggedEvent, Booking | None, Booking]]:
    """Yield the wanted events, each with its booking before and after it; each booking is folded
    from its beginning.
    """
    states: dict[str, Booking] = {}
    streams = {each.stream for each in events}
    last = max((each.position for each in events), default=0)
    for logged in reading.histories(cursor, streams, last):
        before = states.get(logged.stream)
        after: Booking = stream_kinds.BOOKING.evolve(before, logged.event)
        states[logged.stream] = after
        if logged.position in wanted:
            yield logged, before, after


def _difference(logged: LoggedEvent, before: Booking | None, after: Booking) -> Iterator[ChangeRow]:
    old = {} if before is None else values_of(before)
    new = values_of(after)
    day = _day_of(logged)
    for flight, account in sorted(old.keys() | new.keys()):
        amount = new.get((flight, account), 0) - old.get((flight, account), 0)
        if amount:
            yield ChangeRow(
                logged.position, flight, account, logged.stream, after.currency, amount, day
            )


def _charge_difference(
    logged: LoggedEvent, before: Booking | None, after: Booking
) -> Iterator[ChargeRow]:
    old = {} if before is None else charges_of(before)
    new = charges_of(after)
    for key in sorted(old.keys() | new.keys()):
        amount = new.get(key, 0) - old.get(key, 0)
        if amount:
            yield ChargeRow(
                logged.position, *key, logged.stream, after.currency, amount, _day_of(logged)
            )


def _day_of(logged: LoggedEvent) -> dt.date:
    """Return the accounting day that the change belongs to."""
    entry: entries.Entry | None = getattr(logged.event, "entry", None)
    return entries.accounting_day(logged.recorded_at) if entry is None else entry.effective_on


PROJECTION = Projection(
    name="coupon_values",
    # What is owed for a flight changes only with an entry.
    event_types=tuple(each for each in stream_kinds.BOOKING.event_types if is_money_event(each)),
    apply=apply,
    stops_on_poison=True,
)
