"""Conditions and bags are shown before the purchase, and after it as they were sold (O4)."""

from collections.abc import Sequence
from typing import Any

import pytest

from application import mail
from application.booking import letters
from application.booking.booking_details import BookingDetails, read_booking
from application.booking.send_letter import LetterSender
from application.mail import Language
from application.pricing.fare_conditions import FareConditions, conditions_of_segments
from domain.booking.values import Segment
from domain.policies.book import LAUNCH_BOOK
from domain.policies.fare_families import BaggageAllowance
from tests.support.memory_use_cases import CUSTOMER, MemoryUseCases
from tests.support.policies import cancellation, change, publish

BANDS = {
    "en": "from 168 h 0 %; from 72 h 25 %; from 24 h 50 %; from 0 h 75 %; after departure 100 %",
    "ar": "من 168 ساعة 0 %؛ من 72 ساعة 25 %؛ من 24 ساعة 50 %؛ من 0 ساعة 75 %؛ بعد المغادرة 100 %",
}
BAGS = {"en": "1 x 23 kg in the hold", "ar": "1 × 23 كجم في الشحن"}
AFTERWARDS = {"en": "from 0 h 90 %; after departure 100 %", "ar": "من 0 ساعة 90 %"}


class Mailbox:
    """Keeps the letters."""

    def __init__(self) -> None:
        self.letters: list[mail.Letter] = []

    async def send(self, letter: mail.Letter) -> None:
        """Keep it."""
        self.letters.append(letter)


async def letter_of(cases: MemoryUseCases, letter: letters.BookingLetter) -> str:
    """The text of a letter."""
    mailbox, bus = Mailbox(), cases.ports.bus
    vault: Any = cases.vault
    await LetterSender(bus=bus, vault=vault, mailer=mailbox).send(letter)
    [sent] = mailbox.letters
    return sent.text


async def details(cases: MemoryUseCases, booking: str) -> BookingDetails:
    """The booking as its owner sees it."""
    return await read_booking(cases.ports, CUSTOMER, booking)


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_letters_state_what_was_sold_whatever_was_published_since(language: Language) -> None:
    cases = MemoryUseCases()
    cases.language = language
    flight, later = cases.airline.schedule(in_days=9), cases.airline.schedule("SV2", in_days=9)
    before = await cases.ticketed(flight)
    publish(cases.airline, cancellation(90))
    after = await cases.ticketed(flight)
    sold = await letter_of(cases, letters.ConfirmationLetter(before))
    assert BANDS[language] in sold
    assert BAGS[language] in sold
    assert AFTERWARDS[language] not in sold
    assert AFTERWARDS[language] in await letter_of(cases, letters.ConfirmationLetter(after))
    cases.airline.exchange(before, later)
    changed = await letter_of(cases, letters.ModificationLetter(before, "1"))
    assert "SV2 RUH-JED" in changed
    assert BANDS[language] in changed


async def test_a_booking_shows_the_conditions_that_each_segment_was_sold_under() -> None:
    cases = MemoryUseCases()
    flight = cases.airline.schedule(in_days=9)
    before = await cases.ticketed(flight)
    publish(cases.airline, change(40))
    after = await cases.ticketed(flight)
    shown = [(await details(cases, each)).conditions for each in (before, after)]
    assert [first_percent(each) for each in shown] == [0, 40]
    assert shown[0] == conditions_of_segments(LAUNCH_BOOK, [Segment(flight, "Y", "Y")])
    assert shown[0][0].baggage == BaggageAllowance(1, 23, 1, 7)


def first_percent(conditions: Sequence[FareConditions]) -> int:
    """What a change costs at the longest notice."""
    return conditions[0].modification[0].percent
