"""Checkouts that Stripe opens no more are asked for anew, while what is due may be paid; and who is
written to when it may not.
"""

import datetime as dt
from typing import Any

import pytest

from application.booking.letters import LapsedLetter, PaymentLinkLetter
from application.booking.offer_seats import OfferSeats
from application.booking.send_payment_link import send_payment_link
from application.booking.split_checkout import SplitCheckout
from application.credit.open_gift_card_checkout import StartGiftCardCheckout
from application.payment.extend_hold import ExtendHold
from application.payment.record_attempt import Declined, Opened, PaymentDelayed, RecordAttempt
from application.payment.replace_attempt import ReplaceAttempt
from application.payment.start_checkout import StartCheckout
from domain.booking.states import Status
from domain.kernel import money
from tests.support.airline import attempt_of, expire, payment_of
from tests.support.gift_cards import order
from tests.support.launch_rules import EXTENSION
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import MemoryBus

URL = "https://checkout.stripe.com/c/pay/cs_2"


@pytest.fixture
def airline() -> MemoryAirline:
    return MemoryAirline()


@pytest.fixture
def flight(airline: MemoryAirline) -> str:
    flight: str = airline.schedule("SV1", seats=2)
    return flight


def replace(airline: MemoryAirline, payment: str) -> list[str]:
    """Stripe refuses the first attempt, which came too late; the statuses of all attempts."""
    command = ReplaceAttempt(payment, f"{payment}-a1", "expires_too_early")
    airline.submit(command)
    before = len(airline.log.events)
    airline.submit(command)
    assert len(airline.log.events) == before, "a repeat has no effect"
    return statuses(airline, payment)


def statuses(airline: MemoryAirline, payment: str) -> list[str]:
    return [each.status.value for each in airline.payment(payment).attempts]


def written(airline: MemoryAirline, kind: type[Any]) -> list[Any]:
    return [each for each in airline.log.outbox if isinstance(each, kind)]


def open_second(airline: MemoryAirline, booking: str) -> str:
    """Stripe opens the session of the second attempt."""
    second = f"{payment_of(booking)}-a2"
    expires_at = airline.clock() + dt.timedelta(hours=1)
    airline.record_attempt(booking, Opened("cs_2", URL, expires_at), attempt=second)
    return second


def test_the_hold_covers_the_attempt_that_follows_and_its_link_is_sent(
    airline: MemoryAirline, flight: str
) -> None:
    booking = airline.book(flight)
    airline.checkout(booking)
    airline.wait(minutes=40)
    assert replace(airline, payment_of(booking)) == ["refused", "requested"]
    assert airline.booking(booking).hold_until == airline.clock() + EXTENSION
    answer = airline.submit(StartCheckout(booking_id=booking)).answer
    assert answer.ids["attempt"] == f"{payment_of(booking)}-a2"
    airline.wait(minutes=9)
    airline.submit(ExtendHold(payment_of(booking), attempt_of(booking)))
    assert airline.booking(booking).hold_until == airline.clock() + EXTENSION
    second = open_second(airline, booking)
    assert written(airline, PaymentDelayed) == [PaymentDelayed(booking, second, URL)]
    airline.wait(minutes=14)
    airline.pay(booking, intent="pi_1")
    assert airline.booking(booking).status is Status.PAID


def test_a_hold_that_is_over_for_good_is_not_paid_for_any_more(
    airline: MemoryAirline, flight: str
) -> None:
    booking = airline.book(flight)
    airline.checkout(booking)
    airline.wait(minutes=121)
    assert replace(airline, payment_of(booking)) == ["refused"]


def test_a_cancelled_booking_is_not_paid_for_any_more(airline: MemoryAirline, flight: str) -> None:
    booking = airline.book(flight)
    airline.checkout(booking)
    airline.cancel(booking)
    assert replace(airline, payment_of(booking)) == ["refused"]


@pytest.mark.parametrize("taken", [False, True])
def test_a_place_on_the_waitlist_is_paid_for_only_while_there_is_a_seat(
    airline: MemoryAirline, taken: bool
) -> None:
    flight = airline.schedule("SV1", seats=1)
    first = airline.book(flight)
    waiting, _ = (airline.book(flight, mode="waitlist") for _ in range(2))
    airline.cancel(first)
    airline.submit(StartCheckout(booking_id=waiting))
    if taken:
        airline.record_attempt(waiting, Declined("pi_1", "ch_1", "declined"))
        airline.submit(OfferSeats(flight))
    replaced = replace(airline, payment_of(waiting))
    assert replaced == (["refused"] if taken else ["refused", "requested"])


