"""Read everything about one booking: its own events, payments, claims, tax documents, credits."""

from application.audit import read_log
from application.audit.ports import AuditedLog
from application.audit.read_log import AuditedPage
from domain.booking.rejections import BookingNotFound
from domain.kernel import ids


async def read_booking_log(
    log: AuditedLog, id_or_reference: str, *, after: str | None, limit: int
) -> AuditedPage:
    """Return the page behind the position `after`, in the order of the log.

    A credit that came from the booking or paid for it is shown whole. Rejects BookingNotFound and
    CursorRefused, raises Unavailable.
    """
    booking_id = ids.booking_id_of(id_or_reference)
    if booking_id is None:
        raise BookingNotFound
    behind = read_log.position_of(after)
    head = await log.head()
    read_log.require_within(behind, head)
    page = await log.about_booking(booking_id, after=behind, until=head, limit=limit)
    if not page.events and not page.archived and not await _exists(log, booking_id, head):
        raise BookingNotFound
    return read_log.audited(page, first=await log.first())


async def _exists(log: AuditedLog, booking_id: str, head: int) -> bool:
    found = await log.about_booking(booking_id, after=0, until=head, limit=1)
    return bool(found.events or found.archived)
