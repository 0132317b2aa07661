"""Other deadlines that pass: drafts, waitlist places, failed payments, unpaid changes."""

import datetime as dt

import msgspec
import pytest

from application.booking.create_booking import Mode
from application.payment import record_attempt
from domain.booking.states import Status
from tests.integration.timers.test_lapsed_holds import Rig, held, simulator

__all__ = ["held", "simulator"]


async def _booked(held: Rig, mode: Mode, flight: str) -> Rig:
    """Return the same rig about another booking."""
    booking = await held.process.book(flight, mode=mode)
    return msgspec.structs.replace(held, booking=booking, flight=flight)


async def test_a_draft_lapses_with_its_price(held: Rig) -> None:
    draft = await _booked(held, "draft", held.flight)
    held.clock.ahead = dt.timedelta(minutes=14)
    await draft.release()
    assert (await draft.state()).status is Status.INITIATED
    held.clock.ahead = dt.timedelta(minutes=15, seconds=1)
    await draft.release()
    assert (await draft.state()).status is Status.EXPIRED


async def test_a_place_on_the_waitlist_lapses_when_sales_close(held: Rig) -> None:
    flight = await held.process.schedule(seats=1, number="SV2")
    await _booked(held, "hold", flight)
    waiting = await _booked(held, "waitlist", flight)
    assert (await waiting.state()).status is Status.PENDING
    held.clock.ahead = dt.timedelta(days=9, hours=22)
    await waiting.release()
    assert (await waiting.state()).status is Status.PENDING
    held.clock.ahead = dt.timedelta(days=9, hours=23, minutes=1)
    await waiting.release()
    assert (await waiting.state()).status is Status.EXPIRED
    assert (await held.process.flight(flight)).waitlist == ()


async def test_a_failed_payment_is_cancelled_when_its_time_is_over(held: Rig) -> None:
    flight = await held.process.schedule(seats=1, number="SV3")
    first = await _booked(held, "hold", flight)
    waiting = await _booked(held, "waitlist", flight)
    held.clock.ahead = dt.timedelta(minutes=16)
    await first.release()
    await held.process.checkout(waiting.booking)
    declined = record_attempt.Declined(intent="pi_1", charge="ch_1", code="card_declined")
    await held.process.record_attempt(waiting.booking, declined)
    assert (await waiting.state()).status is Status.PAYMENT_FAILED
    held.clock.ahead = dt.timedelta(days=9, hours=23, minutes=1)
    await waiting.release()
    assert (await waiting.state()).status is Status.CANCELLED


@pytest.mark.parametrize("pays", [True, False])
async def test_an_unpaid_change_lapses_and_leaves_the_booking_as_it_was(
    held: Rig, pays: bool
) -> None:
    await held.ticketed()
    flight = await held.process.schedule(seats=1, number="SV4", fare=90_000)
    booking = await held.state()
    await held.process.modify(held.booking, flight)
    if pays:
        await held.process.pay(held.booking)
    held.clock.ahead = dt.timedelta(minutes=15, seconds=1)
    await held.release()
    after = await held.state()
    assert (after.modification is not None) is pays
    assert after.segments[0].flight == held.flight
    found = await held.process.flight(flight)
    assert found.cabins["Y"].free_count == (0 if pays else 1)
    if not pays:
        assert after == msgspec.structs.replace(booking, modification_count=1)
