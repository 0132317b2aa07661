"""A batch of letters on Postgres costs four queries, however many letters it has."""

import time
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
import pytest

from application import mail
from application.booking import letter_batches, letters
from application.booking.letter_batches import LETTER_LIMIT, QueuedTask
from application.booking.people import Contact, Name
from application.booking.send_letter import LetterSender
from domain.booking.values import Passenger
from infrastructure.sealing import master_key
from infrastructure.sealing.vault import SubjectVault
from tests.support.airline import create_booking
from tests.support.postgres_airline import PostgresAirline, postgres_airline
from tests.support.servers import TestDatabase

KEYS = master_key.parse(master_key.generated())


class Mailbox:
    """Keeps the letters."""

    def __init__(self) -> None:
        self.letters: list[mail.Letter] = []

    async def send(self, letter: mail.Letter) -> None:
        """Keep it."""
        self.letters.append(letter)


def vault_of(airline: PostgresAirline) -> SubjectVault:
    """A vault that has no key open yet."""
    return SubjectVault(airline.pool, KEYS, monotonic=time.monotonic, time_ns=time.time_ns)


async def ticketed(airline: PostgresAirline, vault: SubjectVault, flight: str, number: int) -> str:
    """A paid booking with sealed data, in one of the languages; its id."""
    subject, key = vault.new_subject()
    contact = Contact(f"{number}@example.com", locale="ar" if number % 2 else "en")
    name = vault.seal(subject, msgspec.json.encode(Name("Noura", "Harbi")))
    command = msgspec.structs.replace(
        create_booking(flight),
        contact=vault.seal(subject, msgspec.json.encode(contact)),
        passengers=(Passenger("ADT", name),),
        keys=(key,),
    )
    booking = (await airline.submit(command)).answer.stream
    await airline.pay(booking)
    await airline.confirm(booking)
    return booking


async def test_a_full_batch_of_letters_takes_four_connections_from_the_pool(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        postgres_airline(database.app_dsn) as sales,
        postgres_airline(database.app_dsn) as worker,
    ):
        flights = [await sales.schedule(f"SV{number}", seats=20) for number in range(1, 5)]
        bookings = [
            await ticketed(sales, vault_of(sales), flights[number % 4], number)
            for number in range(LETTER_LIMIT)
        ]
        mailbox = Mailbox()
        sender = LetterSender(bus=worker.dispatcher, vault=vault_of(worker), mailer=mailbox)
        taken: list[Any] = []
        connection = worker.pool.connection

        def counted(*arguments: Any, **named: Any) -> AbstractAsyncContextManager[Any]:
            taken.append(arguments)
            return connection(*arguments, **named)

        monkeypatch.setattr(worker.pool, "connection", counted)
        sent = [letters.ConfirmationLetter(each) for each in bookings]
        queued = [QueuedTask(each.topic, each.body) for each in sent]
        failed = await sender.send_all(letter_batches.read(queued)[0])
    assert failed == []
    assert len(taken) == 4  # bookings, flights, policies, keys
    assert {each.to for each in mailbox.letters} == {
        f"{number}@example.com" for number in range(LETTER_LIMIT)
    }
