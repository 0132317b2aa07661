"""The route by which travel documents are recorded before check-in."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking import record_document as use_case
from application.booking.record_document import TravelDocument
from interfaces.http import auth, booking_response, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_response import BookingResponse
from interfaces.http.strict_request import StrictRequest

CountryCode = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
DocumentNumber = Annotated[str, msgspec.Meta(pattern="^[A-Z0-9]{4,20}$")]


class DocumentRequest(idempotency.KeyedRequest):
    """A travel document as its machine-readable zone has it (ICAO 9303); kept sealed."""

    passenger: wire.PassengerIndex
    kind: Literal["passport", "identity_card"]
    number: DocumentNumber
    issuing_country: CountryCode
    nationality: CountryCode
    birth_date: dt.date
    sex: Literal["F", "M", "X"]
    expires_on: dt.date


@post(
    "/api/bookings/{booking_id:str}/documents", status_code=200, **auth.signed_in(None, "booking")
)
async def record_document(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[DocumentRequest]
) -> Answered[BookingResponse]:
    """Store a passenger's document; an invalid one is refused now rather than at check-in."""
    caller = idempotency.optional(request, data)
    details = await use_case.record_document(
        request.ports.booking,
        caller,
        booking_id,
        passenger=data.passenger,
        document=_document(data),
    )
    return booking_response.answer(details)


def _document(data: DocumentRequest) -> TravelDocument:
    return TravelDocument(
        kind=data.kind,
        number=data.number,
        issuing_country=data.issuing_country,
        nationality=data.nationality,
        birth_date=data.birth_date,
        sex=data.sex,
        expires_on=data.expires_on,
    )


ROUTES = (record_document,)
