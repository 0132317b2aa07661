"""The question about a payment whose traveller returns from the checkout delays no checkout."""

from typing import Any

import msgspec

from application.booking.ask_about_payment import ask_about_payment
from application.payment import urgency
from application.payment.record_attempt import Opened
from application.payment.urgency import Urgency
from tests.support import examples
from tests.support.airline import attempt_of, payment_of
from tests.support.examples import FLIGHT, NOW, URL
from tests.support.memory_use_cases import MemoryUseCases


class NotedQuestions:
    """A collector that only notes what it is asked, and how urgently."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Urgency]] = []

    async def learn_attempt(self, stream: str, attempt: str, **_: Any) -> None:
        """Note the question."""
        self.asked.append((stream, attempt, urgency.current()))


async def test_who_returns_from_the_checkout_asks_after_all_checkouts() -> None:
    use_cases = MemoryUseCases()
    airline, collector = use_cases.airline, NotedQuestions()
    airline.schedule(scheduled=examples.scheduled())
    booking = airline.book(FLIGHT)
    airline.checkout(booking)
    airline.record_attempt(booking, Opened("cs_1", URL, NOW))
    ports = msgspec.structs.replace(use_cases.ports, collector=collector)
    await ask_about_payment(ports, booking)
    assert collector.asked == [(payment_of(booking), attempt_of(booking), Urgency.EFFECT)]
    assert urgency.current() is Urgency.CHECKOUT
