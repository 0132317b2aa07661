"""What each leg of a run has, where a row is easily taken for another or left out."""

import datetime as dt

from msgspec.structs import replace

from application.payment.record_external_refund import RecordExternalRefund
from application.reconciliation.import_bank_lines import import_bank_lines
from application.reconciliation.read_reconciliation import read_breaks
from application.reconciliation.run_reconciliation import run_reconciliation
from domain.kernel.money import Money
from domain.reconciliation.records import Legs
from tests.support.airline import payment_of
from tests.support.legs import breaks_of, capture, fee_of, listed
from tests.support.reconciled import Reconciled, reconciled

DAY = dt.timedelta(days=1)
PART, PRICE = Money(100, "SAR"), Money(70_150, "SAR")


async def test_a_refund_from_the_dashboard_that_is_recorded_is_no_break_nor_is_its_failure() -> (
    None
):
    async with reconciled() as each:
        settled = each.settled
        booking, captured = settled.sell(50_000)
        payment, charge = payment_of(booking), settled.charge_of(booking)
        settled.stripe.charge(charge, captured, settled=captured)
        (capture,) = settled.airline.payment(payment).captures
        for state in ("accepted", "failed"):
            if state == "accepted":
                settled.stripe.refund("re_1", charge, PART, settled=PART)
            else:
                settled.stripe.refund_failure("re_1", charge, PART, settled=PART)
            settled.airline.submit(
                RecordExternalRefund(
                    payment_id=payment,
                    intent=capture.intent,
                    provider_refund="re_1",
                    amount=PART,
                    state=state,
                )
            )
            await settled.sweeper.sweep()
            settled.airline.wait(days=4)
            assert await each.breaks() == []


async def test_a_refund_and_a_dispute_of_a_collected_intent_are_no_duplicates() -> None:
    async with reconciled() as each:
        settled = each.settled
        booking, captured = settled.sell(50_000)
        charge = settled.charge_of(booking)
        (capture,) = settled.airline.payment(payment_of(booking)).captures
        settled.stripe.charge(charge, captured, settled=captured)
        for category, source in (("refund", "re_1"), ("dispute", "dp_1")):
            settled.stripe.add(
                category, -PART, source=source, charge=charge, charged=-PART, intent=capture.intent
            )
        await settled.sweeper.sweep()
        settled.airline.wait(hours=2)
        assert sorted(await each.breaks()) == [("missing_in_ledger", 100), ("state", 100)]


def test_a_charge_that_stripe_lists_no_more_is_missing_with_the_fee_that_was_booked_for_it() -> (
    None
):
    fee = replace(fee_of("txn_1", Money(1_900, "SAR")), source="ch_1")
    (found,) = breaks_of(Legs(facts=(capture(PRICE),), transactions=(fee,)))
    assert (found.kind, found.amount) == ("missing_at_stripe", PRICE - Money(1_900, "SAR"))


def test_a_charge_settled_in_another_currency_than_was_booked_is_a_break_of_the_currency() -> None:
    legs = Legs(
        facts=(capture(PRICE),),
        transactions=(fee_of("txn_1", Money(1_900, "SAR")),),
        listed=(listed(Money(18_700, "USD"), fee=519, charged=PRICE),),
    )
    (found,) = breaks_of(legs)
    assert found.kind == "currency"


async def open_since(each: Reconciled, day: dt.date) -> list[str]:
    """The classes that are open after a run around the day, and one around today."""
    for since, until in ((day - DAY, day + DAY), (each.today - DAY, each.today)):
        await run_reconciliation(each.ports, since=since, until=until)
    return [found.break_.found.kind for found in await read_breaks(each.ports)]


