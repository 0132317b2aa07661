"""Named rules of the seat inventory; dated policy values, no events."""

import datetime as dt

HOLD_LIFETIME = dt.timedelta(minutes=15)

# Web sales stop when check-in does (Saudia and flynas: one hour before a domestic departure).
SALES_CLOSE_BEFORE_DEPARTURE = dt.timedelta(minutes=60)

CABINS = ("Y", "J")


def is_on_sale(departs_at: dt.datetime, *, now: dt.datetime) -> bool:
    """Whether seats of a departure may still be held; the closing instant itself is too late."""
    return now < departs_at - SALES_CLOSE_BEFORE_DEPARTURE


def hold_until(*, now: dt.datetime) -> dt.datetime:
    """The deadline of a hold made now."""
    return now + HOLD_LIFETIME
