"""A task of the queue that could be done in part: only what is left is enqueued again."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from dramatiq import Message
from dramatiq.brokers.stub import StubBroker

from application import ports
from application.booking import letters
from application.booking.letter_batches import QueuedTask, ReadLetter, SendLetters
from application.modes.current_modes import CurrentModes
from infrastructure.redis.queue import QUEUE_NAME
from interfaces.worker import actors

SENT = [letters.ConfirmationLetter(f"booking-AAAAA{name}") for name in "ABC"]


class FailingLetters:
    """Sends letters, but not those about these bookings."""

    def __init__(self, *failing: str) -> None:
        self.failing = failing

    async def send_all(self, batch: list[ReadLetter]) -> list[ReadLetter]:
        """Return those that fail."""
        return [each for each in batch if each.letter.booking_id in self.failing]


async def carried_out(sender: FailingLetters) -> list[tuple[str, dict[str, Any]]]:
    """Carry the batch out as the worker does; topics and bodies of what is enqueued then."""
    broker: Any = StubBroker()
    core: Any = SimpleNamespace(letters=sender, modes=SimpleNamespace(current=CurrentModes()))
    actors.register(broker, core, asyncio.get_running_loop())
    body = SendLetters(tuple(QueuedTask(each.topic, each.body) for each in SENT)).body
    await asyncio.to_thread(broker.get_actor(SendLetters.topic).fn, **body)
    queue = broker.queues[QUEUE_NAME]
    messages = [queue.get() for _ in range(queue.qsize())]
    return [(found.actor_name, found.kwargs) for found in map(Message.decode, messages)]


async def test_only_the_letters_that_failed_are_enqueued_again_each_alone() -> None:
    left = await carried_out(FailingLetters(SENT[0].booking_id, SENT[2].booking_id))
    assert left == [(each.topic, each.body) for each in (SENT[0], SENT[2])]


async def test_nothing_is_enqueued_when_all_letters_were_sent() -> None:
    assert await carried_out(FailingLetters()) == []


async def test_a_batch_of_which_no_letter_was_sent_fails_and_is_tried_again_by_the_queue() -> None:
    with pytest.raises(ports.Unavailable):
        await carried_out(FailingLetters(*(each.booking_id for each in SENT)))
