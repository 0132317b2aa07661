"""Late, double and parted money in races of two processes on a real log: one outcome each."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from domain.booking.states import Status
from domain.kernel import money
from tests.integration.processes.races import HOLD, ROUNDS, Race, racing
from tests.support.airline import capture, expire
from tests.support.servers import TestDatabase


@pytest.fixture
async def race(database: TestDatabase) -> AsyncIterator[Race]:
    async with racing(database) as found:
        yield found


async def test_of_two_late_bookings_for_the_last_seat_exactly_one_is_seated(race: Race) -> None:
    for number in range(ROUNDS):
        flight = await race.first.schedule(f"SV{100 + number}", seats=1)
        one = await race.held(flight)
        await race.lapse(one)
        other = await race.held(flight, owner="user_2")
        await race.lapse(other)
        due = await race.due(one)
        await race.submit_both(
            capture(one, due, intent=f"pi_a{number}"), capture(other, due, intent=f"pi_b{number}")
        )
        statuses = [(await race.second.booking(each)).status for each in (one, other)]
        assert sorted(statuses) == [Status.CONFIRMED, Status.EXPIRED]
        back = await race.refunded(one) + await race.refunded(other)
        assert back == [due.amount]
        assert race.unapplied(one) == race.unapplied(other) == 0
        assert (await race.second.flight(flight)).cabins["Y"].free_count == 0


async def test_of_two_captures_at_once_one_pays_and_the_other_goes_back(race: Race) -> None:
    for number in range(ROUNDS):
        flight = await race.first.schedule(f"SV{200 + number}", seats=2)
        booking = await race.held(flight)
        if number % 2:
            await race.lapse(booking)
        due = await race.due(booking)
        await race.submit_both(
            capture(booking, due, intent=f"pi_c{number}"),
            capture(booking, due, intent=f"pi_d{number}"),
        )
        assert (await race.second.booking(booking)).status is Status.CONFIRMED
        assert await race.refunded(booking) == [due.amount]
        assert race.unapplied(booking) == 0


async def test_one_capture_reported_by_two_processes_at_once_is_settled_once(race: Race) -> None:
    for number in range(ROUNDS):
        flight = await race.first.schedule(f"SV{300 + number}", seats=1)
        booking = await race.held(flight)
        await race.lapse(booking)
        if number % 2:
            await race.held(flight, owner="user_2")
        due = await race.due(booking)
        paid = capture(booking, due, intent=f"pi_e{number}")
        await race.submit_both(paid, paid)
        assert await race.refunded(booking) == ([due.amount] if number % 2 else [])
        assert race.unapplied(booking) == 0


async def test_a_capture_against_the_end_of_its_hold_is_confirmed_either_way(race: Race) -> None:
    for number in range(ROUNDS):
        flight = await race.first.schedule(f"SV{400 + number}", seats=1)
        booking = await race.held(flight)
        race.clock.ahead += HOLD
        due = await race.due(booking)
        await race.submit_both(capture(booking, due, intent=f"pi_f{number}"), expire(booking))
        assert (await race.second.booking(booking)).status is Status.CONFIRMED
        assert await race.refunded(booking) == []
        assert race.unapplied(booking) == 0


async def test_a_capture_against_a_cancellation_is_cancelled_or_confirmed_never_both(
    race: Race,
) -> None:
    for number in range(ROUNDS):
        flight = await race.first.schedule(f"SV{500 + number}", seats=1)
        booking = await race.held(flight)
        due = await race.due(booking)
        paid = race.first.submit(capture(booking, due, intent=f"pi_g{number}"))
        cancelled = race.second.cancel(booking)
        outcomes = await asyncio.gather(paid, cancelled, return_exceptions=True)
        assert not isinstance(outcomes[0], BaseException)
        after = await race.second.booking(booking)
        back = await race.refunded(booking)
        if after.was_cancelled:
            assert back == [due.amount]
        else:
            assert (after.status, back) == (Status.CONFIRMED, [])
        assert race.unapplied(booking) == 0


async def test_two_parts_at_once_pay_together(race: Race) -> None:
    for number in range(ROUNDS):
        flight = await race.first.schedule(f"SV{600 + number}", seats=1)
        booking = await race.held(flight)
        due = await race.due(booking)
        part = money.Money(20_000, due.currency)
        await race.submit_both(
            capture(booking, part, intent=f"pi_h{number}"),
            capture(booking, due - part, intent=f"pi_i{number}"),
        )
        assert (await race.second.booking(booking)).status is Status.CONFIRMED
        assert await race.refunded(booking) == []
        assert race.unapplied(booking) == 0
