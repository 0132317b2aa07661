"""Shares of one amount due in races of two processes on a real log: one outcome for all payers."""

import datetime as dt
from collections.abc import AsyncIterator

import pytest

from application.booking.settle_parked_funds import SettleParkedFunds
from application.booking.split_checkout import SplitCheckout
from application.commands.command import Command
from application.payment.start_checkout import StartCheckout
from domain.booking.states import Status
from domain.kernel import money
from tests.integration.processes.races import ROUNDS, Race, racing
from tests.support.airline import capture, expire, payment_of
from tests.support.servers import TestDatabase

FARES = {"SAR": 50_000, "KWD": 45_000, "JPY": 50_000}


@pytest.fixture
async def race(database: TestDatabase) -> AsyncIterator[Race]:
    async with racing(database) as found:
        yield found


class Shared:
    """A held booking whose price two payers share."""

    def __init__(self, race: Race, booking: str, parts: tuple[money.Money, ...]) -> None:
        self.race = race
        self.booking = booking
        self.payment_id = payment_of(booking)
        self.parts = parts

    def capture_of(self, number: int) -> Command:
        """What Stripe reports when the payer of this share has paid; counted from 0."""
        return capture(
            self.booking,
            self.parts[number],
            intent=f"pi_{self.booking}_{number}",
            attempt=f"{self.payment_id}-a{number + 1}",
        )

    async def settle(self) -> None:
        """What the timer of parked money does."""
        for number in range(len(self.parts)):
            intent = f"pi_{self.booking}_{number}"
            await self.race.first.submit(SettleParkedFunds(self.payment_id, intent))

    async def status(self) -> Status:
        """The status of the booking."""
        found: Status = (await self.race.second.booking(self.booking)).status
        return found


async def shared(race: Race, name: str, currency: str = "SAR") -> Shared:
    """A booking of its own flight, divided in two unequal shares."""
    flight = await race.first.schedule(name, seats=2, fare=FARES[currency], currency=currency)
    booking: str = await race.first.book(flight)
    parts = tuple(money.split(await race.due(booking), [2, 1]))
    await race.first.submit(SplitCheckout(booking, parts))
    return Shared(race, booking, parts)


@pytest.mark.parametrize("currency", sorted(FARES))
async def test_the_last_two_shares_at_once_confirm_the_booking_once(
    race: Race, currency: str
) -> None:
    for number in range(ROUNDS):
        case = await shared(race, f"SV{300 + number}", currency)
        await race.submit_both(case.capture_of(0), case.capture_of(1))
        assert await case.status() is Status.CONFIRMED
        booking = await race.second.booking(case.booking)
        assert booking.captured == booking.price.total()
        assert booking.payments == (case.payment_id,)
        payment = await race.second.payment(case.payment_id)
        assert [each.parked for each in payment.captures] == [False, False]
        assert payment.refunds == ()
        assert race.unapplied(case.booking, currency) == 0


async def test_one_share_that_is_reported_twice_at_once_is_no_other_share(race: Race) -> None:
    for number in range(ROUNDS):
        case = await shared(race, f"SV{320 + number}")
        await race.submit_both(case.capture_of(1), case.capture_of(1))
        assert await case.status() is Status.RESERVED
        payment = await race.second.payment(case.payment_id)
        assert [each.amount for each in payment.captures] == [case.parts[1]]


async def test_the_last_share_against_the_end_of_the_hold_confirms_or_all_goes_back(
    race: Race,
) -> None:
    for number in range(ROUNDS):
        case = await shared(race, f"SV{340 + number}")
        await race.first.submit(case.capture_of(0))
        race.clock.ahead += dt.timedelta(minutes=16)
        rivals: list[Command] = [case.capture_of(1), expire(case.booking)]
        if number % 2:
            rivals.reverse()
        await race.submit_both(*rivals)
        await case.settle()
        back = sorted(await race.refunded(case.booking))
        status = await case.status()
        if status is Status.CONFIRMED:
            assert back == []
        else:
            assert status is Status.EXPIRED
            assert back == sorted(part.amount for part in case.parts)
        assert race.unapplied(case.booking) == 0


async def test_a_share_that_is_returned_while_the_last_one_comes_pays_for_no_ticket(
    race: Race,
) -> None:
    for number in range(ROUNDS):
        case = await shared(race, f"SV{360 + number}")
        await race.first.submit(case.capture_of(0))
        race.clock.ahead += dt.timedelta(minutes=16)
        settling = SettleParkedFunds(case.payment_id, f"pi_{case.booking}_0")
        await race.submit_both(settling, case.capture_of(1))
        if await case.status() is Status.RESERVED:
            await race.first.submit(expire(case.booking))
        await case.settle()
        back = sorted(await race.refunded(case.booking))
        confirmed = await case.status() is Status.CONFIRMED
        assert back == ([] if confirmed else sorted(part.amount for part in case.parts))
        assert race.unapplied(case.booking) == 0


async def test_two_divisions_at_once_leave_sessions_for_the_amount_due_and_no_more(
    race: Race,
) -> None:
    for number in range(ROUNDS):
        flight = await race.first.schedule(f"SV{380 + number}", seats=2)
        booking: str = await race.first.book(flight)
        due = await race.due(booking)
        one, other = (tuple(money.split(due, weights)) for weights in ([1, 1], [1, 1, 1]))
        rival: Command = StartCheckout(booking) if number % 2 else SplitCheckout(booking, other)
        await race.submit_both(SplitCheckout(booking, one), rival)
        payment = await race.second.payment(payment_of(booking))
        asked = [payment.asked_by(each.id).amount for each in payment.attempts]
        assert sum(asked) == due.amount
