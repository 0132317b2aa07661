"""What an export shows: everything about the person, page by page, as JSON and on paper."""

import datetime as dt
import io
from typing import Any

import msgspec
import pypdfium2  # type: ignore[import-untyped]  # it ships no types
import pytest

from application.privacy import export_person as exporting
from application.privacy.change_consent import change_consent
from application.privacy.export_person import OF_TRAVELLERS, export_own, export_person
from application.privacy.person import find_person
from application.privacy.print_export import print_export, print_own_export
from domain.kernel.sealed import Sealed
from domain.privacy.rejections import AddressNotVerified, ExportCursorRefused
from infrastructure.privacy.export_printer import PdfExportPrinter
from tests.integration.privacy.conftest import CONTACT, MAIL, NAME, Person
from tests.support import event_samples


async def test_an_export_shows_the_account_and_every_event_with_what_is_sealed_in_it(
    person: Person,
) -> None:
    booking = await person.book()
    await person.name_buyer(booking)
    await person.airline.catch_up()
    day = dt.date(2026, 1, 1)
    await change_consent(person.ports, person.id, purpose="marketing_mail", version=day, given=True)
    found = await export_own(person.ports, person.id, cursor=None)
    assert found.account is not None
    assert (found.account.email, found.account.role) == (MAIL, "customer")
    assert [each.purpose for each in found.account.consents] == ["marketing_mail"]
    streams = {each.stream: each.facts for each in found.streams}
    assert list(streams) == [booking, f"taxdocuments-{booking.removeprefix('booking-')}"]
    (held, *_) = streams[booking]
    assert held.event == "booking.initiated.1"
    assert held.data["passengers"][0]["name"]["last_name"] == NAME.split()[1]
    assert held.data["contact"] == CONTACT
    assert "Dunes Trading" in msgspec.json.encode(found).decode()


async def test_a_long_export_comes_in_pages_of_which_only_the_first_has_the_account(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    bookings = {await person.book() for _ in range(3)}
    await person.airline.catch_up()
    monkeypatch.setattr(exporting, "PAGE_BOOKINGS", 2)
    first = await export_own(person.ports, person.id, cursor=None)
    assert first.next_cursor is not None
    second = await export_own(person.ports, person.id, cursor=first.next_cursor)
    assert (second.account, second.next_cursor) == (None, None)
    shown = [each.stream for each in (*first.streams, *second.streams)]
    assert (len(shown), set(shown)) == (3, bookings)
    for cursor in ("booking-ZZZZZZ", "", "x" * 64):
        with pytest.raises(ExportCursorRefused):
            await export_own(person.ports, person.id, cursor=cursor)


@pytest.mark.parametrize("role", ["customer", "support"])
async def test_a_booking_that_an_agency_sold_is_shown_to_the_account_that_has_it_attached(
    person: Person, role: str
) -> None:
    agency = Person(person.airline)
    await agency.register("agency@example.com")
    person.airline.query("UPDATE identity.app_user SET role = 'agent' WHERE id = %s", agency.id)
    person.airline.query("UPDATE identity.app_user SET role = %s WHERE id = %s", role, person.id)
    attached, foreign = await agency.book(), await agency.book()
    await person.attach(attached)
    await person.airline.catch_up()
    found = await export_own(person.ports, person.id, cursor=None)
    assert [each.stream for each in found.streams] == [attached]
    (held, *_) = found.streams[0].facts
    # What the account could see there: the names. The rest is of those who travel.
    assert held.data["passengers"][0]["name"]["last_name"] == NAME.split()[1]
    assert held.data["contact"] == OF_TRAVELLERS
    assert CONTACT["email"] not in str(found)
    assert foreign not in str(found)
    assert (await export_own(person.ports, agency.id, cursor=None)).streams == []


async def test_clients_of_third_parties_that_act_for_the_user_are_in_the_export(
    person: Person,
) -> None:
    client = person.connect_client()
    await person.airline.catch_up()
    found = await export_own(person.ports, person.id, cursor=None)
    assert found.account is not None
    (held,) = found.account.clients
    assert (held.id, held.name, held.scopes) == (client, "Desert Planner", ["bookings:read"])
    assert held.revoked_at is None


def test_of_an_attached_booking_the_fields_of_the_travellers_stay_closed() -> None:
    """Every event of a booking with all of its fields: only those that the holder could see."""
    opened: set[str] = set()
    closed: set[str] = set()

    def look(value: Any, field: str) -> None:
        if isinstance(value, Sealed):
            (opened if field in exporting.KNOWN_TO_HOLDER else closed).add(field)
        elif isinstance(value, msgspec.Struct):
            for name in value.__struct_fields__:
                look(getattr(value, name), name)
        elif isinstance(value, tuple):
            for each in value:
                look(each, field)

    for sample in event_samples.all_samples():
        look(sample, "")
    assert opened == exporting.KNOWN_TO_HOLDER
    assert closed >= {"contact", "birth_date", "document", "documents", "notes", "account"}


async def test_a_user_without_a_verified_address_is_shown_nothing_but_how_to_verify_it(
    person: Person,
) -> None:
    person.airline.query("UPDATE identity.app_user SET email_verified_at = NULL")
    await person.airline.catch_up()
    for export in (export_own, print_own_export):
        with pytest.raises(AddressNotVerified) as refused:
            await export(person.ports, person.id, cursor=None)
        assert "POST /api/auth/email/verification" in str(refused.value.parameters["reason"])
    # Staff who are asked by letter have proved who it is about in their own way.
    found = await find_person(person.ports, person.id)
    assert found is not None
    assert (await export_person(person.ports, found, cursor=None)).account is not None


async def test_an_account_of_staff_shows_no_passenger(person: Person) -> None:
    await person.book()
    await person.airline.catch_up()
    person.airline.query("UPDATE identity.app_user SET role = 'agent'")
    found = await export_own(person.ports, person.id, cursor=None)
    assert found.account is not None
    assert found.streams == []


async def test_the_pdf_has_every_value_on_as_many_pages_as_it_needs(person: Person) -> None:
    for _ in range(5):
        await person.book()
    await person.airline.catch_up()
    ports = msgspec.structs.replace(person.ports, printer=PdfExportPrinter())
    found = await export_own(ports, person.id, cursor=None)
    document = pypdfium2.PdfDocument(io.BytesIO(print_export(ports, found)))
    assert len(document) > 3
    text = "".join(page.get_textpage().get_text_range() for page in document)
    for value in (MAIL, NAME.split()[1], CONTACT["email"], *(s.stream for s in found.streams)):
        assert str(value) in text


def test_a_person_without_anything_is_a_page_with_a_title() -> None:
    printed = PdfExportPrinter().pdf("Personal data of user_1", {"streams": [], "person": "user_1"})
    document = pypdfium2.PdfDocument(io.BytesIO(printed))
    assert len(document) == 1
    assert "user_1" in document[0].get_textpage().get_text_range()
