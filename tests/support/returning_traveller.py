"""A traveller who returns from the checkout, over the airline in memory, and the page shown."""

import re
from typing import Any

import httpx
import msgspec

from application.payment.record_attempt import Opened
from application.payment.start_checkout import StartCheckout
from domain.kernel import money
from interfaces.http import return_page_words
from interfaces.http.return_page_words import WORDS
from tests.support.airline import capture, payment_of
from tests.support.http_client import Edge
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_use_cases import MemoryUseCases

RELOADS = re.compile(r'<meta http-equiv="refresh" content="(\d+); url=(\?again=\d+)">')


class AskedStripe:
    """The attempts that Stripe was asked about."""

    def __init__(self) -> None:
        self.attempts: list[str] = []

    async def learn_attempt(self, _payment: str, attempt: str, *, cause: Any) -> None:
        """Remember it."""
        self.attempts.append(attempt)


class Returning:
    """A traveller's browser, the airline, and what Stripe was asked."""

    def __init__(self, **edge: Any) -> None:
        self.use_cases = MemoryUseCases()
        self.airline: MemoryAirline = self.use_cases.airline
        self.stripe = AskedStripe()
        self.edge = Edge(**edge)
        self.use_ports(collector=self.stripe)

    def use_ports(self, **changed: Any) -> None:
        """Let the page read bookings by these ports."""
        self.use_cases.ports = msgspec.structs.replace(self.use_cases.ports, **changed)
        booking = self.use_cases.ports
        self.edge.app.ports = msgspec.structs.replace(self.edge.app.ports, booking=booking)

    async def see(self, path: str, language: str = "en", method: str = "GET") -> httpx.Response:
        """Open the page."""
        async with self.edge.client() as client:
            headers = {"accept-language": language}
            answer: httpx.Response = await client.request(method, path, headers=headers)
            return answer

    def checked_out(self, *flights: str, locale: str = "en") -> str:
        """A reserved booking with an open session; its id."""
        booking: str = self.airline.book(flights or self.airline.schedule("SV1"))
        self.airline.submit(StartCheckout(booking_id=booking, locale=locale))
        ends_at = self.airline.state(payment_of(booking)).attempts[0].expires_at
        self.airline.record_attempt(booking, Opened("cs_1", "https://pay", ends_at))
        return booking

    def captured(self, booking: str, *, surplus: int = 0, intent: str = "pi_1") -> None:
        """Stripe took the price."""
        due = self.airline.state(booking).price.total() + money.Money(surplus, "SAR")
        self.airline.submit(capture(booking, due, intent=intent))


def heading(answer: httpx.Response) -> str:
    """The heading of the page."""
    assert answer.status_code == 200, answer.text
    found = re.search(r"<h1>(.*)</h1>", answer.text)
    assert found is not None
    return found[1]


def of(case: return_page_words.Case, language: str = "en") -> str:
    """The heading of a case."""
    return WORDS[language].cases[case][0]  # type: ignore[index]  # one of the two


def reloads(answer: httpx.Response) -> bool:
    """Whether the page asks the browser to load it again."""
    return RELOADS.search(answer.text) is not None
