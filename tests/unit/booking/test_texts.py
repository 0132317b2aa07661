"""Text messages of a booking: short, in both languages, and only where a number is known."""

from collections.abc import Sequence

import msgspec
import pytest

from application.booking import letters, texts
from application.booking.people import Contact
from application.booking.send_text import TextSender
from application.booking.settle_unanswered import RemindUnanswered
from application.text_messages import TextMessage, segments
from domain.inventory.state import FlightStatus
from domain.kernel.sealed import Sealed
from tests.support.memory_processes import MemoryBus
from tests.support.named_party import NamedParty
from tests.unit.booking.test_who_is_named import cancel_flight, move_flight

AIRLINE = "Rimal Air International Company"
LIMITS = {"en": 2, "ar": 3}


class ContactVault:
    """Opens the contact; nothing once it is erased."""

    def __init__(self, phone: str | None, *, locale: letters.Language, erased: bool) -> None:
        contact = Contact("amal@example.com", phone, locale)
        self._contact = None if erased else msgspec.json.encode(contact)

    async def open_all(self, boxes: Sequence[Sealed]) -> list[bytes | None]:
        return [self._contact] * len(boxes)


class Telephone:
    """Keeps the messages."""

    def __init__(self) -> None:
        self.messages: list[TextMessage] = []

    async def send(self, message: TextMessage) -> None:
        self.messages.append(message)


async def sent(
    party: NamedParty,
    *tasks: texts.BookingText,
    phone: str | None = "+966 50 000 0000",
    locale: letters.Language = "en",
    erased: bool = False,
) -> list[TextMessage]:
    telephone = Telephone()
    sender = TextSender(
        bus=MemoryBus(party.airline),
        vault=ContactVault(phone, locale=locale, erased=erased),  # type: ignore[arg-type]  # it only opens
        messenger=telephone,
        airline=AIRLINE,
    )
    for each in tasks:
        await sender.send(each)
    return telephone.messages


def last_text(party: NamedParty) -> texts.BookingText:
    """The last text message that the log asked for."""
    return [each for each in party.airline.log.outbox if isinstance(each, texts.BookingText)][-1]


def disrupted(how: str) -> NamedParty:
    """A party of one flight that was cancelled or moved, or reminded of it."""
    party = NamedParty(("ADT", "Amal"))
    if how == "moved":
        move_flight(party, 3)
    else:
        cancel_flight(party)
    if how == "reminded":
        party.airline.submit(RemindUnanswered(party.booking_id))
    return party


@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize("how", ["cancelled", "moved", "reminded"])
async def test_each_message_is_complete_and_short_in_both_languages(
    how: str, locale: letters.Language
) -> None:
    party = disrupted(how)
    task = last_text(party)
    (message,) = await sent(party, task, locale=locale)
    flight = party.airline.flight(party.flights[0])
    assert message.to == "+966500000000"
    assert f"{flight.number} {flight.origin}-{flight.destination}" in message.text
    assert party.booking_id.removeprefix("booking-") in message.text
    assert "{" not in message.text
    assert segments(message.text) <= LIMITS[locale]
    assert (flight.status is FlightStatus.CANCELLED) == (how != "moved")


@pytest.mark.parametrize("phone", [None, "0500000000"])
async def test_nothing_is_sent_without_a_number_with_its_country(phone: str | None) -> None:
    party = disrupted("cancelled")
    assert await sent(party, last_text(party), phone=phone) == []


async def test_nothing_is_sent_to_an_erased_traveller_or_without_a_messenger() -> None:
    party = disrupted("cancelled")
    assert await sent(party, last_text(party), erased=True) == []
    vault = ContactVault("+966500000000", locale="en", erased=False)
    bus = MemoryBus(party.airline)
    none = TextSender(bus=bus, vault=vault, messenger=None, airline=AIRLINE)  # type: ignore[arg-type]  # it only opens
    await none.send(last_text(party))


async def test_a_message_sent_again_has_the_same_id_and_one_of_another_change_another() -> None:
    party = disrupted("moved")
    moved = last_text(party)
    first, again = await sent(party, moved, moved)
    assert first == again
    cancel_flight(party)
    assert await sent(party, moved) == [], "another change followed"
    (other,) = await sent(party, last_text(party))
    assert other.id != first.id


async def test_no_message_asks_for_an_answer_that_was_given() -> None:
    party = disrupted("reminded")
    task = last_text(party)
    assert isinstance(task, texts.ReminderText)
    party.airline.exchange(party.booking_id, party.airline.schedule("SV9", in_days=10.2))
    assert await sent(party, task) == []
