"""The route of the passenger manifest, for gate and operations."""

import msgspec
from litestar import get
from litestar.params import FromPath

from application.booking.read_manifest import read_manifest
from interfaces.http import auth, wire
from interfaces.http.strict_request import StrictRequest


class ManifestPassengerResponse(msgspec.Struct, rename="camel"):
    """A passenger; names are null once the person was erased, `status` is the coupon's letter.

    `suspended` is why the coupon may not be used (payment_disputed or payment_unconfirmed), and
    `duplicateOf` are other bookings of the flight with a passenger of the same name and type.
    """

    reference: str
    first_name: str | None
    last_name: str | None
    type: wire.PassengerType
    cabin: wire.CabinName
    ticket_number: str | None
    status: str
    seat: str | None
    sequence: int | None
    special_services: list[str]
    duplicate_of: list[str]
    suspended: str | None


class ManifestResponse(msgspec.Struct, rename="camel"):
    """The passengers of a flight by cabin and reference."""

    flight_id: str
    passengers: list[ManifestPassengerResponse]


@get(
    "/api/admin/flights/{flight_id:str}/manifest",
    operation_id="readManifest",
    **auth.signed_in("read_manifest"),
)
async def manifest(request: StrictRequest, flight_id: FromPath[str]) -> ManifestResponse:
    """List the passengers with their seats and special services."""
    passengers = await read_manifest(request.ports.booking, flight_id)
    return ManifestResponse(
        flight_id,
        [
            ManifestPassengerResponse(
                reference=each.reference,
                first_name=each.name.first_name if each.name else None,
                last_name=each.name.last_name if each.name else None,
                type=each.type,
                cabin=wire.CABIN_NAMES[each.cabin],
                ticket_number=each.ticket,
                status=each.status,
                seat=each.seat,
                sequence=each.sequence,
                special_services=list(each.special_services),
                duplicate_of=list(each.duplicates),
                suspended=each.suspended,
            )
            for each in passengers
        ],
    )


ROUTES = (manifest,)
