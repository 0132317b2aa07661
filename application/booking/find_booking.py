"""A guest finds a booking by its reference and the surname of one of its passengers.

The guest gets a token for this booking and no other, with which the passengers can do what its
owner can, but for taking money out to a bank account: reference and surname stand on every boarding
pass.
"""

import asyncio
import hmac

import msgspec

from application.booking.people import Name
from application.booking.ports import BookingPorts
from application.commands import stream_kinds
from application.identity.ports import IssuedToken, Principal, TokenIssuer
from domain.booking import names, rejections
from domain.booking.state import Booking
from domain.kernel import ids

# Every refusal takes this long: a known reference costs more reads than an unknown one.
REFUSAL_SECONDS = 0.4


class FoundBooking(msgspec.Struct, frozen=True):
    """The booking, and the token that is good for it alone."""

    booking_id: str
    token: IssuedToken


async def find_booking(
    ports: BookingPorts, issuer: TokenIssuer, *, reference: str, surname: str
) -> FoundBooking:
    """Find a booking; the surname in Latin or Arabic letters, in any case.

    Rejects FindRefused, after the same time whatever is wrong.
    """
    booking_id, _ = await booking_of_surname(ports, reference, surname)
    user = f"guest-{booking_id}"
    # Every token names a session; a guest's never ends before the token does.
    guest = Principal(user=user, role="customer", session=user, booking=booking_id)
    return FoundBooking(booking_id, issuer.issue(guest))


async def booking_of_surname(
    ports: BookingPorts, reference: str, surname: str
) -> tuple[str, Booking]:
    """Return the booking of a passenger with this surname, as `find_booking` does."""
    refused_at = asyncio.get_running_loop().time() + REFUSAL_SECONDS
    booking_id = ids.booking_id_of(reference)
    if booking_id is not None:
        booking = (await ports.bus.current(stream_kinds.BOOKING, booking_id))[0]
        if booking is not None and await _has_passenger(ports, booking, surname):
            return booking_id, booking
    await asyncio.sleep(refused_at - asyncio.get_running_loop().time())
    raise rejections.FindRefused()


async def _has_passenger(ports: BookingPorts, booking: Booking, surname: str) -> bool:
    """Whether a passenger of the booking, who was not erased and has not left, is called so."""
    left = {index for each in booking.divided_into for index in each.passengers}
    boxes = [each.name for index, each in enumerate(booking.passengers) if index not in left]
    wanted = names.search_form(surname).encode()
    known = [
        form.encode()
        for text in await ports.vault.open_all(boxes)
        if text is not None
        for name in [msgspec.json.decode(text, type=Name)]
        for form in names.surname_forms(name.last_name, name.arabic_name)
    ]
    # All are compared, so that the time does not say which passenger it is.
    matches = [hmac.compare_digest(wanted, form) for form in known]
    return bool(wanted) and any(matches)
