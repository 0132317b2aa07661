"""Who finds a booking by its surnames, to whom it is attached, and how often a surname is tried."""

import secrets

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.booking import attach_booking, find_booking
from application.booking.access import require_not_own
from application.booking.attach_booking import AttachBooking, GuestPorts, Proof
from application.booking.booking_details import read_booking
from application.booking.divide_booking import divide_booking
from application.caller import Caller
from application.identity.ports import Principal
from application.rate_limit import Limit
from domain.booking import names, rejections
from domain.booking.attachment_events import BookingAttached
from domain.identity.rejections import NotAllowed
from domain.identity.roles import Role
from infrastructure.identity import tokens
from tests.support.http_client import GENEROUS, Edge
from tests.support.memory_use_cases import CUSTOMER, MemoryUseCases


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The duration of refusals is measured over HTTP."""
    monkeypatch.setattr(find_booking, "REFUSAL_SECONDS", 0)


def guest_ports(issuer: tokens.Es256Tokens, owner: Role) -> GuestPorts:
    """Ports where every owner has this role."""

    async def role_of(_user: str) -> Role | None:
        return owner

    async def has_left(user: str) -> bool:
        return user == "user_who_left"

    return GuestPorts(issuer, issuer, role_of, has_left)


async def attached(
    cases: MemoryUseCases, guests: GuestPorts, caller: Caller, booking: str, proof: Proof
) -> None:
    """Attach the booking to the caller's account."""
    await attach_booking.attach_booking(cases.ports, caller, booking, proof=proof, guests=guests)


async def found(cases: MemoryUseCases, booking: str, surname: str) -> bool:
    """Whether the surname opens the booking."""
    try:
        await find_booking.booking_of_surname(cases.ports, booking, surname)
    except rejections.FindRefused:
        return False
    return True


@pytest.mark.parametrize(
    ("last_name", "arabic_name", "typed"),
    [
        ("Al-Harbi", None, "alharbi"),
        ("Müller", None, "MUELLER"),
        ("O'Brien", None, "o brien"),
        ("Łódź", None, "lodz"),
        ("Alsaud", "فهد بن عبدالله آل سعود", "آل سعود"),
        ("Alsaud", "فهد بن عبدالله آل سعود", "ال سُعود"),
        ("Alhajri", "مُنى الهاجريّ", "الهاجرى"),
        ("Ali", "علي", "على"),
        ("Osama", "أسامة", "اسامه"),
    ],
)
def test_a_surname_is_known_in_each_spelling(
    last_name: str, arabic_name: str | None, typed: str
) -> None:
    assert names.search_form(typed) in names.surname_forms(last_name, arabic_name)


@pytest.mark.parametrize("typed", ["Noura", "نورة", "", "  ", "123", "Harb", "Harbiyy", "سعد"])
def test_nothing_else_is_a_surname(typed: str) -> None:
    assert names.search_form(typed) not in names.surname_forms("Harbi", "نورة سعد الحربي")


@given(st.text(max_size=30))
def test_a_search_form_is_its_own_search_form(text: str) -> None:
    form = names.search_form(text)
    assert names.search_form(form) == form


async def test_neither_who_was_erased_nor_who_has_left_opens_a_booking() -> None:
    cases = MemoryUseCases()
    booking = await cases.ticketed(cases.airline.schedule(), "ADT", "ADT")
    assert await found(cases, booking, "harbi")
    divided = await divide_booking(cases.ports, cases.caller(), booking, passengers=(1,))
    subject = cases.airline.booking(booking).passengers[0].name.subject
    cases.vault.erase(subject)
    assert not await found(cases, booking, "harbi")
    assert await found(cases, divided.booking_id, "harbi")
    assert not await found(cases, "booking-ZZZZZZ", "harbi")


async def test_a_guest_decides_about_no_bank_account_and_attaches_nothing() -> None:
    cases, edge = MemoryUseCases(), Edge()
    booking = await cases.ticketed(cases.airline.schedule())
    guests = guest_ports(edge.tokens, "agent")
    opened = await find_booking.find_booking(
        cases.ports, edge.tokens, reference=booking, surname="Harbi"
    )
    guest = edge.tokens.verify(opened.token.access_token.encode())
    assert guest == Principal(f"guest-{booking}", "customer", f"guest-{booking}", booking)
    assert (await read_booking(cases.ports, guest, booking)).booking_id == booking
    caller = msgspec.structs.replace(cases.caller(), principal=guest)
    with pytest.raises(NotAllowed):
        proof = Proof(guest_token=opened.token.access_token)
        await attached(cases, guests, caller, booking, proof)


