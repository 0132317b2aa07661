"""Routes of passenger details: travel documents and special services before the flight."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking import record_document as use_case
from application.booking import special_services
from application.booking.record_document import TravelDocument
from interfaces.http import auth, booking_response, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_response import BookingResponse
from interfaces.http.strict_request import StrictRequest

# ICAO 9303: three letters, but D for Germany.
CountryCode = Annotated[str, msgspec.Meta(pattern=r"^([A-Z]{3}|D)$(?!\n)")]
ServiceCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{4}$(?!\n)")]
DocumentNumber = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{4,20}$(?!\n)")]


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
    "/api/bookings/{booking_id:str}/documents",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in(None, "booking", scope="bookings:write"),
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


class SpecialServiceRequest(idempotency.KeyedRequest):
    """A service by its IATA code, such as WCHR or VGML, for a passenger on a flight (from 0)."""

    code: ServiceCode
    passenger: wire.PassengerIndex
    segment: wire.SegmentIndex = 0


@post(
    "/api/bookings/{booking_id:str}/special-services",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def request_special_service(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[SpecialServiceRequest]
) -> Answered[BookingResponse]:
    """Request a wheelchair, a meal or another service until check-in closes."""
    details = await special_services.request_special_service(
        request.ports.booking,
        idempotency.optional(request, data),
        booking_id,
        passenger=data.passenger,
        segment=data.segment,
        code=data.code,
    )
    return booking_response.answer(details)


@post(
    "/api/bookings/{booking_id:str}/special-services/withdraw",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def withdraw_special_service(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[SpecialServiceRequest]
) -> Answered[BookingResponse]:
    """Withdraw a requested service; one that was not requested changes nothing."""
    details = await special_services.withdraw_special_service(
        request.ports.booking,
        idempotency.optional(request, data),
        booking_id,
        passenger=data.passenger,
        segment=data.segment,
        code=data.code,
    )
    return booking_response.answer(details)


ROUTES = (record_document, request_special_service, withdraw_special_service)
