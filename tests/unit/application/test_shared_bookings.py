"""What follows after several payers have paid: divided, changed and disputed bookings."""

import asyncio

import pytest

from application.booking.divide_booking import DivideBooking
from application.booking.resend_refund import ResendRefund
from application.booking.split_checkout import SplitCheckout
from application.payment.record_refund import Failed, Settled
from domain.booking.rejections import PaymentDisputed
from domain.booking.states import Status
from domain.kernel import money
from domain.payment.rejections import RefundExceedsCaptured
from domain.payment.state import RefundStatus
from tests.support import invariants
from tests.support.airline import capture, payment_of
from tests.support.disputes import Disputed
from tests.unit.application.test_split_checkout import FARES, Shared


def confirmed(currency: str = "SAR", weights: tuple[int, ...] = (3, 2)) -> Shared:
    """A booking of two passengers whose payers have all paid."""
    case = Shared(currency, weights)
    for number in range(len(weights)):
        case.pay(number)
    assert case.status() is Status.CONFIRMED
    return case


def no_payer_gets_more_than_was_paid(case: Shared) -> bool:
    """Whether refunds and what disputes have taken stay within each share."""
    back = case.refunded()
    return all(
        back.get(f"pi_{number}", 0) + case.payment.charged_back(f"pi_{number}").amount
        <= part.amount
        for number, part in enumerate(case.parts)
    )


@pytest.mark.parametrize("currency", sorted(FARES))
def test_both_halves_of_a_divided_booking_refund_all_payers_in_proportion(currency: str) -> None:
    case = confirmed(currency)
    other = case.airline.submit(DivideBooking(case.booking, (1,))).answer.stream
    paid = [part.amount for part in case.parts]
    case.airline.cancel(other)
    asyncio.run(case.runs.to_the_end())
    back = case.refunded()
    owed = money.Money(sum(back.values()), currency)
    assert owed.amount > 0
    assert [back["pi_0"], back["pi_1"]] == [each.amount for each in money.split(owed, paid)]
    case.airline.cancel(case.booking)
    asyncio.run(case.runs.to_the_end())
    assert sum(case.refunded().values()) > owed.amount
    assert no_payer_gets_more_than_was_paid(case)


def test_what_a_change_costs_can_be_shared_again_and_completes_with_its_last_share() -> None:
    case = confirmed()
    dearer = case.airline.schedule("SV2", seats=4, fare=90_000, in_days=12)
    case.airline.modify(case.booking, dearer)
    due = case.airline.booking(case.booking).amount_due()
    parts = tuple(money.split(due, [1, 1]))
    case.airline.submit(SplitCheckout(case.booking, parts))
    payment_id = payment_of(case.booking)[:-1] + "2"
    for number, part in enumerate(parts, start=1):
        assert case.airline.booking(case.booking).modification is not None, "waits for all"
        attempt = f"{payment_id}-a{number}"
        paid = capture(case.booking, part, intent=f"pi_b{number}", attempt=attempt)
        case.airline.submit(paid)
    changed = case.airline.booking(case.booking)
    assert changed.modification is None
    assert changed.segments[0].flight == dearer
    assert invariants.unapplied(case.airline.log, case.booking) == 0


def test_the_price_and_a_shared_change_go_back_to_each_payer_within_what_they_paid() -> None:
    case = confirmed()
    dearer = case.airline.schedule("SV2", seats=4, fare=90_000, in_days=12)
    case.airline.exchange(case.booking, dearer)
    case.airline.cancel(case.booking)
    asyncio.run(case.runs.to_the_end())
    owed = case.airline.booking(case.booking).owed()
    second = case.airline.payment(payment_of(case.booking)[:-1] + "2")
    drawn = sum(case.refunded().values()) + sum(each.amount.amount for each in second.refunds)
    assert drawn == owed.amount
    assert no_payer_gets_more_than_was_paid(case)


@pytest.mark.parametrize("currency", sorted(FARES))
def test_a_dispute_of_one_share_suspends_the_booking_until_it_is_won(currency: str) -> None:
    case = confirmed(currency)
    amount = case.parts[1].amount
    disputed = Disputed(case.airline, case.booking, amount=amount, intent="pi_1")
    disputed.record()
    disputed.withdrawn()
    with pytest.raises(PaymentDisputed):
        case.airline.submit(DivideBooking(case.booking, (1,)))
    disputed.moved(amount)
    disputed.becomes("won")
    case.airline.cancel(case.booking)
    asyncio.run(case.runs.to_the_end())
    back = case.refunded()
    assert set(back) == {"pi_0", "pi_1"}
    assert no_payer_gets_more_than_was_paid(case)


@pytest.mark.parametrize("currency", sorted(FARES))
def test_a_dispute_of_one_share_that_is_lost_takes_nothing_from_the_other_payer(
    currency: str,
) -> None:
    case = confirmed(currency)
    amount = case.parts[1].amount
    disputed = Disputed(case.airline, case.booking, amount=amount, intent="pi_1")
    disputed.record()
    disputed.withdrawn()
    disputed.becomes("lost")
    asyncio.run(case.runs.to_the_end())
    assert case.payment.charged_back("pi_1").amount == amount
    assert case.payment.charged_back("pi_0").amount == 0
    assert "pi_1" not in case.refunded(), "its payer has the money already"
    assert no_payer_gets_more_than_was_paid(case)
    owed = case.airline.booking(case.booking).owed()
    assert sum(case.refunded().values()) == owed.amount


def test_a_disputed_share_of_an_incomplete_split_waits_and_the_others_go_back() -> None:
    case = Shared("SAR", (3, 2, 1))
    case.pay(0)
    case.pay(1)
    amount = case.parts[1].amount
    disputed = Disputed(case.airline, case.booking, amount=amount, intent="pi_1")
    disputed.record()
    disputed.withdrawn()
    case.lapse()
    assert case.refunded() == {"pi_0": case.parts[0].amount}
    disputed.becomes("lost")
    case.lapse()
    assert case.refunded() == {"pi_0": case.parts[0].amount}
    assert {each.status for each in case.payment.refunds} == {RefundStatus.REQUESTED}
    assert invariants.unapplied(case.airline.log, case.booking) == 0


def test_a_failed_refund_of_one_payer_is_never_sent_to_the_card_of_another() -> None:
    case = confirmed()
    case.airline.cancel(case.booking)
    asyncio.run(case.runs.to_the_end())
    payment_id = payment_of(case.booking)
    refund = next(each for each in case.payment.refunds if each.intent == "pi_1")
    for result in (Settled("re_1"), Failed("re_1", "lost_or_stolen_card")):
        case.airline.record_refund(payment_id, refund.id, result)
    with pytest.raises(RefundExceedsCaptured) as refused:
        case.airline.submit(ResendRefund(case.booking, refund.id, intent="pi_0"))
    assert refused.value.parameters == {"reason": "of_another_payer"}
    case.airline.submit(ResendRefund(case.booking, refund.id))
    assert case.payment.refunds[-1].replaces == refund.id
    assert case.payment.refunds[-1].intent == "pi_1"
