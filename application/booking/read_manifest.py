"""The passenger manifest of a flight: who flies on it, where they sit and what they need."""

import unicodedata

import msgspec

from application.booking.booking_details import bookings_on
from application.booking.opened_needs import opened_codes, readable_services
from application.booking.people import Name
from application.booking.ports import BookingPorts
from application.inventory import flights
from domain.booking.coupons import NOT_FLYING
from domain.booking.state import Booking, SpecialService
from domain.booking.suspension import suspension_of
from domain.kernel import ids, sealed
from domain.pricing.price import PassengerType


class ManifestPassenger(msgspec.Struct, frozen=True):
    """A passenger with a coupon on the flight; `name` is None where the person was erased.

    `status` is the IATA letter of the coupon, `special_services` are IATA codes, `duplicates` are
    the references of other bookings of this flight with a passenger of the same name and type.
    `suspended` is the reason for which the coupon may not be used, None where it may.
    """

    reference: str
    name: Name | None
    type: PassengerType
    cabin: str
    ticket: str | None
    status: str
    seat: str | None
    sequence: int | None
    special_services: tuple[str, ...]
    duplicates: tuple[str, ...] = ()
    suspended: str | None = None


async def read_manifest(ports: BookingPorts, flight_id: str) -> list[ManifestPassenger]:
    """Return the passengers of the flight by cabin, reference and place in the booking.

    Those of unpaid bookings are included. Cancelled coupons are not, nor those of passengers who
    missed this flight or one before it. Rejects FlightNotFound.
    """
    flight = await flights.current(ports.bus, flight_id)
    bookings = await bookings_on(ports, flight)
    codes = await opened_codes(ports.vault, bookings.values())
    listed: list[ManifestPassenger] = []
    boxes: list[sealed.Sealed] = []
    for booking_id, booking in bookings.items():
        services = readable_services(booking, codes)
        for passenger, entry in _passengers(booking_id, booking, flight_id, services):
            listed.append(entry)
            boxes.append(booking.passengers[passenger].name)
    texts = await ports.vault.open_all(boxes)
    named = [
        entry
        if text is None
        else msgspec.structs.replace(entry, name=msgspec.json.decode(text, type=Name))
        for entry, text in zip(listed, texts, strict=True)
    ]
    flagged = _with_duplicates(named)
    return sorted(flagged, key=lambda entry: (entry.cabin, entry.reference))


def _with_duplicates(passengers: list[ManifestPassenger]) -> list[ManifestPassenger]:
    """Flag people who seem to be booked twice; two people may have one name, so no more than that.

    Names are compared at reading: an index of them in the log would outlive their erasure.
    """
    references: dict[tuple[str, PassengerType], set[str]] = {}
    for each in passengers:
        if each.name is not None:
            references.setdefault((_letters(each.name), each.type), set()).add(each.reference)
    return [
        each
        if each.name is None
        else msgspec.structs.replace(
            each,
            duplicates=tuple(sorted(references[_letters(each.name), each.type] - {each.reference})),
        )
        for each in passengers
    ]


def _letters(name: Name) -> str:
    """The letters of a name, without case, marks, spaces and hyphens."""
    text = unicodedata.normalize("NFKD", f"{name.last_name}{name.first_name}").casefold()
    return "".join(letter for letter in text if letter.isalpha())


def _passengers(
    booking_id: str,
    booking: Booking,
    flight_id: str,
    services: tuple[SpecialService, ...],
) -> list[tuple[int, ManifestPassenger]]:
    suspension = suspension_of(booking)
    return [
        (
            coupon.passenger,
            ManifestPassenger(
                reference=ids.reference_of(booking_id),
                name=None,
                type=booking.passengers[coupon.passenger].type,
                cabin=booking.segments[coupon.segment].cabin,
                ticket=booking.ticket_of(coupon),
                status=coupon.status.value,
                seat=coupon.seat,
                sequence=coupon.sequence,
                special_services=tuple(
                    each.code
                    for each in services
                    if (each.passenger, each.segment) == (coupon.passenger, coupon.segment)
                ),
                suspended=None if suspension is None else suspension.reason,
            ),
        )
        for coupon in booking.coupons
        if booking.segments[coupon.segment].flight == flight_id and coupon.status not in NOT_FLYING
    ]
