"""Letters in batches: read together, sent on their own, and a failing one stops no other."""

import asyncio
from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from application import mail, ports
from application.booking import letter_batches, letters, send_letter
from application.booking.create_booking import WantedBooking, create_booking
from application.booking.letter_batches import LETTER_LIMIT, QueuedTask, SendLetters
from application.booking.send_letter import LetterSender
from application.booking.travellers import Traveller
from application.payment.refund_payment import SendRefund
from interfaces.worker.handlers import send_letters
from interfaces.worker.task_handler import TasksLeft
from tests.support.memory_processes import MemoryBus
from tests.support.memory_use_cases import MemoryUseCases

FAMILY_NAMES = ("Harbi", "Qahtani", "Otaibi", "Zahrani")


class CountingBus(MemoryBus):
    """Counts reads by kind of stream; bookings in `unreadable` cannot be read."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.reads: list[str] = []
        self.unreadable: set[str] = set()
        self.away = False

    async def current(self, kind: Any, stream: str) -> Any:
        raise AssertionError("one read for all")

    async def current_all(self, kind: Any, streams: Collection[str]) -> Any:
        """Count, and read."""
        if self.away:
            raise ports.Unavailable("database")
        if self.unreadable.intersection(streams):
            raise RuntimeError("an event that nobody can read")
        self.reads.append(kind.prefix)
        return {stream: await super(CountingBus, self).current(kind, stream) for stream in streams}


class Mailbox:
    """Keeps letters by id; fails for addresses in `closed`."""

    def __init__(self) -> None:
        self.letters: dict[str, mail.Letter] = {}
        self.closed: set[str] = set()

    async def send(self, letter: mail.Letter) -> None:
        """Keep it."""
        if letter.to in self.closed:
            raise ports.Unavailable("mail")
        assert letter.id not in self.letters, "sent twice"
        self.letters[letter.id] = letter


class PostOffice:
    """Ticketed bookings in both languages, and what sends their letters."""

    def __init__(self) -> None:
        self.use_cases = MemoryUseCases()
        self.bus = CountingBus(self.use_cases.airline)
        self.mailbox = Mailbox()
        self.opened = 0
        self.tampered = ""
        self.sender = LetterSender(bus=self.bus, vault=self, mailer=self.mailbox)  # type: ignore[arg-type]  # it only opens

    async def open_all(self, boxes: Any) -> Any:
        """Count, and open."""
        if self.tampered in {box.subject for box in boxes}:
            raise ValueError("tampered")
        self.opened += 1
        return await self.use_cases.vault.open_all(boxes)

    async def booked(self, number: int) -> letters.ConfirmationLetter:
        """A new ticketed booking; every second one in Arabic. Its letter."""
        airline = self.use_cases.airline
        flight = airline.schedule(f"SV{number}")
        name = FAMILY_NAMES[number % 4]
        wanted = WantedBooking(
            [Traveller("Noura", name, "ADT", None)], f"{number}@example.com", None, flight, None
        )
        caller = msgspec.structs.replace(
            self.use_cases.caller(), language="ar" if number % 2 else "en"
        )
        booking = (await create_booking(self.use_cases.ports, caller, wanted)).booking_id
        airline.pay(booking)
        airline.confirm(booking)
        return letters.ConfirmationLetter(booking)

    async def carry_out(self, batch: SendLetters) -> list[QueuedTask]:
        """Let the worker's handler send the batch; what is left."""
        core: Any = SimpleNamespace(letters=self.sender)
        try:
            await send_letters(core, batch)
        except TasksLeft as left:
            return list(left.tasks)
        return []


def batch_of(sent: Collection[letters.BookingLetter]) -> SendLetters:
    """One message with these letters, as it comes out of the queue."""
    tasks = [QueuedTask(each.topic, each.body) for each in sent]
    (message,) = letter_batches.grouped(tasks)
    assert message.topic == SendLetters.topic
    return msgspec.json.decode(msgspec.json.encode(message.body), type=SendLetters)


