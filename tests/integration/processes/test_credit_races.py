"""Travel credit in races of two processes on a real log: it is spent once, and pays once."""

import datetime as dt
from collections.abc import AsyncIterator

import pytest

from application.booking.settle_parked_funds import SettleParkedFunds
from application.commands.command import Command
from application.credit.expire_credit import ExpireCredit
from application.credit.issue_credit import SUPPORT_LIMITS, IssueCredit
from application.credit.pay_out_credit import ApprovePayout, ProposePayout
from application.credit.spend_credit import SpendCredit
from application.credit.withdraw_credit import WithdrawCredit
from domain.booking.states import Status
from domain.kernel import money
from domain.kernel.entries import accounting_day
from domain.kernel.sealed import Sealed
from tests.integration.processes.races import ROUNDS, Race, racing
from tests.support import stored_log
from tests.support.airline import capture, expire, payment_of
from tests.support.credits import LIFETIME, OWNER, IssueForTest, credit_name
from tests.support.servers import TestDatabase


@pytest.fixture
async def race(database: TestDatabase) -> AsyncIterator[Race]:
    async with racing(database) as found:
        yield found


async def issued(race: Race, number: int, amount: int, issued_at: dt.datetime | None = None) -> str:
    """A credit of the owner of the bookings."""
    name = credit_name(number)
    await race.first.submit(
        IssueForTest(name, money.Money(amount, "SAR"), OWNER, issued_at=issued_at)
    )
    return name


async def balance(race: Race, credit: str) -> int:
    """What is left, which is what account 2200 says, too."""
    left: int = (await race.second.state(credit)).balance.amount
    posted = stored_log.balances(race.database.owner_dsn, credit).get(("2200", "SAR"), 0)
    assert posted == -left
    return left


async def test_one_credit_on_two_bookings_at_once_pays_for_exactly_one(race: Race) -> None:
    for number in range(ROUNDS):
        flight = await race.first.schedule(f"SV{400 + number}", seats=2)
        one, other = [await race.first.book(flight), await race.first.book(flight)]
        due = (await race.due(one)).amount
        credit = await issued(race, number, due)
        await race.submit_both(SpendCredit(one, credit, OWNER), SpendCredit(other, credit, OWNER))
        statuses = [(await race.second.booking(each)).status for each in (one, other)]
        assert sorted(statuses) == [Status.CONFIRMED, Status.RESERVED]
        assert await balance(race, credit) == 0
        for each in (one, other):
            assert race.unapplied(each) == 0


async def test_two_credits_on_one_booking_at_once_pay_no_more_than_is_due(race: Race) -> None:
    for number in range(ROUNDS):
        flight = await race.first.schedule(f"SV{420 + number}", seats=1)
        booking = await race.first.book(flight)
        due = (await race.due(booking)).amount
        credits = [await issued(race, 100 + 2 * number + each, due) for each in range(2)]
        await race.submit_both(*[SpendCredit(booking, each, OWNER) for each in credits])
        assert sorted([await balance(race, each) for each in credits]) == [0, due]
        assert (await race.second.booking(booking)).status is Status.CONFIRMED


async def test_credit_at_the_end_of_its_life_is_spent_or_expires_and_never_both(race: Race) -> None:
    for number in range(ROUNDS):
        flight = await race.first.schedule(f"SV{440 + number}", seats=1)
        booking = await race.first.book(flight)
        due = (await race.due(booking)).amount
        ends = race.clock() + dt.timedelta(seconds=1)
        credit = await issued(race, 200 + number, due, issued_at=ends - LIFETIME)
        # It ends about when the commands are decided, a few milliseconds from now.
        race.clock.ahead += ends - race.clock() - dt.timedelta(milliseconds=number)
        await race.submit_both(SpendCredit(booking, credit, OWNER), ExpireCredit(credit))
        race.clock.ahead += dt.timedelta(seconds=1)
        await race.first.submit(ExpireCredit(credit))
        assert await balance(race, credit) == 0
        is_spent = (await race.second.state(credit)).uses != ()
        after = Status.CONFIRMED if is_spent else Status.RESERVED
        assert (await race.second.booking(booking)).status is after
        breakage = stored_log.balances(race.database.owner_dsn, credit).get(("4020", "SAR"), 0)
        assert breakage == (0 if is_spent else -due)


async def test_credit_against_a_capture_that_arrives_pays_once_and_the_rest_goes_back(
    race: Race,
) -> None:
    for number in range(ROUNDS):
        flight = await race.first.schedule(f"SV{460 + number}", seats=1)
        booking = await race.first.book(flight)
        due = await race.due(booking)
        credit = await issued(race, 300 + number, due.amount)
        await race.first.submit(SpendCredit(booking, credit, OWNER, money.Money(10_000, "SAR")))
        # A card pays all, in a session that Stripe has not ended; credit is to pay the rest.
        rivals: list[Command] = [
            capture(booking, due, intent=f"pi_{booking}"),
            SpendCredit(booking, credit, OWNER),
        ]
        await race.submit_both(*(reversed(rivals) if number % 2 else rivals))
        payment_id = payment_of(booking)
        await race.first.submit(SettleParkedFunds(payment_id, f"pi_{booking}"))
        assert (await race.second.booking(booking)).status is Status.CONFIRMED
        spent = due.amount - await balance(race, credit)
        assert sum(await race.refunded(booking)) == spent
        assert spent in {10_000, due.amount}
        assert race.unapplied(booking) == 0


async def test_credit_against_the_end_of_the_hold_pays_or_comes_back(race: Race) -> None:
    for number in range(ROUNDS):
        flight = await race.first.schedule(f"SV{480 + number}", seats=1)
        booking = await race.first.book(flight)
        due = (await race.due(booking)).amount
        credit = await issued(race, 400 + number, due)
        part = SpendCredit(booking, credit, OWNER, money.Money(10_000, "SAR"))
        await race.first.submit(part)
        use = f"{payment_of(booking)}-c1"
        race.clock.ahead += dt.timedelta(minutes=16)
        await race.submit_both(expire(booking), WithdrawCredit(booking, use, OWNER))
        assert (await race.second.booking(booking)).status is Status.EXPIRED
        assert await balance(race, credit) == due, "it comes back once"
        assert race.unapplied(booking) == 0


async def test_two_supporters_at_once_give_no_more_together_than_one_may(race: Race) -> None:
    most = SUPPORT_LIMITS["SAR"]
    for number in range(ROUNDS):
        owner = f"user_{700 + number}"
        flight = await race.first.schedule(f"SV{700 + number}", seats=2)
        booking = await race.first.book(flight, owner=owner)
        gift = IssueCredit(booking, money.Money(most // 2 + 1, "SAR"), limit_days=30)
        await race.submit_both(gift, gift)
        posted = stored_log.balances(race.database.owner_dsn, booking)
        assert posted["4900", "SAR"] == most // 2 + 1


async def test_one_transfer_that_two_persons_use_at_once_pays_one_of_two_credits(
    race: Race,
) -> None:
    today = accounting_day(race.clock())
    for number in range(ROUNDS):
        both = []
        for which in (1, 2):
            name = credit_name(900 + 2 * number + which)
            gift = IssueForTest(name, money.Money(500, "SAR"), OWNER, origin="compensation")
            await race.first.submit(gift)
            account = Sealed("subject", b"account")
            await race.first.submit(ProposePayout(name, account, "finance_1"))
            both.append(name)
        await race.submit_both(
            *(ApprovePayout(each, f"FT-{number:04}", today, "finance_2") for each in both)
        )
        assert sorted([await balance(race, each) for each in both]) == [0, 500]
