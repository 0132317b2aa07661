"""Look at travel documents before check-in: opened here, judged, and kept nowhere."""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from application import ports
from application.booking import documents
from application.booking.documents import TravelDocument
from domain.booking import rejections
from domain.booking.state import Booking
from domain.inventory.state import Flight


def local_date(flight: Flight) -> dt.date:
    """The day of travel: local at the origin."""
    return flight.departs_at.astimezone(ZoneInfo(flight.origin_zone)).date()


async def inspect(
    vault: ports.Vault, booking: Booking, flight: Flight, passengers: Sequence[int]
) -> None:
    """Rejects DocumentMissing: abroad everybody needs one that does; at home one that was
    given must do.
    """
    boxes = [(index, box) for index in passengers if (box := booking.documents[index]) is not None]
    texts = await vault.open_all([box for _, box in boxes])
    opened = {
        index: msgspec.json.decode(text, type=TravelDocument)
        for (index, _), text in zip(boxes, texts, strict=True)
        if text is not None
    }
    departs_on = local_date(flight)
    international = not flight.domestic
    for index in passengers:
        document = opened.get(index)
        if document is None:
            if international:
                raise rejections.DocumentMissing(passenger=index, reason="missing")
            continue
        documents.require_fit(
            document,
            passenger=index,
            passenger_type=booking.passengers[index].type,
            departs_on=departs_on,
            international=international,
        )