async def test_a_full_batch_is_one_read_of_bookings_flights_policies_and_keys() -> None:
    office = PostOffice()
    sent = [await office.booked(number) for number in range(LETTER_LIMIT)]
    assert await office.carry_out(batch_of(sent)) == []
    assert office.bus.reads == ["booking", "flight", "policy"]
    assert office.opened == 1
    assert len(office.mailbox.letters) == LETTER_LIMIT
    for number, letter in enumerate(sent):
        reference = letter.booking_id.removeprefix("booking-")
        arrived = office.mailbox.letters[f"booking-confirmed-{reference}"]
        assert arrived.to == f"{number}@example.com"
        assert f"Noura {FAMILY_NAMES[number % 4]}" in arrived.text
        assert f"SV{number} " in arrived.text
        assert ("مؤكد" in arrived.text or "تأكيد" in arrived.text) == bool(number % 2)


async def test_a_batch_and_a_lone_letter_are_word_for_word_the_same() -> None:
    office, other = PostOffice(), Mailbox()
    sent = [await office.booked(number) for number in range(3)]
    await office.carry_out(batch_of(sent))
    alone = LetterSender(bus=office.bus, vault=office, mailer=other)  # type: ignore[arg-type]  # it only opens
    for each in sent:
        await alone.send(each)
    assert other.letters == office.mailbox.letters


async def test_a_letter_that_fails_is_left_alone_and_the_others_arrive() -> None:
    office = PostOffice()
    sent = [await office.booked(number) for number in range(4)]
    office.mailbox.closed.add("2@example.com")
    left = await office.carry_out(batch_of(sent))
    assert left == [QueuedTask(sent[2].topic, sent[2].body)]
    assert {each.to for each in office.mailbox.letters.values()} == {
        f"{number}@example.com" for number in (0, 1, 3)
    }
    office.mailbox.closed.clear()
    (again,) = letter_batches.read(left)[0]
    await office.sender.send(again.letter)
    assert len(office.mailbox.letters) == 4


async def test_a_mail_system_that_hangs_for_one_letter_stops_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = PostOffice()
    sent = [await office.booked(number) for number in range(3)]
    monkeypatch.setattr(send_letter, "MAIL_TIMEOUT_SECONDS", 0.01)
    arriving = office.mailbox.send

    async def hanging(letter: mail.Letter) -> None:
        if letter.to == "0@example.com":
            await asyncio.sleep(3600)
        await arriving(letter)

    monkeypatch.setattr(office.mailbox, "send", hanging)
    assert len(await office.carry_out(batch_of(sent))) == 1
    assert len(office.mailbox.letters) == 2


async def test_a_booking_that_cannot_be_read_stops_no_other() -> None:
    office = PostOffice()
    sent = [await office.booked(number) for number in range(4)]
    office.bus.unreadable.add(sent[1].booking_id)
    left = await office.carry_out(batch_of(sent))
    assert [each.body for each in left] == [sent[1].body]
    assert len(office.mailbox.letters) == 3


async def test_the_batch_stays_together_while_no_letter_can_be_sent() -> None:
    office = PostOffice()
    sent = [await office.booked(number) for number in range(3)]
    office.mailbox.closed |= {f"{number}@example.com" for number in range(3)}
    with pytest.raises(ports.Unavailable):
        await office.carry_out(batch_of(sent))
    assert office.mailbox.letters == {}


async def test_an_erased_passenger_of_a_batch_gets_no_letter_and_the_others_do() -> None:
    office = PostOffice()
    sent = [await office.booked(number) for number in range(3)]
    erased = office.use_cases.airline.state(sent[1].booking_id)
    office.use_cases.vault.erase(erased.contact.subject)
    assert await office.carry_out(batch_of(sent)) == []
    assert {each.to for each in office.mailbox.letters.values()} == {
        "0@example.com",
        "2@example.com",
    }


async def test_letters_of_one_batch_about_one_booking_are_all_sent() -> None:
    office = PostOffice()
    first = await office.booked(0)
    second = letters.ModificationLetter(first.booking_id, "1")
    unknown = letters.ConfirmationLetter("booking-ZZZZZZ")
    assert await office.carry_out(batch_of([first, second, unknown])) == []
    assert len(office.mailbox.letters) == 2


