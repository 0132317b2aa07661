"""The limit of seats that an account holds or waits for on a flight without having paid (I7)."""

import datetime as dt
import math

from domain.inventory import rejections
from domain.inventory.state import Flight


def require_within_limit(
    flight: Flight, owner: str, seat_count: int, *, limit: int, now: dt.datetime
) -> None:
    """Require that the account has no more unpaid seats than the limit (I7)."""
    unpaid = flight.unpaid_seats_of(owner)
    if unpaid + seat_count <= limit:
        return
    ends = [each.until for _, each in flight.allocations.items() if each.owner == owner]
    until = min((each for each in ends if each is not None and each > now), default=now)
    raise rejections.TooManyUnpaidSeats(
        reason="unpaid_seats_flight",
        limit=limit,
        unpaid=unpaid,
        retry_after_seconds=math.ceil((until - now).total_seconds()) + 1,
    )
