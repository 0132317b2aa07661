"""When seats can be held, and until when; dated policy values."""

import datetime as dt

from domain.inventory.state import Flight, FlightStatus

HOLD_LIFETIME = dt.timedelta(minutes=15)
# An offer to a waitlisted booking lasts a day.
OFFER_LIFETIME = dt.timedelta(hours=24)
# Web sales stop when check-in does (Saudia and flynas: one hour before a domestic departure).
SALES_CLOSE_BEFORE_DEPARTURE = dt.timedelta(minutes=60)


def sales_close_at(departs_at: dt.datetime) -> dt.datetime:
    """The instant from which seats can no longer be held."""
    return departs_at - SALES_CLOSE_BEFORE_DEPARTURE


def is_on_sale(departs_at: dt.datetime, *, now: dt.datetime) -> bool:
    """Whether seats of a departure may still be held; the closing instant itself is too late."""
    return now < sales_close_at(departs_at)


def is_bookable(flight: Flight, *, now: dt.datetime) -> bool:
    """Whether the flight is to operate and is still on sale."""
    return flight.status is FlightStatus.SCHEDULED and is_on_sale(flight.departs_at, now=now)


def hold_until(*, now: dt.datetime) -> dt.datetime:
    """The deadline of a hold made now."""
    return now + HOLD_LIFETIME


def offer_until(departs_at: dt.datetime, *, now: dt.datetime) -> dt.datetime:
    """The deadline of an offer made now."""
    return min(now + OFFER_LIFETIME, sales_close_at(departs_at))
