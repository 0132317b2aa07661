"""Take passengers off a flight at the gate: their coupons from there on are cancelled."""

from typing import Literal

from application.booking.access import visible_booking
from application.booking.booking_details import BookingDetails, carry_out_and_read, journey_facts
from application.booking.cancel_booking import CancelBooking, Part, cancellation_quote
from application.booking.ports import BookingPorts
from application.booking.staff_notes import sealed_note
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.policies.read_book import read_book
from domain.booking import cancellation

OFFLOAD = "offload"


@stored_answer_first
async def offload_passengers(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    *,
    segment: int,
    passengers: tuple[int, ...] | None,
    reason: str,
    fault: Literal["airline", "passenger"],
) -> BookingDetails:
    """Cancel the coupons of these passengers (None: all) from the segment on, at today's terms.

    No fee is taken where the airline is at fault; `reason` is what staff write about it. The
    caller's role was checked already. Rejects BookingNotFound and what `cancellation_quote` and
    CancelBooking do.
    """
    booking_id, booking = await visible_booking(ports, caller.principal, id_or_reference)
    later = tuple(range(segment, len(booking.segments)))
    quote = cancellation_quote(
        booking_id,
        booking,
        await journey_facts(ports, booking),
        book=await read_book(ports.bus),
        part=Part(passengers=passengers, segments=later),
        at_gate=True,
        waiver=cancellation.BY_STAFF if fault == "airline" else None,
        now=ports.clock(),
        notes=await sealed_note(ports.vault, booking, reason),
    )
    command = CancelBooking(quote=quote, reason=OFFLOAD)
    return await carry_out_and_read(ports, caller, command)
