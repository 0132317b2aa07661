"""Refunds made at Stripe's dashboard by hand, on a real log and the simulator."""

import asyncio
import itertools
import random

import pytest
import stripe

from application.booking.allocate_external_refund import AllocateExternalRefund, Part
from application.payment.gateway import GatewayFailure
from application.payment.record_external_refund import RecordExternalRefund
from domain.kernel import money
from domain.kernel.rejections import Rejection
from domain.payment.state import NOT_REFUNDED, PAID_OTHERWISE, Payment, RefundStatus
from tests.integration.stripe.test_refunding import PART, Rig, airline, at_stripe  # noqa: F401
from tests.support.stripe_simulator import StripeSimulator

CREATED = "refund.created"


async def by_hand(
    airline: Rig,  # noqa: F811 - the fixture
    sdk: stripe.StripeClient,
    amount: int,
    **params: object,
) -> stripe.Refund:
    """Refund at the dashboard, of which we hear later."""
    intent = (await airline.state()).captures[0].intent
    return await sdk.v1.refunds.create_async(
        {"payment_intent": intent, "amount": amount, **params}  # type: ignore[typeddict-item]  # metadata
    )


@pytest.mark.parametrize(
    "order", list(itertools.permutations((CREATED, "refund.updated", "charge.refunded")))
)
async def test_row_13_a_refund_by_hand_is_recorded_once_from_its_events_in_any_order(
    airline: Rig,  # noqa: F811
    sdk: stripe.StripeClient,
    order: tuple[str, ...],
) -> None:
    before = airline.balance("1010")
    made = await by_hand(airline, sdk, 700)
    for event in (*order, *order):
        about = str(made.charge) if event == "charge.refunded" else made.id
        await airline.process_webhook(event, about)
    assert (airline.balance("1290"), airline.balance("1010")) == (700, before - 700)
    (known,) = (await airline.state()).external_refunds
    assert (known.id, known.unallocated.amount) == (made.id, 700)


async def test_a_copy_of_our_metadata_does_not_make_a_refund_by_hand_one_of_ours(
    airline: Rig,  # noqa: F811
    sdk: stripe.StripeClient,
) -> None:
    await airline.ask()
    await airline.send()
    (ours,) = await at_stripe(sdk, airline)
    metadata = ours.metadata.to_dict() if ours.metadata else {}
    copied = await by_hand(airline, sdk, 300, metadata=metadata)
    unknown = await by_hand(
        airline, sdk, 200, metadata={**metadata, "refund": f"{airline.payment}-r9"}
    )
    for made in (copied, unknown):
        await airline.process_webhook(CREATED, made.id)
    assert airline.balance("1290") == 500
    assert (await airline.state()).refunds[0].provider_refund == ours.id


async def test_a_refund_of_ours_that_no_longer_fits_is_not_sent_to_stripe(
    airline: Rig,  # noqa: F811
    sdk: stripe.StripeClient,
) -> None:
    await airline.ask()
    whole = (await airline.state()).captures[0].amount.amount
    made = await by_hand(airline, sdk, whole)
    await airline.process_webhook(CREATED, made.id)
    assert (await airline.send()).status is RefundStatus.REFUSED
    assert [each.id for each in await at_stripe(sdk, airline)] == [made.id]
    await airline.process.submit(
        AllocateExternalRefund(
            airline.payment, made.id, (Part(PART.amount, airline.refund), Part(whole - PART.amount))
        )
    )
    assert airline.balance("1290") == 0
    assert (await airline.send()).status is RefundStatus.COVERED
    assert len(await at_stripe(sdk, airline)) == 1


async def test_a_refund_that_stripe_refuses_for_one_by_hand_is_with_finance_and_not_repeated(
    airline: Rig,  # noqa: F811
    sdk: stripe.StripeClient,
) -> None:
    whole = (await airline.state()).captures[0].amount.amount
    await airline.ask()
    await by_hand(airline, sdk, whole)
    for _ in range(2):
        assert (await airline.send()).status is RefundStatus.REFUSED
    assert len(await at_stripe(sdk, airline)) == 1


