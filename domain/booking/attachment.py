"""A booking that an agency or the call centre sold is attached to the account of its traveller.

The owner keeps the booking and what follows from having sold it: refunds as credit and the limits
of unpaid seats. A customer's booking stays with that customer, and an attached one with its
account: nobody takes a booking away from an account that has it (B12), until that is closed.
"""

from msgspec.structs import replace

from domain.booking import rejections
from domain.booking.attachment_events import AttachmentEvent, BookingAttached
from domain.booking.state import Booking


def attach(
    booking: Booking, *, user: str, sold_to_owner: bool, holder_has_left: bool = False
) -> list[BookingAttached]:
    """Attach the booking to a user's account; one that has it already changes nothing.

    `sold_to_owner` is whether the owner is a customer, `holder_has_left` whether the account that
    has it attached was closed. Rejects AttachedElsewhere.
    """
    if user in (booking.owner, booking.attached_to):
        return []
    if sold_to_owner or (booking.attached_to is not None and not holder_has_left):
        raise rejections.AttachedElsewhere(reason="attached_to_another_account")
    return [BookingAttached(user=user)]


def evolve(booking: Booking, event: AttachmentEvent) -> Booking:
    """The booking after the event."""
    return replace(booking, attached_to=event.user)
