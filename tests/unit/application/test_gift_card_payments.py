"""What Stripe took for a gift card: asked about at once, of its own card only, one session open."""

import pytest

from application.credit.open_gift_card_checkout import StartGiftCardCheckout
from application.payment.check_captures import CheckCaptures, NamedCapture
from application.payment.record_attempt import Expired
from application.payment.record_capture import EndSession, RecordCapture
from domain.kernel.money import Money
from domain.payment.rejections import PaymentNotFound
from tests.support.airline import payment_of
from tests.support.gift_cards import order, payment
from tests.support.memory_airline import MemoryAirline

PRICE = Money(500_00, "SAR")


@pytest.fixture
def airline() -> MemoryAirline:
    """An airline in memory."""
    return MemoryAirline()


def ordered(airline: MemoryAirline, digest: str = "0" * 64) -> str:
    """A card with an open checkout."""
    card: str = airline.submit(order(PRICE, digest=digest)).answer.stream
    airline.submit(StartGiftCardCheckout(card))
    return card


@pytest.mark.parametrize("signed", [False, True])
def test_stripe_is_asked_at_once_about_what_only_a_signature_reported(
    airline: MemoryAirline, *, signed: bool
) -> None:
    card = ordered(airline)
    airline.submit(payment(card, PRICE, signed=signed))
    asked = [task for task in airline.log.outbox if isinstance(task, CheckCaptures)]
    named = (NamedCapture(payment_of(card), "pi_gift"),)
    assert [each.captures for each in asked] == ([named] if signed else [])


def test_a_late_payment_of_an_ended_session_ends_the_one_that_is_open(
    airline: MemoryAirline,
) -> None:
    card = ordered(airline)
    first = airline.payment(payment_of(card)).attempts[0].id
    airline.record_attempt(card, Expired())
    second = airline.submit(StartGiftCardCheckout(card)).answer.ids["attempt"]
    assert second != first
    airline.submit(payment(card, PRICE, attempt=first))
    ended = [task for task in airline.log.outbox if isinstance(task, EndSession)]
    assert ended == [EndSession(payment_of(card), second)]


def test_money_that_names_one_card_and_the_payment_of_another_buys_neither(
    airline: MemoryAirline,
) -> None:
    card, other = ordered(airline), ordered(airline, "1" * 64)
    for booking, stream in ((card, payment_of(other)), (other, payment_of(card))):
        mixed = RecordCapture(
            payment_id=stream,
            booking_id=booking,
            attempt=f"{stream}-a1",
            intent="pi_mixed",
            charge="ch_mixed",
            amount=PRICE,
        )
        with pytest.raises(PaymentNotFound):
            airline.submit(mixed)
    assert [airline.state(each).balance.amount for each in (card, other)] == [0, 0]