async def test_what_is_booked_weeks_after_it_was_listed_clears_its_break_and_makes_none() -> None:
    async with reconciled() as each:
        settled, day = each.settled, each.today
        booking, captured = settled.sell(50_000)
        charge = settled.charge_of(booking)
        settled.stripe.charge(charge, captured, settled=captured)
        settled.stripe.refund("re_1", charge, PART, settled=PART)
        settled.airline.wait(days=20)
        assert await open_since(each, day) == ["missing_in_ledger"]
        settled.give_refund(booking, PART, "re_1")
        settled.airline.wait(hours=2)
        assert await open_since(each, day) == []
        settled.airline.wait(days=4)
        assert await open_since(each, day) == []


async def test_a_fee_that_is_swept_weeks_late_is_booked_for_its_transaction() -> None:
    async with reconciled() as each:
        settled, day = each.settled, each.today
        booking, captured = settled.sell(50_000)
        settled.stripe.charge(settled.charge_of(booking), captured, settled=captured, fee=900)
        settled.airline.wait(days=20)
        await settled.sweeper.sweep()
        assert await open_since(each, day) == []


async def test_a_second_charge_of_an_intent_is_a_duplicate_also_weeks_later() -> None:
    async with reconciled() as each:
        settled, day = each.settled, each.today
        booking, captured = settled.sell(50_000)
        settled.stripe.charge(settled.charge_of(booking), captured, settled=captured)
        (capture,) = settled.airline.payment(payment_of(booking)).captures
        settled.airline.wait(days=20)
        settled.stripe.add("charge", captured, source="ch_2", charge="ch_2", intent=capture.intent)
        settled.airline.wait(hours=2)
        assert await open_since(each, day) == ["duplicate"]


async def test_a_charge_that_stripe_lists_again_weeks_later_is_a_duplicate_of_that_day() -> None:
    async with reconciled() as each:
        settled, day = each.settled, each.today
        booking, captured = settled.sell(50_000)
        charge = settled.charge_of(booking)
        settled.stripe.charge(charge, captured, settled=captured, fee=900)
        await settled.sweeper.sweep()
        settled.airline.wait(days=20)
        settled.stripe.charge(charge, captured, settled=captured, fee=900)
        await settled.sweeper.sweep()
        settled.airline.wait(hours=2)
        assert await open_since(each, day) == ["duplicate"]
        (found,) = await read_breaks(each.ports)
        assert found.day == day + 20 * DAY
        await run_reconciliation(each.ports, since=day, until=each.today)
        assert await read_breaks(each.ports) == [found]


async def test_a_line_of_the_bank_is_found_its_payout_however_long_before_the_run_it_was() -> None:
    async with reconciled() as each:
        settled = each.settled
        booking, captured = settled.sell(50_000)
        settled.stripe.charge(settled.charge_of(booking), captured, settled=captured)
        settled.stripe.pay_out("SAR")
        settled.stripe.move("po_1", "paid", reconciled=True)
        await settled.sweeper.sweep()
        settled.airline.wait(days=9)
        line = f"{each.today},{captured.amount / 100},SAR,STRIPE PAYOUT po_1"
        file = f"date,amount,currency,text\n{line}\n".encode()
        await import_bank_lines(each.ports, file, actor="operator")
        await run_reconciliation(each.ports, since=each.today, until=each.today)
        assert await read_breaks(each.ports) == []


async def test_a_payout_that_lists_another_currency_is_a_break_and_no_crash() -> None:
    async with reconciled() as each:
        settled = each.settled
        booking, captured = settled.sell(50_000)
        charge = settled.charge_of(booking)
        transaction = settled.stripe.charge(charge, captured, settled=captured, fee=900)
        await settled.sweeper.sweep()
        settled.stripe.pay_out("SAR")
        settled.stripe.move("po_1", "paid", reconciled=True)
        euro, fee = Money(captured.amount, "EUR"), Money(900, "EUR")
        settled.stripe.correct(transaction, gross=euro, fee=fee)
        await settled.learn()
        settled.airline.wait(hours=2)
        assert sorted(await each.breaks()) == [
            ("currency", 900 - captured.amount),
            ("payout", captured.amount - 900),
        ]
