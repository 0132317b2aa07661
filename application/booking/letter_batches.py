"""Letters that one message of the queue carries, so that their bookings are read together."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import msgspec

from application import ports, telemetry
from application.booking import letters

LETTER_LIMIT = 32

_KINDS = {letter.topic: letter for letter in letters.LETTERS}


class QueuedTask(msgspec.Struct, frozen=True):
    """A background task by its topic, as outbox and queue have it."""

    topic: str
    body: dict[str, Any]


class SendLetters(ports.BackgroundTask, frozen=True):
    """Send these letters, LETTER_LIMIT at most; those that fail are queued again on their own."""

    topic: ClassVar[str] = "mail.letters"

    letters: tuple[QueuedTask, ...]


def grouped(tasks: Iterable[QueuedTask]) -> Iterator[QueuedTask]:
    """Return the tasks with the letters among them grouped; a lone letter stays as it is.

    Letters follow the other tasks and keep their order.
    """
    waiting: list[QueuedTask] = []
    for task in tasks:
        if task.topic not in _KINDS:
            yield task
            continue
        waiting.append(task)
        if len(waiting) == LETTER_LIMIT:
            yield _together(waiting)
            waiting = []
    if waiting:
        yield _together(waiting)


def _together(queued: list[QueuedTask]) -> QueuedTask:
    if len(queued) == 1:
        return queued[0]
    batch = SendLetters(tuple(queued))
    return QueuedTask(batch.topic, batch.body)


class ReadLetter(msgspec.Struct, frozen=True):
    """A letter of a batch, its task, and the work that it continues."""

    letter: letters.BookingLetter
    task: QueuedTask
    work: telemetry.Work | None


def read(queued: Iterable[QueuedTask]) -> tuple[list[ReadLetter], list[QueuedTask]]:
    """Return the letters, and the tasks that this release cannot read as letters."""
    readable, left = [], []
    for task in queued:
        try:
            letter = msgspec.convert(task.body, _KINDS[task.topic])
        except (KeyError, msgspec.ValidationError):
            left.append(task)
        else:
            readable.append(ReadLetter(letter, task, telemetry.resumed(task.body)))
    return readable, left
