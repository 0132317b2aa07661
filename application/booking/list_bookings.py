"""List the bookings of a user, newest first."""

from application.booking.ports import BookingPorts
from application.identity.ports import Principal
from application.queries import BookingPage


async def list_bookings(
    ports: BookingPorts, principal: Principal, *, cursor: str | None, limit: int
) -> BookingPage:
    """Return a page of the user's own bookings; rejects CursorRefused."""
    return await ports.list_bookings(owner=principal.user, cursor=cursor, limit=limit)