@pytest.mark.parametrize("by", ["token", "surname"])
async def test_a_booking_is_attached_once_and_stays_there(by: str) -> None:
    cases, edge = MemoryUseCases(), Edge()
    booking = await cases.ticketed(cases.airline.schedule())
    other = await cases.ticketed(cases.airline.schedule())
    guests = guest_ports(edge.tokens, "agent")
    opened = await find_booking.find_booking(
        cases.ports, edge.tokens, reference=booking, surname="Harbi"
    )
    token = opened.token.access_token
    proof = Proof(surname="Harbi") if by == "surname" else Proof(guest_token=token)
    traveller = msgspec.structs.replace(
        cases.caller("agent"), principal=Principal("user_traveller", "customer")
    )
    # Neither a surname that no passenger has nor a token for another booking is a proof.
    for wrong in (Proof(surname="Qahtani"), Proof(guest_token=token), Proof(guest_token="x")):
        with pytest.raises(rejections.FindRefused):
            await attached(cases, guests, traveller, other, wrong)
    # Nor is the token of an account, which names no booking.
    account = edge.bearer()["authorization"].split()[1]
    with pytest.raises(rejections.FindRefused):
        await attached(cases, guests, traveller, booking, Proof(guest_token=account))
    await attached(cases, guests, traveller, booking, proof)
    assert cases.airline.booking(booking).attached_to == "user_traveller"
    again = AttachBooking(booking_id=booking, user="user_traveller", sold_to_owner=False)
    assert cases.airline.added(again) == {}
    with pytest.raises(rejections.AttachedElsewhere):
        cases.airline.submit(AttachBooking(booking_id=booking, user="else", sold_to_owner=False))
    # Who has a booking decides about none of its money for the airline.
    with pytest.raises(NotAllowed):
        require_not_own(Principal("user_traveller", "finance"), cases.airline.booking(booking))


async def test_a_booking_of_a_closed_account_is_attached_to_another_one() -> None:
    cases, edge = MemoryUseCases(), Edge()
    booking = await cases.ticketed(cases.airline.schedule())
    guests = guest_ports(edge.tokens, "agent")
    for user in ("user_who_left", "user_traveller"):
        caller = msgspec.structs.replace(
            cases.caller("agent"), principal=Principal(user, "customer")
        )
        await attached(cases, guests, caller, booking, Proof(surname="Harbi"))
        assert cases.airline.booking(booking).attached_to == user
    late = msgspec.structs.replace(
        cases.caller("agent"), principal=Principal("user_late", "customer")
    )
    with pytest.raises(rejections.AttachedElsewhere):
        await attached(cases, guests, late, booking, Proof(surname="Harbi"))


async def test_a_customers_booking_is_attached_to_nobody() -> None:
    cases, edge = MemoryUseCases(), Edge()
    booking = await cases.ticketed(cases.airline.schedule())
    guests = guest_ports(edge.tokens, "customer")
    stranger = cases.caller("agent")
    with pytest.raises(rejections.AttachedElsewhere):
        proof = Proof(surname="Harbi")
        await attached(cases, guests, stranger, booking, proof)
    own = AttachBooking(booking_id=booking, user=CUSTOMER.user, sold_to_owner=True)
    assert BookingAttached not in map(type, cases.airline.added(own).get(booking, []))


async def test_surnames_are_counted_by_address_and_by_reference() -> None:
    limits = {
        **GENEROUS,
        "find_address": Limit(5, 900),
        "find_reference": Limit(2, 3600),
    }
    cases, edge = MemoryUseCases(), Edge(limits=limits)  # type: ignore[arg-type]  # literal keys
    guests = guest_ports(edge.tokens, "customer")
    edge.app.ports = msgspec.structs.replace(edge.app.ports, guests=guests, booking=cases.ports)
    async with edge.client() as client:

        async def status(reference: str) -> int:
            body = {"reference": reference, "lastName": secrets.token_urlsafe(4)}
            return (await client.post("/api/bookings/find", json=body)).status_code

        assert [await status(each) for each in ("ABCDEF", "abcdef", "booking-ABCDEF")] == [
            404,
            404,
            429,
        ]
        assert [await status("ABCDEG") for _ in range(3)] == [404, 404, 429]
    noted = ["find_refused", "find_refused", "limit_reached"]
    assert [each[0] for each in edge.security.noted] == noted * 2
