"""Opens the codes of special services, which say what a passenger cannot do, eats or believes.

The log has them sealed, so a decision cannot read them: they are opened before it, and it checks
that nothing was requested meanwhile that it does not know.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from application.ports import Vault
from domain.booking.passenger_details import OpenedCodes, code_of
from domain.booking.state import Booking, SpecialService


async def opened_codes(vault: Vault, bookings: Iterable[Booking]) -> OpenedCodes:
    """Return the codes of all services of these bookings; None where the person was erased."""
    boxes = list(
        {
            each.box: None
            for booking in bookings
            for each in booking.requested_services
            if each.box is not None
        }
    )
    if not boxes:
        return {}
    texts = await vault.open_all(boxes)
    return {
        box: None if text is None else text.decode() for box, text in zip(boxes, texts, strict=True)
    }


def readable_services(booking: Booking, codes: OpenedCodes) -> tuple[SpecialService, ...]:
    """Return the services with their codes, without those of erased persons."""
    return tuple(
        replace(each, code=code, box=None)
        for each in booking.special_services()
        if (code := code_of(each, codes)) is not None
    )
