"""Disputes and refunds made by hand of what pays for a gift card, in every order."""

import pytest

from application.booking.allocate_external_refund import AllocateExternalRefund, Part
from application.booking.settle_parked_funds import SettleParkedFunds
from application.credit.claim_gift_card import ClaimGiftCard
from application.credit.expire_credit import ExpireCredit
from application.credit.open_gift_card_checkout import StartGiftCardCheckout
from application.credit.spend_credit import SpendCredit
from application.payment.record_capture_check import FoundIntent, RecordCaptureCheck
from application.payment.record_external_refund import RecordExternalRefund
from domain.credit.rejections import GiftCardNotClaimable
from domain.kernel.money import Money
from domain.payment.state import RefundStatus
from tests.support.airline import payment_of
from tests.support.disputes import Disputed, books
from tests.support.gift_cards import bought, claimed, order, payment
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns

PRICE = Money(500_00, "SAR")
INTENT = "pi_gift"


@pytest.fixture
def airline() -> MemoryAirline:
    """An airline whose processes are decided in the append of their cause."""
    made = MemoryAirline()
    ProcessRuns(made).decide_with_causes()
    return made


def reported(airline: MemoryAirline) -> str:
    """A card whose payment only a signed event has reported."""
    card: str = airline.submit(order(PRICE)).answer.stream
    airline.submit(StartGiftCardCheckout(card))
    airline.submit(payment(card, PRICE, intent=INTENT, signed=True))
    return card


def confirm(airline: MemoryAirline, card: str) -> None:
    """Stripe's own answer comes."""
    found = FoundIntent(PRICE, payment_of(card))
    airline.submit(RecordCaptureCheck(payment_of(card), INTENT, found))


def refund_by_hand(airline: MemoryAirline, card: str, amount: int) -> None:
    """Money of the capture is refunded at Stripe's dashboard."""
    refunded = Money(amount, "SAR")
    command = RecordExternalRefund(payment_of(card), INTENT, "re_hand", refunded, "accepted", "")
    airline.submit(command)


def test_a_card_whose_payment_is_disputed_before_it_is_confirmed_is_blocked_from_the_start(
    airline: MemoryAirline,
) -> None:
    card = reported(airline)
    disputed = Disputed(airline, card, amount=PRICE.amount)
    disputed.withdrawn()
    confirm(airline, card)
    with pytest.raises(GiftCardNotClaimable, match="disputed"):
        airline.submit(ClaimGiftCard(card, "user_1"))
    disputed.moved(PRICE.amount)
    disputed.becomes("won")
    assert airline.added(ClaimGiftCard(card, "user_1"))[card]


def test_what_a_dispute_took_before_it_was_confirmed_buys_no_card(
    airline: MemoryAirline,
) -> None:
    card = reported(airline)
    disputed = Disputed(airline, card, amount=PRICE.amount)
    disputed.withdrawn()
    disputed.becomes("lost")
    confirm(airline, card)
    assert airline.state(card).balance.amount == 0
    assert airline.payment(payment_of(card)).refunds == ()
    assert books(airline) == {}


@pytest.mark.parametrize("by_hand", [500_00, 100_00])
def test_what_was_refunded_by_hand_before_it_was_confirmed_buys_no_card(
    airline: MemoryAirline, by_hand: int
) -> None:
    card = reported(airline)
    refund_by_hand(airline, card, by_hand)
    confirm(airline, card)
    assert airline.state(card).balance.amount == 0
    refunds = airline.payment(payment_of(card)).refunds
    assert sum(each.amount.amount for each in refunds) == PRICE.amount
    owed = [each for each in refunds if each.status is RefundStatus.REFUSED]
    assert [each.amount.amount for each in owed] == [by_hand]
    part = Part(by_hand, owed[0].id)
    airline.submit(AllocateExternalRefund(payment_of(card), "re_hand", (part,)))
    assert books(airline, "1290", "2020", "2200") == {}


def test_a_dispute_that_is_won_after_its_loss_reinstates_what_it_took(
    airline: MemoryAirline,
) -> None:
    card = claimed(airline, PRICE)
    booking = airline.book(airline.schedule("SV1", fare=100_00))
    airline.submit(SpendCredit(booking, card, "user_1"))
    spent = airline.booking(booking).price.total()
    disputed = Disputed(airline, card, amount=PRICE.amount)
    disputed.withdrawn()
    disputed.becomes("lost")
    assert (airline.state(card).balance.amount, airline.state(card).shortfall) == (0, spent.amount)
    disputed.becomes("appeal_under_review")
    disputed.becomes("won")
    assert airline.state(card).balance.amount == 0, "Stripe has not returned the money yet"
    disputed.moved(PRICE.amount)
    disputed.record()
    disputed.record()
    assert airline.state(card).balance == PRICE - spent
    assert airline.state(card).shortfall == 0
    assert books(airline, "6010", "1200", "2200") == {"2200": -(PRICE - spent).amount}
    airline.cancel(booking)
    returned = airline.state(card).uses[0].returned
    assert returned.amount > 0
    assert airline.state(card).balance == PRICE - spent + returned


def test_what_came_back_to_a_card_between_loss_and_appeal_is_reinstated_too(
    airline: MemoryAirline,
) -> None:
    card = claimed(airline, PRICE)
    booking = airline.book(airline.schedule("SV1", fare=100_00))
    airline.submit(SpendCredit(booking, card, "user_1"))
    disputed = Disputed(airline, card, amount=PRICE.amount)
    disputed.withdrawn()
    disputed.becomes("lost")
    airline.cancel(booking)
    assert airline.state(card).balance.amount == 0
    airline.wait(days=400)
    disputed.moved(PRICE.amount)
    disputed.becomes("won")
    used = airline.state(card).uses[0].left
    assert airline.state(card).balance == PRICE - used
    assert books(airline, "6010", "2200") == {"2200": -(PRICE - used).amount}
    airline.wait(days=89)
    assert airline.added(ExpireCredit(card)) == {}


def test_a_dispute_that_is_lost_again_takes_the_card_again(airline: MemoryAirline) -> None:
    card = bought(airline, PRICE)
    disputed = Disputed(airline, card, amount=PRICE.amount)
    disputed.withdrawn()
    disputed.becomes("lost")
    disputed.moved(PRICE.amount)
    disputed.becomes("won")
    assert airline.state(card).balance == PRICE
    disputed.moved(-PRICE.amount)
    disputed.becomes("lost")
    assert airline.state(card).balance.amount == 0
    assert airline.state(card).shortfall == 0
    assert books(airline) == {}


def test_money_that_was_parked_buys_no_card_when_its_confirmation_comes_at_last(
    airline: MemoryAirline,
) -> None:
    card = reported(airline)
    disputed = Disputed(airline, card, amount=PRICE.amount)
    disputed.withdrawn()
    disputed.becomes("lost")
    disputed.moved(PRICE.amount)
    disputed.becomes("won")
    confirm(airline, card)
    assert airline.state(card).balance.amount == 0
    airline.submit(SettleParkedFunds(payment_of(card), INTENT))
    (refund,) = airline.payment(payment_of(card)).refunds
    assert refund.amount == PRICE
    assert books(airline) == {"1010": PRICE.amount, "2100": -PRICE.amount}
