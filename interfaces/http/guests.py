"""Routes of guests: find a booking by reference and surname, and attach it to an account."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking import attach_booking as attaching
from application.booking import find_booking as finding
from application.booking.attach_booking import Proof
from domain.kernel import ids
from interfaces.http import auth, booking_response, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_response import BookingResponse
from interfaces.http.maintenance import SERVED
from interfaces.http.problems import invalid
from interfaces.http.strict_request import StrictRequest

ReferenceText = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,40}$(?!\n)")]
TokenText = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]


class FindRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The reference of the booking and the surname of any of its passengers.

    Case, accents, spaces and hyphens do not matter. An Arabic surname is the last word of the
    passenger's Arabic name, or its last two or three.
    """

    reference: ReferenceText
    last_name: wire.NameText


class FoundBookingResponse(msgspec.Struct, rename="camel"):
    """The booking, and a bearer token for its routes; `expiresIn` in seconds."""

    booking_id: str
    reference: str
    access_token: str
    expires_in: int


class AttachmentRequest(idempotency.KeyedRequest):
    """What shows that the caller knows the booking: one of both."""

    guest_token: TokenText | None = None
    last_name: wire.NameText | None = None


@post("/api/bookings/find", status_code=200, **SERVED, **auth.open_to_all("find_address"))
async def find_booking(
    request: StrictRequest, data: JSONBody[FindRequest]
) -> Answered[FoundBookingResponse]:
    """Find a booking without an account; the answer is the same whatever is wrong."""
    await _count(request, data.reference)
    found = await finding.find_booking(
        request.ports.booking,
        request.ports.guests.issuer,
        reference=data.reference,
        surname=data.last_name,
    )
    return Answered(
        FoundBookingResponse(
            booking_id=found.booking_id,
            reference=ids.reference_of(found.booking_id),
            access_token=found.token.access_token,
            expires_in=found.token.expires_in,
        )
    )


@post(
    "/api/bookings/{booking_id:str}/attach",
    status_code=200,
    open_to_guests=False,
    idempotency_key="optional",
    **auth.signed_in("see_own_bookings", "booking", scope="bookings:write"),
)
async def attach_booking(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[AttachmentRequest]
) -> Answered[BookingResponse]:
    """Attach a booking that an agency or the call centre sold to the caller's account."""
    caller = idempotency.optional(request, data)
    if (data.guest_token is None) == (data.last_name is None):
        raise invalid("lastName", "either lastName or guestToken is expected")
    if data.last_name is not None:
        await auth.spend(request, "find_address", auth.address_of(request))
        await _count(request, booking_id)
    proof = Proof(guest_token=data.guest_token, surname=data.last_name)
    details = await attaching.attach_booking(
        request.ports.booking, caller, booking_id, proof=proof, guests=request.ports.guests
    )
    return booking_response.answer(details)


async def _count(request: StrictRequest, reference: str) -> None:
    """Count a surname tried with a reference, whoever tries it."""
    await auth.spend(request, "find_reference", ids.booking_id_of(reference) or "none")


ROUTES = (find_booking, attach_booking)
