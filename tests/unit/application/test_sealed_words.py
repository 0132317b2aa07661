"""Words of staff and needs of passengers are in the log only as ciphertext, or as codes."""

from collections.abc import Awaitable, Callable

import pytest

from application.booking.cancel_booking import Part, cancel_booking, quote_cancellation
from application.booking.grant_refund import grant_refund
from application.booking.modify_booking import modify_booking
from application.booking.offload_passengers import offload_passengers
from application.booking.quote_modification import WantedModification, quote_modification
from application.booking.read_history import read_history
from domain.booking import cancellation, rejections
from domain.identity.roles import Role
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


USES = [cancel_in_words, cancel_without_fee, modify_without_fee, offload, refund]


@pytest.mark.parametrize("use", USES)
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
