"""By what staff look for bookings, in the form in which a keyed hash of it can be compared."""

import unicodedata
from collections.abc import Iterator
from typing import Literal

import msgspec

from application.booking.people import Contact, Name
from domain.booking import names
from domain.booking.state import Booking
from domain.booking.travel_documents import TravelDocument
from domain.kernel.sealed import Sealed

Criterion = Literal["name", "email", "phone", "ticket", "document", "flight"]
# Country code, area code and leading zeros are written in many ways; these digits are not.
PHONE_DIGITS = 9


class Term(msgspec.Struct, frozen=True):
    """One thing by which a booking is found, in its one form; it disappears with the key of the
    subject, which is the person that it is about.
    """

    criterion: Criterion
    form: str
    subject: str


def form_of(criterion: Criterion, text: str) -> str:
    """Return what all spellings have in common; empty where nothing is left to look for."""
    match criterion:
        case "name":
            return names.search_form(text)
        case "email":
            return unicodedata.normalize("NFC", text.strip()).casefold()
        case "phone":
            return _digits(text)[-PHONE_DIGITS:]
        case "ticket":
            return _digits(text)
        case "document":
            return "".join(each for each in text.upper() if each.isalnum())
        case "flight":
            return text


def boxes_of(booking: Booking) -> list[Sealed]:
    """Return what has to be opened to make the terms of a booking."""
    documents = [each for each in booking.documents if each is not None]
    return [booking.contact, *(each.name for each in booking.passengers), *documents]


def terms_of(booking: Booking, opened: dict[Sealed, bytes | None]) -> frozenset[Term]:
    """Return the terms of a booking: those of its passengers who have not left it, and who were not
    erased, and those of its contact.
    """
    found = {*_contact_terms(booking, opened)}
    left = {index for each in booking.divided_into for index in each.passengers}
    for index in range(len(booking.passengers)):
        if index not in left:
            found.update(_passenger_terms(booking, index, opened))
    return frozenset(each for each in found if each.form)


def _contact_terms(booking: Booking, opened: dict[Sealed, bytes | None]) -> Iterator[Term]:
    text = opened[booking.contact]
    if text is None:
        return
    contact = msgspec.json.decode(text, type=Contact)
    subject = booking.contact.subject
    yield Term("email", form_of("email", contact.email), subject)
    if contact.phone is not None:
        yield Term("phone", form_of("phone", contact.phone), subject)


def _passenger_terms(
    booking: Booking, passenger: int, opened: dict[Sealed, bytes | None]
) -> Iterator[Term]:
    box, document = booking.passengers[passenger].name, booking.documents[passenger]
    text = opened[box]
    if text is None:
        return
    for form in _name_forms(msgspec.json.decode(text, type=Name)):
        yield Term("name", form, box.subject)
    for ticket in booking.tickets:
        if ticket.passenger == passenger:
            yield Term("ticket", form_of("ticket", ticket.number), box.subject)
    number = None if document is None else opened[document]
    if number is not None:
        known = msgspec.json.decode(number, type=TravelDocument)
        yield Term("document", form_of("document", known.number), box.subject)


def _name_forms(name: Name) -> frozenset[str]:
    """Return the surname, and the whole name in both orders."""
    whole = {
        names.search_form(f"{name.first_name} {name.last_name}"),
        names.search_form(f"{name.last_name} {name.first_name}"),
        *([] if name.arabic_name is None else [names.search_form(name.arabic_name)]),
    }
    return names.surname_forms(name.last_name, name.arabic_name) | whole


def _digits(text: str) -> str:
    return "".join(each for each in text if each.isdecimal() and each.isascii())
