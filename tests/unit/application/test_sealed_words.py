"""Words of staff and needs of passengers are in the log only as ciphertext, or as codes."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence

import pytest

from application.booking.booking_details import BookingDetails, read_booking
from application.booking.cancel_booking import Part, cancel_booking, quote_cancellation
from application.booking.correct_name import WantedName, correct_name
from application.booking.grant_refund import grant_refund
from application.booking.modify_booking import modify_booking
from application.booking.offload_passengers import offload_passengers
from application.booking.quote_modification import WantedModification, quote_modification
from application.booking.read_history import read_history
from application.booking.read_manifest import read_manifest
from application.booking.record_document import TravelDocument, record_document
from application.booking.special_services import (
    request_special_service,
    withdraw_special_service,
)
from domain.booking import cancellation, rejections
from domain.identity.roles import Role
from domain.kernel.sealed import Sealed
from tests.support.launch_rules import WHEELCHAIRS
from tests.support.memory_use_cases import MemoryUseCases

WORDS = "Noura Al-Harbi is in hospital"
Use = Callable[[MemoryUseCases, str], Awaitable[object]]


async def cancel(cases: MemoryUseCases, booking: str, role: Role, reason: str) -> None:
    """Cancel at the quoted terms."""
    caller = cases.caller(role)
    quote_id, _ = await quote_cancellation(
        cases.ports, caller.principal, booking, part=Part(), waiver=None
    )
    await cancel_booking(cases.ports, caller, booking, quote_id=quote_id, reason=reason)


async def cancel_in_words(cases: MemoryUseCases, booking: str) -> None:
    await cancel(cases, booking, "support", WORDS)


async def cancel_without_fee(cases: MemoryUseCases, booking: str) -> None:
    caller = cases.caller("support")
    quote_id, quote = await quote_cancellation(
        cases.ports, caller.principal, booking, part=Part(), waiver=WORDS
    )
    assert quote.fee == 0
    await cancel_booking(cases.ports, caller, booking, quote_id=quote_id, reason="requested")


async def modify_without_fee(cases: MemoryUseCases, booking: str) -> None:
    caller = cases.caller("support")
    later = cases.airline.schedule("SV2", in_days=2)
    wanted = WantedModification(flight_id=later, waiver=WORDS)
    issued = await quote_modification(cases.ports, caller.principal, booking, wanted)
    await modify_booking(cases.ports, caller, booking, quote_id=issued.quote_id)


async def offload(cases: MemoryUseCases, booking: str) -> None:
    await offload_passengers(
        cases.ports,
        cases.caller("gate"),
        booking,
        segment=0,
        passengers=None,
        reason=WORDS,
        fault="airline",
    )


async def refund(cases: MemoryUseCases, booking: str) -> None:
    await grant_refund(cases.ports, cases.caller("finance"), booking, reason=WORDS, amount=None)


async def correct_much(cases: MemoryUseCases, booking: str) -> None:
    wanted = WantedName(0, "Lamia", "Qahtani", reason=WORDS)
    await correct_name(cases.ports, cases.caller("support"), booking, wanted)


USES = [cancel_in_words, cancel_without_fee, modify_without_fee, offload, refund]


@pytest.mark.parametrize("use", [*USES, correct_much])
async def test_words_of_staff_are_sealed_in_the_log_and_read_by_staff_only(use: Use) -> None:
    cases = MemoryUseCases()
    booking = await cases.ticketed(cases.airline.schedule(in_days=1))
    cases.vault.close()
    await use(cases, booking)
    stored = cases.stored()
    assert not any(word in stored for word in (b"Harbi", b"hospital"))
    for_staff = await read_history(cases.ports, cases.caller("support").principal, booking)
    assert WORDS in [each.note for each in for_staff]
    for_customer = await read_history(cases.ports, cases.caller().principal, booking)
    assert [each.note for each in for_customer if each.note] == []
    assert all(WORDS not in (each.reason or "") for each in (*for_staff, *for_customer))


@pytest.mark.parametrize("use", USES)
async def test_after_an_erasure_staff_still_act_and_no_words_are_kept(use: Use) -> None:
    cases = MemoryUseCases()
    booking = await cases.ticketed(cases.airline.schedule(in_days=1))
    cases.vault.erase(cases.airline.booking(booking).contact.subject)
    await use(cases, booking)
    history = await read_history(cases.ports, cases.caller("support").principal, booking)
    assert {each.note for each in history} == {None}


@pytest.mark.parametrize("reason", [WORDS, "", "Requested", "by_staff", "other; Noura"])
async def test_a_customer_gives_a_reason_by_its_code(reason: str) -> None:
    cases = MemoryUseCases()
    booking = await cases.ticketed(cases.airline.schedule(in_days=1))
    with pytest.raises(rejections.InvalidReason) as refused:
        await cancel(cases, booking, "customer", reason)
    assert refused.value.parameters["field"] == "reason"
    assert cases.airline.booking(booking).open_coupons()


@pytest.mark.parametrize("reason", cancellation.REASONS)
async def test_the_history_shows_the_code_of_a_reason(reason: str) -> None:
    cases = MemoryUseCases()
    booking = await cases.ticketed(cases.airline.schedule(in_days=1))
    await cancel(cases, booking, "customer", reason)
    history = await read_history(cases.ports, cases.caller().principal, booking)
    assert history[-1].reason == reason or history[-2].reason == reason


async def test_a_special_service_is_sealed_in_the_log_and_shown_to_who_sees_the_booking() -> None:
    cases = MemoryUseCases()
    flight = cases.airline.schedule(seats=9)
    booking = await cases.ticketed(flight, "ADT", "ADT")
    for code in ("WCHR", "KSML"):
        cases.vault.close()
        await request(cases, booking, code, passenger=1)
    await withdraw_special_service(
        cases.ports, cases.caller(), booking, passenger=1, segment=0, code="KSML"
    )
    assert not any(code in cases.stored() for code in (b"WCHR", b"KSML", b"wheelchair"))
    details = await read_booking(cases.ports, cases.caller().principal, booking)
    assert [(each.passenger, each.code) for each in details.special_services] == [(1, "WCHR")]
    listed = await read_manifest(cases.ports, flight)
    assert [each.special_services for each in listed] == [(), ("WCHR",)]


async def test_the_special_services_of_an_erased_person_are_gone() -> None:
    cases = MemoryUseCases()
    flight = cases.airline.schedule(seats=9)
    booking = await cases.ticketed(flight)
    await request(cases, booking, "WCHR")
    cases.vault.erase(cases.airline.booking(booking).passengers[0].name.subject)
    assert (await read_manifest(cases.ports, flight))[0].special_services == ()
    with pytest.raises(rejections.PersonErased):
        await request(cases, booking, "VGML")


async def test_of_requests_at_once_a_flight_promises_as_many_wheelchairs_as_it_has() -> None:
    cases = MemoryUseCases()
    flight = cases.airline.schedule(seats=9)
    bookings = [await cases.ticketed(flight) for _ in range(WHEELCHAIRS + 2)]
    answers = await asyncio.gather(
        *(request(cases, each, "WCHR") for each in bookings), return_exceptions=True
    )
    refused = [each for each in answers if isinstance(each, Exception)]
    assert len(refused) == 2
    assert all(isinstance(each, rejections.SpecialServiceRefused) for each in refused)


async def test_a_service_that_was_requested_meanwhile_is_opened_before_the_decision() -> None:
    cases = MemoryUseCases()
    booking = await cases.ticketed(cases.airline.schedule(seats=9))
    opened = cases.vault.open_all

    async def overtaken(boxes: Sequence[Sealed]) -> list[bytes | None]:
        """Another request is stored after the codes were opened for this one."""
        cases.vault.open_all = opened  # type: ignore[method-assign]
        found = await opened(boxes)
        await request(cases, booking, "VGML")
        return found

    cases.vault.open_all = overtaken  # type: ignore[method-assign]
    with pytest.raises(rejections.SpecialServiceRefused) as refused:
        await request(cases, booking, "KSML")
    assert refused.value.parameters["reason"] == "another_of_its_kind"


async def test_a_document_is_recorded_long_after_its_passenger_was_last_read() -> None:
    cases = MemoryUseCases()
    booking = await cases.ticketed(cases.airline.schedule())
    cases.vault.close()
    document = TravelDocument(
        kind="passport",
        number="P1234567",
        issuing_country="SAU",
        nationality="SAU",
        birth_date=dt.date(1990, 1, 1),
        sex="F",
        expires_on=dt.date(2033, 1, 1),
    )
    await record_document(cases.ports, cases.caller(), booking, passenger=0, document=document)
    assert cases.airline.booking(booking).documents[0] is not None
    assert b"P1234567" not in cases.stored()


async def request(
    cases: MemoryUseCases, booking: str, code: str, *, passenger: int = 0
) -> BookingDetails:
    """A service on the first flight."""
    return await request_special_service(
        cases.ports, cases.caller(), booking, passenger=passenger, segment=0, code=code
    )
