"""Named rules of the seat inventory; dated policy values, no events."""

import datetime as dt

from domain.inventory import rejections
from domain.inventory.events import FlightScheduled
from domain.kernel import money

HOLD_LIFETIME = dt.timedelta(minutes=15)

# Web sales stop when check-in does (Saudia and flynas: one hour before a domestic departure).
SALES_CLOSE_BEFORE_DEPARTURE = dt.timedelta(minutes=60)

CABINS = ("Y", "J")


def is_on_sale(departs_at: dt.datetime, *, now: dt.datetime) -> bool:
    """Whether seats of a departure may still be held; the closing instant itself is too late."""
    return now < departs_at - SALES_CLOSE_BEFORE_DEPARTURE


def require_fit_schedule(scheduled: FlightScheduled) -> None:
    """Each cabin once, with a fare that can be charged and seats; otherwise ScheduleUnfit."""
    cabins = [fare.cabin for fare in scheduled.fares]
    if not cabins or len(set(cabins)) != len(cabins) or not set(cabins) <= set(CABINS):
        raise rejections.ScheduleUnfit(reason="cabins")
    if not all(money.is_chargeable(fare.fare) for fare in scheduled.fares):
        raise rejections.ScheduleUnfit(reason="fare")
    seats = {move.cabin: move.authorised for move in scheduled.moves}
    opened = [(move.held, move.sold) == (0, 0) and move.authorised >= 0 for move in scheduled.moves]
    if len(seats) != len(scheduled.moves) or set(seats) != set(cabins) or not all(opened):
        raise rejections.ScheduleUnfit(reason="seats")
    if scheduled.arrives_at <= scheduled.departs_at:
        raise rejections.ScheduleUnfit(reason="times")


def hold_until(*, now: dt.datetime) -> dt.datetime:
    """The deadline of a hold made now."""
    return now + HOLD_LIFETIME
