"""From the card to the bank: the worked figures in each currency, failures, and comparisons."""

import pytest

from application.payment.dispute_gateway import DisputeTransaction
from domain.kernel.money import Money
from domain.settlement.state import ComparedBalance
from tests.support.disputes import Disputed
from tests.support.settled import SettledAirline, exchanged, settled_airline

# What is charged, in which currency Stripe settles, and at which rate; then at which other one.
ELSEWHERE = [
    pytest.param(59_000, "SAR", "USD", "0.2666", "0.2712", id="SAR"),
    pytest.param(70_150, "KWD", "USD", "3.2500", "3.1900", id="KWD"),
    pytest.param(70_150, "JPY", "AED", "0.0245", "0.0251", id="JPY"),
]


def explained(balances: tuple[ComparedBalance, ...]) -> bool:
    """Whether nothing is unexplained, and nothing under way."""
    return all(not each.unexplained and not each.awaited for each in balances)


async def test_worked_example_the_bank_has_581_after_the_fee_and_the_taxes() -> None:
    """Of 701.50, 19.00 is Stripe's fee; 91.50 tax and a charge of 10.00 are remitted."""
    async with settled_airline() as settled:
        booking, captured = settled.sell(59_000, domestic=True)
        assert captured == Money(70_150, "SAR")
        settled.stripe.charge(
            settled.charge_of(booking), captured, settled=captured, fee=1_900, booking=booking
        )
        await settled.sweeper.sweep()
        settled.stripe.pay_out("SAR")
        settled.stripe.move("po_1", "paid", reconciled=True)
        await settled.sweeper.sweep()
        await settled.learn()
        assert settled.books("1000", "1010", "1020", "6000") == {
            ("1000", "SAR"): 68_250,
            ("6000", "SAR"): 1_900,
        }
        assert settled.books()["1000", "SAR"] - 9_150 - 1_000 == 58_100
        assert explained(await settled.comparer.compare())


@pytest.mark.parametrize(("fare", "currency", "settled_in", "rate", "later_rate"), ELSEWHERE)
async def test_a_charge_settled_elsewhere_reaches_the_bank_and_a_refund_leaves_a_difference(
    fare: int, currency: str, settled_in: str, rate: str, later_rate: str
) -> None:
    async with settled_airline() as settled:
        booking, captured = settled.sell(fare, currency)
        charge = settled.charge_of(booking)
        received = exchanged(captured, settled_in, rate)
        settled.stripe.charge(charge, captured, settled=received, fee=519)
        await settled.sweeper.sweep()
        assert settled.books("1010") == {("1010", settled_in): received.amount - 519}
        settled.give_refund(booking, captured, "re_1")
        returned = exchanged(captured, settled_in, later_rate)
        settled.stripe.refund("re_1", charge, captured, settled=returned)
        await settled.sweeper.sweep()
        loss = returned.amount - received.amount
        assert loss
        assert settled.books("1010", "1015", "6000", "7000") == {
            ("6000", settled_in): 519,
            ("7000", settled_in): loss,
            ("1010", settled_in): -519 - loss,
        }
        assert explained(await settled.comparer.compare())


async def test_a_refund_that_fails_is_exchanged_back_and_the_charge_stays_open() -> None:
    async with settled_airline() as settled:
        booking, captured = settled.sell(50_000)
        charge = settled.charge_of(booking)
        settled.stripe.charge(charge, captured, settled=Money(13_300, "USD"))
        refund = settled.give_refund(booking, captured, "re_1")
        settled.stripe.refund("re_1", charge, captured, settled=Money(13_350, "USD"))
        settled.fail_refund(booking, refund, "re_1")
        settled.stripe.refund_failure("re_1", charge, captured, settled=Money(13_340, "USD"))
        await settled.sweeper.sweep()
        assert settled.books("1010", "1015", "7000") == {
            ("1010", "USD"): 13_290,
            ("1015", "SAR"): captured.amount,
            ("1015", "USD"): -13_300,
            ("7000", "USD"): 10,
        }
        assert explained(await settled.comparer.compare())


@pytest.mark.parametrize("seen_paid", [True, False])
async def test_a_payout_that_fails_after_it_was_paid_is_in_clearing_again(seen_paid: bool) -> None:
    async with settled_airline() as settled:
        booking, captured = settled.sell(50_000)
        settled.stripe.charge(settled.charge_of(booking), captured, settled=captured, fee=100)
        settled.stripe.pay_out("SAR")
        await settled.sweeper.sweep()
        settled.stripe.move("po_1", "paid")
        if seen_paid:
            await settled.learn()
            assert settled.books("1000") == {("1000", "SAR"): captured.amount - 100}
        settled.stripe.move("po_1", "failed")
        await settled.sweeper.sweep()
        assert settled.books("1000", "1010", "1020") == {("1010", "SAR"): captured.amount - 100}
        assert explained(await settled.comparer.compare())
        assert [row.failure_code for row in settled.rows("settled_payouts")] == ["account_closed"]


async def test_what_a_payout_paid_out_is_compared_and_a_difference_is_listed() -> None:
    async with settled_airline() as settled:
        for number in (1, 2):
            gross = Money(1_000 * number, "SAR")
            settled.stripe.charge(f"ch_{number}", gross, settled=gross)
        settled.stripe.pay_out("SAR")
        settled.stripe.move("po_1", "paid", reconciled=True)
        await settled.learn()
        (row,) = settled.rows("settled_payouts")
        assert (row.transaction_count, row.paid_out, row.amount) == (2, 3_000, 3_000)
        settled.stripe.lose_from_payout("po_1")
        await settled.learn()
        (row,) = settled.rows("settled_payouts")
        assert (row.transaction_count, row.paid_out, row.amount) == (1, 1_000, 3_000)


