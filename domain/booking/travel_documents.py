"""Which travel document a flight needs: its kind, and how long it must be valid."""

import datetime as dt
from typing import Literal

import msgspec

from domain.booking import entry_rules, rejections
from domain.booking.countries import country_of
from domain.booking.values import DocumentProblem


class TravelDocument(msgspec.Struct, frozen=True):
    """A passport or identity card; countries have three letters (ISO 3166, ICAO 9303)."""

    kind: Literal["passport", "identity_card"]
    number: str
    issuing_country: str
    nationality: str
    birth_date: dt.date
    sex: Literal["F", "M", "X"]
    expires_on: dt.date


class Sector(msgspec.Struct, frozen=True):
    """A flight as a border control sees it; the day is local at the origin.

    Countries have two letters (ISO 3166), None where the airport is unknown.
    """

    departs_on: dt.date
    domestic: bool
    origin: str | None = None
    destination: str | None = None


def with_known_countries(document: TravelDocument) -> TravelDocument:
    """Return the document with countries in three letters; Germany's D becomes DEU.

    Rejects UnknownCountry with the field of the request.
    """
    issuer, nationality = country_of(document.issuing_country), country_of(document.nationality)
    for field, found in (("issuingCountry", issuer), ("nationality", nationality)):
        if found is None:
            raise rejections.UnknownCountry(field=field, reason="unknown_country")
    assert issuer is not None and nationality is not None
    return msgspec.structs.replace(document, issuing_country=issuer, nationality=nationality)


def problem_on(document: TravelDocument, sector: Sector, *, segment: int) -> DocumentProblem | None:
    """Return why the document does not do for the flight of this segment; None where it does."""
    if document.kind != "passport" and not _card_suffices(document, sector):
        return DocumentProblem(segment, "passport_needed")
    needed = needed_until(document, sector)
    if document.expires_on < needed:
        return DocumentProblem(segment, "expires_too_soon", needed)
    return None


def _card_suffices(document: TravelDocument, sector: Sector) -> bool:
    """Whether an identity card does for the flight; abroad, one of the own country only."""
    return sector.domestic or (
        document.issuing_country == document.nationality
        and entry_rules.card_suffices(
            sector.departs_on,
            origin=sector.origin,
            destination=sector.destination,
            nationality=document.nationality,
        )
    )


def needed_until(document: TravelDocument, sector: Sector) -> dt.date:
    """Return the last day on which the document must be valid for the flight."""
    if sector.domestic or document.kind != "passport":
        return sector.departs_on
    months = entry_rules.passport_months(
        sector.departs_on, destination=sector.destination, nationality=document.nationality
    )
    return months_after(sector.departs_on, months)


def months_after(day: dt.date, months: int) -> dt.date:
    """Return the same day so many months later; the last day of a month that is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    last = (dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)).day
    return dt.date(year, month, min(day.day, last))


def refusal(
    problem: DocumentProblem, *, passenger: int, field: str | None = None
) -> rejections.DocumentMissing:
    """Return the rejection of a document with this problem; `field` is a member of the request."""
    facts: dict[str, str | int] = {"passenger": passenger, "segment": problem.segment}
    if field is not None:
        facts["field"] = field
    if problem.needed_until is not None:
        facts["needed"] = problem.needed_until.isoformat()
    if problem.needed_type is not None:
        facts["needed"] = problem.needed_type
    return rejections.DocumentMissing(reason=problem.reason, **facts)