async def test_a_letter_of_a_later_release_is_left_and_not_lost() -> None:
    office = PostOffice()
    known = await office.booked(0)
    later = QueuedTask("mail.seat_upgraded", {"booking_id": known.booking_id})
    broken = QueuedTask(known.topic, {"booking": known.booking_id})
    batch = SendLetters((QueuedTask(known.topic, known.body), later, broken))
    assert await office.carry_out(batch) == [later, broken]
    assert len(office.mailbox.letters) == 1


def test_letters_are_grouped_up_to_the_limit_and_other_tasks_are_not() -> None:
    refund = SendRefund("payment-AAAAAA-1", "r1")
    many = [letters.ConfirmationLetter(f"booking-{number}") for number in range(70)]
    tasks = [QueuedTask(each.topic, each.body) for each in (*many[:40], refund, *many[40:])]
    found = list(letter_batches.grouped(tasks))
    batches = [each.body["letters"] for each in found if each.topic == SendLetters.topic]
    assert [len(each) for each in batches] == [LETTER_LIMIT, LETTER_LIMIT, 6]
    assert [each["body"]["booking_id"] for batch in batches for each in batch] == [
        each.booking_id for each in many
    ]
    assert [each for each in found if each.topic != SendLetters.topic] == [tasks[40]]


def test_a_lone_letter_is_a_message_as_before() -> None:
    lone = QueuedTask("mail.booking_confirmed", {"booking_id": "booking-AAAAAA"})
    assert list(letter_batches.grouped([lone])) == [lone]
    assert list(letter_batches.grouped([])) == []


async def test_letters_that_are_sent_at_the_same_time_are_read_together() -> None:
    office = PostOffice()
    sent = [await office.booked(number) for number in range(LETTER_LIMIT + 1)]
    await asyncio.gather(*(office.sender.send(each) for each in sent))
    assert office.bus.reads == ["booking", "flight", "policy"] * 2
    assert office.opened == 2
    assert len(office.mailbox.letters) == len(sent)


async def test_of_letters_that_are_read_together_only_the_failing_one_raises() -> None:
    office = PostOffice()
    sent = [await office.booked(number) for number in range(4)]
    office.bus.unreadable.add(sent[1].booking_id)
    office.mailbox.closed.add("2@example.com")
    results = await asyncio.gather(
        *(office.sender.send(each) for each in sent), return_exceptions=True
    )
    none = type(None)
    assert [type(each) for each in results] == [none, RuntimeError, ports.Unavailable, none]
    assert len(office.mailbox.letters) == 2


async def test_a_sender_that_is_cancelled_takes_no_other_with_it() -> None:
    office = PostOffice()
    sent = [await office.booked(number) for number in range(3)]
    sending = [asyncio.create_task(office.sender.send(each)) for each in sent]
    await asyncio.sleep(0)
    sending[0].cancel()
    results = await asyncio.gather(*sending, return_exceptions=True)
    assert [type(each) for each in results] == [asyncio.CancelledError, type(None), type(None)]
    await office.sender.send(sent[0])
    assert len(office.mailbox.letters) == 3


async def test_while_the_database_is_away_each_letter_is_tried_again_later() -> None:
    office = PostOffice()
    sent = [await office.booked(number) for number in range(3)]
    office.bus.away = True
    results = await asyncio.gather(
        *(office.sender.send(each) for each in sent), return_exceptions=True
    )
    assert [type(each) for each in results] == [ports.Unavailable] * 3
    office.bus.away = False
    await asyncio.gather(*(office.sender.send(each) for each in sent))
    assert len(office.mailbox.letters) == 3


async def test_a_box_that_was_tampered_with_stops_no_other_letter() -> None:
    office = PostOffice()
    sent = [await office.booked(number) for number in range(3)]
    office.tampered = office.use_cases.airline.state(sent[2].booking_id).contact.subject
    left = await office.carry_out(batch_of(sent))
    assert [each.body for each in left] == [sent[2].body]
    assert len(office.mailbox.letters) == 2
