"""Opens the birth dates of passengers: of a travel document, or as given at the sale."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from application.booking.ports import BookingPorts
from domain.booking.state import Booking
from domain.booking.travel_documents import TravelDocument


async def known_birth_dates(ports: BookingPorts, booking: Booking) -> Mapping[int, dt.date]:
    """Return the birth dates by passenger, without passengers who gave none or were erased."""
    sold = [each.birth_date for each in booking.passengers]
    boxes = [(i, box) for i, box in enumerate(sold) if box is not None]
    recorded = [(i, box) for i, box in enumerate(booking.documents) if box is not None]
    texts = await ports.vault.open_all([box for _, box in (*boxes, *recorded)])
    found = {
        i: msgspec.json.decode(text, type=dt.date)
        for (i, _), text in zip(boxes, texts[: len(boxes)], strict=True)
        if text is not None
    }
    for (i, _), text in zip(recorded, texts[len(boxes) :], strict=True):
        if text is not None:
            found[i] = msgspec.json.decode(text, type=TravelDocument).birth_date
    return found