def test_a_share_is_asked_for_anew_beside_the_others(airline: MemoryAirline, flight: str) -> None:
    booking = airline.book(flight, "ADT", "ADT")
    parts = money.split(airline.booking(booking).price.total(), (2, 1))
    airline.submit(SplitCheckout(booking, tuple(parts)))
    airline.wait(minutes=40)
    assert replace(airline, payment_of(booking)) == ["refused", "requested", "requested"]
    assert airline.payment(payment_of(booking)).attempts[-1].amount == parts[0]
    third = f"{payment_of(booking)}-a3"
    opened = Opened("cs_3", URL, airline.clock() + dt.timedelta(hours=1))
    airline.record_attempt(booking, opened, attempt=third)
    assert written(airline, PaymentDelayed) == []


async def test_the_link_for_a_change_is_sent_with_what_the_change_costs(
    airline: MemoryAirline, flight: str
) -> None:
    dearer = airline.schedule("SV2", seats=1, fare=90_000)
    booking = airline.ticketed(flight)
    airline.modify(booking, dearer)
    airline.submit(StartCheckout(booking_id=booking))
    payment = f"payment-{booking.removeprefix('booking-')}-2"
    airline.wait(minutes=5)
    assert replace(airline, payment) == ["refused", "requested"]
    second = f"{payment}-a2"
    opened = Opened("cs_2", URL, airline.clock() + dt.timedelta(hours=1))
    airline.submit(RecordAttempt(payment, second, opened))
    (task,) = written(airline, PaymentDelayed)
    sent: list[PaymentLinkLetter] = []

    class Sender:
        async def send(self, letter: Any) -> None:
            sent.append(letter)

    await send_payment_link(MemoryBus(airline), Sender(), task)  # type: ignore[arg-type]  # it only sends
    due = airline.payment(payment).due
    assert sent == [
        PaymentLinkLetter(
            booking_id=booking, about=second, url=URL, amount=due.amount, currency=due.currency
        )
    ]


def test_a_change_whose_time_is_over_is_not_paid_for_any_more(
    airline: MemoryAirline, flight: str
) -> None:
    dearer = airline.schedule("SV2", seats=1, fare=90_000)
    booking = airline.ticketed(flight)
    airline.modify(booking, dearer)
    airline.submit(StartCheckout(booking_id=booking))
    airline.wait(minutes=16)
    assert replace(airline, f"payment-{booking.removeprefix('booking-')}-2") == ["refused"]


def test_the_checkout_of_a_gift_card_is_opened_while_its_order_stands(
    airline: MemoryAirline,
) -> None:
    card = airline.submit(order(money.Money(20_000, "SAR"))).answer.stream
    airline.submit(StartGiftCardCheckout(card))
    airline.wait(minutes=40)
    assert replace(airline, payment_of(card)) == ["refused", "requested"]
    lapsed = airline.submit(order(money.Money(20_000, "SAR"))).answer.stream
    airline.submit(StartGiftCardCheckout(lapsed))
    airline.wait(days=400)
    assert replace(airline, payment_of(lapsed)) == ["refused"]


@pytest.mark.parametrize("answer", ["none", "replaced", "opened", "never asked"])
def test_a_traveller_whose_link_never_came_gets_a_letter_when_the_booking_lapses(
    airline: MemoryAirline, flight: str, answer: str
) -> None:
    booking = airline.book(flight)
    if answer != "never asked":
        airline.checkout(booking)
    if answer in {"replaced", "opened"}:
        replace(airline, payment_of(booking))
    if answer == "opened":
        open_second(airline, booking)
    airline.wait(minutes=16)
    for _ in range(2):
        airline.submit(expire(booking))
    in_vain = answer in {"none", "replaced"}
    assert written(airline, LapsedLetter) == ([LapsedLetter(booking)] if in_vain else [])
    assert airline.booking(booking).status is Status.EXPIRED