async def test_a_refund_of_ours_whose_record_was_lost_is_not_taken_for_displaced(
    airline: Rig,  # noqa: F811
    sdk: stripe.StripeClient,
) -> None:
    await airline.ask()
    ours = await airline.gateway.create_refund(await airline.order())
    rest = (await airline.state()).captures[0].amount - PART
    made = await by_hand(airline, sdk, rest.amount)
    await airline.process_webhook(CREATED, made.id)
    (known,) = (await airline.state()).refunds
    assert (known.status, known.provider_refund) == (RefundStatus.SETTLED, ours.id)
    assert airline.balance("1290") == rest.amount


async def test_a_refund_of_unknown_outcome_is_not_sent_after_one_of_the_same_amount_by_hand(
    airline: Rig,  # noqa: F811
    sdk: stripe.StripeClient,
    simulator: StripeSimulator,
) -> None:
    await airline.ask()
    simulator.fault("lost_before", path="/v1/refunds", method="POST", status=503)
    with pytest.raises(GatewayFailure):
        await airline.send()
    assert await airline.status() is RefundStatus.UNKNOWN
    made = await by_hand(airline, sdk, PART.amount)
    await airline.process_webhook(CREATED, made.id)
    assert (await airline.send()).status is RefundStatus.REFUSED
    assert [each.id for each in await at_stripe(sdk, airline)] == [made.id]


@pytest.mark.parametrize("end", ["failed", "canceled"])
async def test_row_13_a_refund_by_hand_that_ends_without_money_is_taken_back_in_the_books(
    airline: Rig,  # noqa: F811
    sdk: stripe.StripeClient,
    simulator: StripeSimulator,
    end: str,
) -> None:
    before = airline.balance("1010")
    simulator.control("refund_plans", status="requires_action")
    made = await by_hand(airline, sdk, 900)
    await airline.process_webhook(CREATED, made.id)
    assert airline.balance("1290") == 900
    simulator.control("refund_ends", refund=made.id, status=end)
    for _ in range(2):
        await airline.process_webhook("refund.updated", made.id)
    assert (airline.balance("1290"), airline.balance("1010")) == (0, before)


async def test_of_one_capture_no_more_is_refunded_whatever_races(
    airline: Rig,  # noqa: F811
) -> None:
    state = await airline.state()
    (captured,) = state.captures
    step = money.Money(captured.amount.amount // 4, captured.amount.currency)
    drawn = random.Random(7)
    for round_ in range(6):

        async def ask(number: int, turn: int = round_) -> None:
            await airline.ask(step, obligation=f"debt-{turn}-{number}")

        async def hand(number: int, turn: int = round_) -> None:
            await airline.process.submit(
                RecordExternalRefund(
                    airline.payment, captured.intent, f"re_{turn}_{number}", step, "accepted"
                )
            )

        async def undo(turn: int = round_) -> None:
            for number in range(2):
                await airline.process.submit(
                    RecordExternalRefund(
                        airline.payment, captured.intent, f"re_{turn}_{number}", step, "failed"
                    )
                )

        work = [ask(0), ask(1), ask(2), hand(0), hand(1)]
        drawn.shuffle(work)
        outcomes = await asyncio.gather(*work, return_exceptions=True)
        assert all(each is None or isinstance(each, Rejection) for each in outcomes), outcomes
        payment = await airline.state()
        assert _asked(payment) <= captured.amount.amount
        codes = {each.status for each in payment.refunds}
        assert codes <= {RefundStatus.REQUESTED, RefundStatus.REFUSED}
        await undo()
    assert airline.balance("1290") == 0


def _asked(payment: Payment) -> int:
    ours = sum(
        each.amount.amount
        for each in payment.refunds
        if each.status not in NOT_REFUNDED | PAID_OTHERWISE
    )
    return ours + sum(each.amount.amount for each in payment.external_refunds if not each.failed)
