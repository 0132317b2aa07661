"""When seats can be held, and until when; how long is a policy of the airline."""

import datetime as dt

import msgspec

from domain.inventory.state import Flight, FlightStatus


class SaleLimits(msgspec.Struct, frozen=True):
    """Sales of a flight close so long before departure; it takes so many infants on laps."""

    closes: dt.timedelta
    infants: int


def sales_close_at(departs_at: dt.datetime, *, closes: dt.timedelta) -> dt.datetime:
    """The instant from which seats can no longer be held, so long before departure."""
    return departs_at - closes


def is_on_sale(departs_at: dt.datetime, *, closes: dt.timedelta, now: dt.datetime) -> bool:
    """Whether seats of a departure may still be held; the closing instant itself is too late."""
    return now < sales_close_at(departs_at, closes=closes)


def is_bookable(flight: Flight, *, closes: dt.timedelta, now: dt.datetime) -> bool:
    """Whether the flight is to operate and is still on sale."""
    on_sale = is_on_sale(flight.departs_at, closes=closes, now=now)
    return flight.status is FlightStatus.SCHEDULED and on_sale


def offer_until(
    departs_at: dt.datetime, *, lasts: dt.timedelta, closes: dt.timedelta, now: dt.datetime
) -> dt.datetime:
    """The deadline of an offer made now: it ends with the sales at the latest."""
    return min(now + lasts, sales_close_at(departs_at, closes=closes))
