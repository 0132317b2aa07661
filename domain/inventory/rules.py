"""Named rules of the seat inventory; dated policy values, no events."""

import datetime as dt

from domain.inventory import rejections
from domain.inventory.events import FlightScheduled
from domain.inventory.state import Flight, FlightStatus
from domain.kernel import money

HOLD_LIFETIME = dt.timedelta(minutes=15)
# A waiting traveller has a day to take what came free.
OFFER_LIFETIME = dt.timedelta(hours=24)

# Web sales stop when check-in does (Saudia and flynas: one hour before a domestic departure).
SALES_CLOSE_BEFORE_DEPARTURE = dt.timedelta(minutes=60)
BOARDING_CLOSES = dt.timedelta(minutes=15)
# From here on a change of times lets passengers leave free of charge (GACA: two hours).
MATERIAL_CHANGE = dt.timedelta(minutes=120)

CABINS = ("Y", "J")
# More seats are authorised than there are, because some do not come: percent, and at most so many.
OVERBOOKING_PERCENT = {"Y": 5, "J": 2}
OVERBOOKING_LIMIT = 10


def authorised_count(cabin: str, physical: int) -> int:
    """How many seats may be sold of so many physical ones."""
    return physical + min(OVERBOOKING_LIMIT, physical * OVERBOOKING_PERCENT[cabin] // 100)


def sales_close_at(departs_at: dt.datetime) -> dt.datetime:
    """From this instant on nothing can be held any more."""
    return departs_at - SALES_CLOSE_BEFORE_DEPARTURE


def is_on_sale(departs_at: dt.datetime, *, now: dt.datetime) -> bool:
    """Whether seats of a departure may still be held; the closing instant itself is too late."""
    return now < sales_close_at(departs_at)


def is_bookable(flight: Flight, *, now: dt.datetime) -> bool:
    """Whether the flight operates and is still on sale."""
    return flight.status is FlightStatus.SCHEDULED and is_on_sale(flight.departs_at, now=now)


def offer_until(departs_at: dt.datetime, *, now: dt.datetime) -> dt.datetime:
    """The deadline of an offer made now."""
    return min(now + OFFER_LIFETIME, sales_close_at(departs_at))


def require_fit_schedule(scheduled: FlightScheduled) -> None:
    """Cabins with classes, fares that can be charged and seats; otherwise ScheduleUnfit."""
    cabins = list(dict.fromkeys(fare.cabin for fare in scheduled.fares))
    codes = [fare.code for fare in scheduled.fares]
    if not cabins or not set(cabins) <= set(CABINS) or len(set(codes)) != len(codes):
        raise rejections.ScheduleUnfit(reason="cabins")
    if not all(money.is_chargeable(fare.fare) for fare in scheduled.fares):
        raise rejections.ScheduleUnfit(reason="fare")
    if len({fare.fare.currency for fare in scheduled.fares}) != 1:
        raise rejections.ScheduleUnfit(reason="currency")
    seats = {move.cabin: move.authorised for move in scheduled.moves}
    opened = [(move.held, move.sold) == (0, 0) and move.authorised >= 0 for move in scheduled.moves]
    if len(seats) != len(scheduled.moves) or set(seats) != set(cabins) or not all(opened):
        raise rejections.ScheduleUnfit(reason="seats")
    _require_fit_layouts(scheduled, seats)
    if scheduled.arrives_at <= scheduled.departs_at:
        raise rejections.ScheduleUnfit(reason="times")


def _require_fit_layouts(scheduled: FlightScheduled, seats: dict[str, int]) -> None:
    """Where there is a map, it is of a cabin, and no more is authorised than the rule allows."""
    for layout in scheduled.layouts:
        if layout.cabin not in seats or len(set(layout.letters)) != len(layout.letters):
            raise rejections.ScheduleUnfit(reason="layout")
        if seats[layout.cabin] > authorised_count(layout.cabin, layout.seat_count):
            raise rejections.ScheduleUnfit(reason="overbooking")


def hold_until(*, now: dt.datetime) -> dt.datetime:
    """The deadline of a hold made now."""
    return now + HOLD_LIFETIME
