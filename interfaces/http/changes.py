"""The route by which an app follows the bookings of its user: which have changed, and in what."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import QueryParameter

from application.booking import list_changes as listing
from application.booking.list_changes import ChangeKind
from domain.kernel import ids
from interfaces.http import auth, wire
from interfaces.http.problems import invalid
from interfaces.http.strict_request import StrictRequest

PAGE_LIMIT = 500


class BookingChangeResponse(msgspec.Struct, rename="camel"):
    """One change: read the booking to see it."""

    booking_id: str
    reference: str
    kind: ChangeKind


class ChangesResponse(wire.ReadModelResponse):
    """The oldest first. `cursor` is what to ask with next time, null before the first change;
    `hasMore` means: ask at once.
    """

    changes: list[BookingChangeResponse]
    cursor: str | None
    has_more: bool


@get("/api/changes", **auth.signed_in("see_own_bookings"))
async def list_changes(
    request: StrictRequest,
    after: Annotated[str | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter()] = 100,
) -> ChangesResponse:
    """List what has changed in the caller's bookings since `after`."""
    if not 1 <= limit <= PAGE_LIMIT:
        raise invalid("limit", f"1 to {PAGE_LIMIT} is expected")
    page = await listing.list_changes(
        request.ports.list_changes, request.principal, after=after, limit=limit
    )
    return ChangesResponse(
        changes=[
            BookingChangeResponse(each.booking_id, ids.reference_of(each.booking_id), each.kind)
            for each in page.changes
        ],
        cursor=page.cursor,
        has_more=page.has_more,
        as_of_position=page.as_of.position,
        lag_seconds=page.as_of.lag_seconds,
    )


ROUTES = (list_changes,)
