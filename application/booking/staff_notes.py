"""What staff write about a booking: sealed for the log, opened for staff only.

A note may name a person. It is sealed under the key of the booking's contact, so that it becomes
unreadable with the contact; once that person was erased, no note is kept.
"""

from collections.abc import Sequence

from application.booking.people import sealed_beside
from application.booking.ports import BookingPorts
from application.identity.ports import Principal
from application.ports import Vault
from domain.booking import cancellation, rejections
from domain.booking.state import Booking
from domain.identity import roles
from domain.kernel.sealed import Sealed

Notes = tuple[Sealed, ...]


async def sealed_note(vault: Vault, booking: Booking, text: str) -> Notes:
    """Return the note as it is stored; nothing where the contact was erased."""
    box = await sealed_beside(vault, booking.contact, text.encode())
    return () if box is None else (box,)


async def reason_and_notes(
    ports: BookingPorts, principal: Principal, booking: Booking, reason: str
) -> tuple[str, Notes]:
    """Return the code of why a booking is cancelled, and the note of staff who gave another reason.

    Rejects InvalidReason for a customer whose reason is none of the codes.
    """
    if reason in cancellation.REASONS:
        return reason, ()
    if not roles.may(principal.role, "change_any_booking"):
        raise rejections.InvalidReason(
            field="reason", reason=f"one of {', '.join(cancellation.REASONS)} is expected"
        )
    return cancellation.BY_STAFF, await sealed_note(ports.vault, booking, reason)


async def opened_notes(vault: Vault, notes: Sequence[Sealed]) -> list[str | None]:
    """Return the notes in order; None where the person was erased."""
    return [None if text is None else text.decode() for text in await vault.open_all(notes)]
