"""Travel documents (APIS): what is sealed of them, and whether one does for a journey."""

import datetime as dt
from typing import Literal

import msgspec

from domain.booking import documents, rejections, sale
from domain.pricing.price import PassengerType


class TravelDocument(msgspec.Struct, frozen=True):
    """A passport or identity card; countries are ISO 3166 alpha-3, as machines read them."""

    kind: Literal["passport", "identity_card"]
    number: str
    issuing_country: str
    nationality: str
    birth_date: dt.date
    sex: Literal["F", "M", "X"]
    expires_on: dt.date


def require_fit(
    document: TravelDocument,
    *,
    passenger: int,
    passenger_type: PassengerType,
    departs_on: dt.date,
    international: bool,
) -> None:
    """Abroad a passport good for six months; everywhere the age that was paid for.

    Rejects DocumentMissing. `departs_on` is local at the origin.
    """
    if international and document.kind != "passport":
        raise rejections.DocumentMissing(passenger=passenger, reason="passport_needed")
    needed = documents.passport_needed_until(departs_on) if international else departs_on
    if document.expires_on < needed:
        raise rejections.DocumentMissing(
            passenger=passenger, reason="expires_too_soon", needed=needed.isoformat()
        )
    if sale.passenger_type_on(document.birth_date, departs_on) != passenger_type:
        raise rejections.DocumentMissing(
            passenger=passenger, reason="age_differs", type=passenger_type
        )
