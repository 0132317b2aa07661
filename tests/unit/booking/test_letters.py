"""Every letter in both languages: all facts are filled in, and a repeat has the same id."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from application import mail, ports
from application.booking import letter_reasons, letters
from application.booking.people import Contact, Name
from application.booking.send_letter import LetterSender
from domain.kernel.sealed import Sealed
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import MemoryBus

NAME = Name("Amal", "Qahtani")


class OpenVault:
    """Opens the contact, then the same name for each passenger; nothing once they are erased."""

    def __init__(self, locale: letters.Language, *, erased: bool = False) -> None:
        self._contact = msgspec.json.encode(Contact("amal@example.com", locale=locale))
        self._erased = erased

    async def open_all(self, boxes: Sequence[Sealed]) -> list[bytes | None]:
        if self._erased:
            return [None] * len(boxes)
        return [self._contact, *([msgspec.json.encode(NAME)] * (len(boxes) - 1))]


class Mailbox:
    """Keeps the letters."""

    def __init__(self) -> None:
        self.letters: list[mail.Letter] = []

    async def send(self, letter: mail.Letter) -> None:
        self.letters.append(letter)


def written(kind: type[letters.BookingLetter], booking_id: str) -> letters.BookingLetter:
    """Return a letter of this kind, with all that it needs."""
    facts: dict[str, Any] = {
        "fee": 15_000,
        "refund": 35_000,
        "reason": "sandstorm",
        "source": "booking-ABCDEF",
        "amount": 75_000,
        "currency": "SAR",
        "received": 10_000,
        "paid": 50_000,
        "rest": 40_000,
        "until": dt.date(2027, 11, 24),
        "url": "https://checkout.stripe.com/c/pay/cs_1",
    }
    needed = {name: facts[name] for name in kind.__struct_fields__ if name in facts}
    return kind(booking_id=booking_id, about="1", **needed)


async def send(
    *sent: letters.BookingLetter, airline: MemoryAirline, vault: OpenVault
) -> list[mail.Letter]:
    """Send the letters and return what arrives."""
    mailbox = Mailbox()
    sender = LetterSender(bus=MemoryBus(airline), vault=vault, mailer=mailbox)  # type: ignore[arg-type]  # it only opens
    for each in sent:
        await sender.send(each)
    return mailbox.letters


@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize("kind", letters.LETTERS, ids=lambda kind: kind.topic)
async def test_each_letter_is_complete_in_both_languages(
    kind: type[letters.BookingLetter], locale: letters.Language
) -> None:
    airline = MemoryAirline()
    booking = airline.ticketed(airline.schedule("SV1"))
    (letter,) = await send(written(kind, booking), airline=airline, vault=OpenVault(locale))
    assert letter.to == "amal@example.com"
    assert booking.removeprefix("booking-") in letter.subject
    assert "Amal Qahtani" in letter.text
    assert "{" not in letter.subject + letter.text
    decided = {"fee": "150.00", "refund": "350.00", "reason": "sandstorm"}
    for name, text in decided.items():
        assert (text in letter.text) == (name in kind.__struct_fields__)


async def test_a_letter_sent_again_has_the_same_id_and_another_one_another() -> None:
    airline = MemoryAirline()
    booking = airline.ticketed(airline.schedule("SV1"))
    reference = booking.removeprefix("booking-")
    first, again, other = await send(
        letters.ModificationLetter(booking, "1"),
        letters.ModificationLetter(booking, "1"),
        letters.ModificationLetter(booking, "2"),
        airline=airline,
        vault=OpenVault("en"),
    )
    assert first == again
    assert first.id == f"change-completed-{reference}-1"
    assert other.id == f"change-completed-{reference}-2"


async def test_nothing_is_written_to_an_erased_passenger_or_about_an_unknown_booking() -> None:
    airline = MemoryAirline()
    booking = airline.ticketed(airline.schedule("SV1"))
    erased = OpenVault("en", erased=True)
    assert await send(letters.ConfirmationLetter(booking), airline=airline, vault=erased) == []
    unknown = letters.ConfirmationLetter("booking-ZZZZZZ")
    assert await send(unknown, airline=airline, vault=OpenVault("en")) == []


def test_a_letter_is_a_background_task() -> None:
    assert all(issubclass(kind, ports.BackgroundTask) for kind in letters.LETTERS)


@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize("code", letter_reasons.REASONS)
async def test_passengers_read_why_a_flight_changed_in_their_language(
    locale: letters.Language, code: str
) -> None:
    airline = MemoryAirline()
    booking = airline.ticketed(airline.schedule("SV1"))
    letter = letters.DisruptionLetter(booking_id=booking, reason=code)
    (sent,) = await send(letter, airline=airline, vault=OpenVault(locale))
    assert letter_reasons.REASONS[code][locale] in sent.text
