"""Passengers that an account has saved for its bookings: what is stored of one, and the limit."""

import datetime as dt
from typing import Literal

import msgspec
from msgspec.structs import replace

from domain.booking import ages, names, rejections
from domain.booking.countries import country_of
from domain.booking.travel_documents import TravelDocument

SAVED_LIMIT = 20
# What a travel document shows besides itself, by the field of the request.
SHOWN_BY_DOCUMENT = {"birth_date": "birthDate", "sex": "sex", "nationality": "nationality"}


class SavedDocument(msgspec.Struct, frozen=True):
    """A passport or identity card; the country has three letters (ISO 3166, ICAO 9303)."""

    kind: Literal["passport", "identity_card"]
    number: str
    issuing_country: str
    expires_on: dt.date


class PassengerDetails(msgspec.Struct, frozen=True):
    """A traveller as in the passport; `first_name` is None for passengers with one name only."""

    first_name: str | None
    last_name: str
    arabic_name: str | None = None
    birth_date: dt.date | None = None
    sex: Literal["F", "M", "X"] | None = None
    nationality: str | None = None
    document: SavedDocument | None = None


def checked(details: PassengerDetails, *, today: dt.date) -> PassengerDetails:
    """Return the details as a booking takes them, countries in three letters.

    Rejects NameRefused, InvalidBirthDate, UnknownCountry, and SavedPassengerRefused for a document
    without what it shows, each with the field of the request.
    """
    if details.birth_date is not None:
        ages.require_possible(details.birth_date, today=today, field="birthDate")
    document = details.document
    if document is not None:
        for name, field in SHOWN_BY_DOCUMENT.items():
            if getattr(details, name) is None:
                raise rejections.SavedPassengerRefused(field=field, reason="missing")
        issuer = _country(document.issuing_country, field="document.issuingCountry")
        document = replace(document, issuing_country=issuer)
    first, arabic, nationality = details.first_name, details.arabic_name, details.nationality
    return replace(
        details,
        first_name=None if first is None else names.passport_name(first, field="firstName"),
        last_name=names.passport_name(details.last_name, field="lastName"),
        arabic_name=None if arabic is None else names.arabic_name(arabic, field="arabicName"),
        nationality=None if nationality is None else _country(nationality, field="nationality"),
        document=document,
    )


def travel_document(details: PassengerDetails) -> TravelDocument | None:
    """Return the document with all that it shows; None where none is saved."""
    document = details.document
    if document is None:
        return None
    assert details.birth_date is not None, "a document is saved with what it shows"
    assert details.sex is not None, "a document is saved with what it shows"
    assert details.nationality is not None, "a document is saved with what it shows"
    return TravelDocument(
        kind=document.kind,
        number=document.number,
        issuing_country=document.issuing_country,
        nationality=details.nationality,
        birth_date=details.birth_date,
        sex=details.sex,
        expires_on=document.expires_on,
    )


def require_place(count: int) -> None:
    """There is a place for one more; otherwise SavedPassengerRefused."""
    if count >= SAVED_LIMIT:
        raise rejections.SavedPassengerRefused(
            field="passengers", reason="too_many", limit=SAVED_LIMIT
        )


def _country(code: str, *, field: str) -> str:
    found = country_of(code)
    if found is None:
        raise rejections.UnknownCountry(field=field, reason="unknown_country")
    return found
