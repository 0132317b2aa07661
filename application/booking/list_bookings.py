"""List the bookings of a user, newest first."""

import datetime as dt
from collections.abc import Sequence

from application.booking.ports import BookingPorts
from application.identity.ports import Principal
from application.queries import BookingFilter, BookingPage
from domain.booking.states import Status

STATUSES = tuple(each.value for each in Status)


async def list_bookings(
    ports: BookingPorts,
    principal: Principal,
    *,
    cursor: str | None,
    limit: int,
    statuses: Sequence[str] = (),
    upcoming: bool | None = None,
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
) -> BookingPage:
    """Return a page of the user's own bookings, those that the filters leave; rejects
    CursorRefused.
    """
    wanted = BookingFilter(
        statuses=tuple(statuses),
        upcoming=upcoming,
        now=ports.clock(),
        first_day=first_day,
        last_day=last_day,
    )
    return await ports.list_bookings(
        owner=principal.user, cursor=cursor, limit=limit, wanted=wanted
    )
