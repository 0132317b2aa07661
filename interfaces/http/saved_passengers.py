"""Routes of the passengers that an account saves for its bookings."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody

from application.booking import saved_passengers as use_cases
from application.booking.saved_passengers import SavedPassenger
from interfaces.http import auth, wire
from interfaces.http.documents import CountryCode, DocumentNumber
from interfaces.http.strict_request import StrictRequest

SavedPassengerId = Annotated[str, msgspec.Meta(pattern=r"^pax_[0-9a-f]{24}$(?!\n)")]


class SavedDocumentRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A travel document as its machine-readable zone has it (ICAO 9303)."""

    kind: Literal["passport", "identity_card"]
    number: DocumentNumber
    issuing_country: CountryCode
    expires_on: dt.date


class SavedPassengerRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A traveller as a booking takes one; with a document, `birthDate`, `sex` and `nationality` are
    needed."""

    first_name: wire.NameText | None
    last_name: wire.NameText
    arabic_name: wire.ArabicNameText | None = None
    birth_date: dt.date | None = None
    sex: Literal["F", "M", "X"] | None = None
    nationality: CountryCode | None = None
    document: SavedDocumentRequest | None = None


class SavedDocumentResponse(msgspec.Struct, rename="camel"):
    """The saved travel document."""

    kind: Literal["passport", "identity_card"]
    number: str
    issuing_country: str
    expires_on: dt.date


class SavedPassengerResponse(msgspec.Struct, rename="camel"):
    """A saved passenger; countries have three letters."""

    id: str
    first_name: str | None
    last_name: str
    arabic_name: str | None
    birth_date: dt.date | None
    sex: Literal["F", "M", "X"] | None
    nationality: str | None
    document: SavedDocumentResponse | None


class SavedPassengersResponse(msgspec.Struct, rename="camel"):
    """At most twenty, the oldest first."""

    passengers: list[SavedPassengerResponse]


class PassengerRemovedResponse(msgspec.Struct, rename="camel"):
    """The passenger is not saved any more."""

    removed: bool


@get("/api/me/passengers", **auth.signed_in(None))
async def list_saved_passengers(request: StrictRequest) -> SavedPassengersResponse:
    """List the passengers that the caller has saved for bookings."""
    found = await use_cases.list_passengers(request.ports.passengers, request.principal.user)
    return SavedPassengersResponse([_answer(each) for each in found])


@post("/api/me/passengers", status_code=201, **auth.signed_in(None))
async def save_passenger(
    request: StrictRequest, data: JSONBody[SavedPassengerRequest]
) -> SavedPassengerResponse:
    """Save a passenger, at most twenty; a repeat answers with the one that is saved already."""
    user, details = request.principal.user, _details(data)
    return _answer(await use_cases.save_passenger(request.ports.passengers, user, details))


@put("/api/me/passengers/{passenger_id:str}", **auth.signed_in(None))
async def replace_saved_passenger(
    request: StrictRequest,
    passenger_id: FromPath[str],
    data: JSONBody[SavedPassengerRequest],
) -> SavedPassengerResponse:
    """Replace all that is saved of a passenger; bookings keep what they have."""
    return _answer(
        await use_cases.replace_passenger(
            request.ports.passengers, request.principal.user, passenger_id, _details(data)
        )
    )


@delete("/api/me/passengers/{passenger_id:str}", status_code=200, **auth.signed_in(None))
async def remove_saved_passenger(
    request: StrictRequest, passenger_id: FromPath[str]
) -> PassengerRemovedResponse:
    """Remove a saved passenger; bookings keep what they have."""
    user = request.principal.user
    await use_cases.remove_passenger(request.ports.passengers, user, passenger_id)
    return PassengerRemovedResponse(removed=True)


def _details(data: SavedPassengerRequest) -> use_cases.Details:
    document = data.document
    return use_cases.Details(
        first_name=data.first_name,
        last_name=data.last_name,
        arabic_name=data.arabic_name,
        birth_date=data.birth_date,
        sex=data.sex,
        nationality=data.nationality,
        document=None
        if document is None
        else use_cases.Document(
            document.kind, document.number, document.issuing_country, document.expires_on
        ),
    )


def _answer(saved: SavedPassenger) -> SavedPassengerResponse:
    details = saved.details
    document = details.document
    return SavedPassengerResponse(
        id=saved.id,
        first_name=details.first_name,
        last_name=details.last_name,
        arabic_name=details.arabic_name,
        birth_date=details.birth_date,
        sex=details.sex,
        nationality=details.nationality,
        document=None
        if document is None
        else SavedDocumentResponse(
            document.kind, document.number, document.issuing_country, document.expires_on
        ),
    )


ROUTES = (
    list_saved_passengers,
    save_passenger,
    replace_saved_passenger,
    remove_saved_passenger,
)
