"""What each leg of a run has, where a row is easily taken for another or left out."""

from application.payment.record_external_refund import RecordExternalRefund
from domain.kernel.money import Money
from tests.support.airline import payment_of
from tests.support.reconciled import reconciled

PART = Money(100, "SAR")


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