async def test_what_is_booked_and_not_listed_yet_explains_its_part_of_the_balance() -> None:
    async with settled_airline() as settled:
        _, captured = settled.sell(50_000)
        (balance,) = await settled.comparer.compare()
        assert balance == ComparedBalance("SAR", captured.amount, 0, captured.amount)
        assert balance.unexplained == 0


async def test_what_is_listed_and_not_booked_yet_explains_its_part_of_the_balance() -> None:
    async with settled_airline() as settled:
        settled.stripe.charge("ch_9", Money(3_750, "SAR"), settled=Money(1_000, "USD"), fee=30)
        found = {each.currency: each for each in await settled.comparer.compare()}
        assert found["SAR"] == ComparedBalance("SAR", -3_750, 0, -3_750)
        assert found["USD"] == ComparedBalance("USD", 970, 970, 0)


async def test_money_that_moved_without_a_reason_is_an_unexplained_difference() -> None:
    async with settled_airline() as settled:
        settled.stripe.add("reserve", Money(-5_000, "USD"))
        (balance,) = await settled.comparer.compare()
        assert (balance.booked, balance.reported, balance.unexplained) == (0, -5_000, 5_000)
        (row,) = [each for each in settled.rows("settled_transactions") if each.unknown]
        assert (row.category, row.gross) == ("reserve", -5_000)


async def test_before_a_difference_is_believed_the_last_days_are_read_again() -> None:
    async with settled_airline() as settled:
        gross = Money(1_000, "USD")
        settled.stripe.charge("ch_1", gross, settled=gross, fee=30)
        late = settled.stripe._listed.pop()
        settled.airline.wait(hours=30)
        settled.stripe.charge("ch_2", gross, settled=gross, fee=30)
        await settled.sweeper.sweep()
        settled.stripe._listed.insert(0, late)
        assert not any(each.unexplained for each in await settled.comparer.compare())
        assert settled.books("6000") == {("6000", "USD"): 60}


async def test_the_same_comparison_of_a_day_is_recorded_once_and_each_day_anew() -> None:
    async with settled_airline() as settled:
        _one_fee(settled)
        for _ in range(3):
            await settled.comparer.compare()
        settled.airline.wait(days=1)
        await settled.comparer.compare()
        _one_fee(settled)
        await settled.comparer.compare()
        tags = [
            (each.stream, each.event.tag)
            for each in settled.airline.log.events
            if each.stream.startswith("clearing")
        ]
        assert tags == [
            ("clearing-2026-11-20", "clearing.balance_compared.1"),
            ("clearing-2026-11-21", "clearing.balance_compared.1"),
            ("clearing-2026-11-21", "clearing.balance_compared.1"),
        ]


def _one_fee(settled: SettledAirline) -> None:
    settled.stripe.add("fee", Money(-250, "USD"))


@pytest.mark.parametrize(("fare", "currency", "settled_in", "rate", "later_rate"), ELSEWHERE)
@pytest.mark.parametrize("listed_first", [True, False])
async def test_a_dispute_and_its_transaction_are_the_two_sides_of_one_amount(
    fare: int, currency: str, settled_in: str, rate: str, later_rate: str, listed_first: bool
) -> None:
    async with settled_airline() as settled:
        booking, captured = settled.sell(fare, currency)
        charge = settled.charge_of(booking)
        settled.stripe.charge(charge, captured, settled=exchanged(captured, settled_in, rate))
        await settled.sweeper.sweep()
        dispute = Disputed(settled.airline, booking, amount=captured.amount)
        dispute.record()
        taken = exchanged(captured, settled_in, later_rate)
        transaction = settled.stripe.add(
            "dispute", -taken, fee=1_500, source="dp_1", charge=charge, charged=-captured
        )
        dispute.becomes(
            "needs_response",
            transactions=(DisputeTransaction(transaction, -taken, Money(1_500, settled_in)),),
        )
        if listed_first:
            await settled.sweeper.sweep()
        assert not any(each.unexplained for each in await settled.comparer.compare())
        assert settled.books("1010", "1015", "1200", "6020", "7000") == {
            ("1010", settled_in): exchanged(captured, settled_in, rate).amount
            - taken.amount
            - 1_500,
            ("1200", currency): captured.amount,
            ("6020", settled_in): 1_500,
            ("7000", settled_in): taken.amount - exchanged(captured, settled_in, rate).amount,
        }
        assert explained(await settled.comparer.compare())


async def test_a_dispute_that_is_not_booked_yet_explains_its_part_of_the_balance() -> None:
    async with settled_airline() as settled:
        booking, captured = settled.sell(50_000)
        charge = settled.charge_of(booking)
        settled.stripe.charge(charge, captured, settled=Money(13_300, "USD"))
        settled.stripe.add(
            "dispute", Money(-13_400, "USD"), fee=1_500, source="dp_1", charge=charge,
            charged=-captured,
        )  # fmt: skip
        found = {each.currency: each for each in await settled.comparer.compare()}
        assert [each.unexplained for each in found.values()] == [0, 0]
        assert (found["SAR"].awaited, found["USD"].awaited) == (captured.amount, 1_500)
