"""What each leg of a run has, where a row is easily taken for another or left out."""

from msgspec.structs import replace

from application.payment.record_external_refund import RecordExternalRefund
from domain.kernel.money import Money
from domain.reconciliation.records import Legs
from tests.support.airline import payment_of
from tests.support.legs import breaks_of, capture, fee_of, listed
from tests.support.reconciled import reconciled

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
