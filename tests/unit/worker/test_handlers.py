"""Every declared background task has one handler, whose body type is the task's."""

import importlib
import inspect
import typing
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from application import ports
from application.booking import letters
from interfaces.composition import Core
from interfaces.worker.handlers import HANDLERS
from tests.architecture import tree


def _subclasses(of: type[ports.BackgroundTask]) -> Iterator[type[ports.BackgroundTask]]:
    for found in of.__subclasses__():
        yield found
        yield from _subclasses(found)


def declared() -> set[type[ports.BackgroundTask]]:
    """Return all tasks of the product: the subclasses that have a topic."""
    for path in tree.layer_files():
        if "BackgroundTask" in tree.text(path):
            importlib.import_module(tree.module_name(path))
    return {
        found
        for found in _subclasses(ports.BackgroundTask)
        if hasattr(found, "topic") and found.__module__.partition(".")[0] in tree.LAYERS
    }


def test_every_declared_task_has_one_handler() -> None:
    handled = [handler.task for handler in HANDLERS]
    assert len(handled) > 10
    assert len(handled) == len(set(handled))
    assert set(handled) == declared()


def test_every_topic_names_one_task() -> None:
    topics = [task.topic for task in declared()]
    assert len(topics) == len(set(topics))


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.task.topic)
def test_a_handler_takes_the_core_and_the_body_of_its_task(handler: Any) -> None:
    first, second = inspect.signature(handler.function).parameters
    hints = typing.get_type_hints(handler.function)
    assert hints[first] is Core
    assert issubclass(handler.task, hints[second])


def test_every_letter_is_declared_and_written_in_both_languages() -> None:
    declared_letters = {task for task in declared() if issubclass(task, letters.BookingLetter)}
    assert set(letters.LETTERS) == declared_letters
    assert {tuple(sorted(words)) for words in letters.LETTERS.values()} == {("ar", "en")}


@pytest.mark.parametrize(
    ("task", "body"),
    [
        (
            letters.CancellationLetter("booking-A", "2", fee=100, refund=900),
            {"booking_id": "booking-A", "about": "2", "fee": 100, "refund": 900},
        ),
        (letters.ConfirmationLetter("booking-A"), {"booking_id": "booking-A"}),
    ],
)
def test_a_message_is_readable_json_and_is_read_as_the_same_task(
    task: ports.BackgroundTask, body: dict[str, Any]
) -> None:
    assert task.body == body
    sent = msgspec.json.decode(msgspec.json.encode(task.body))
    assert msgspec.convert(sent, type(task)) == task


def test_a_message_that_does_not_fit_its_task_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"booking_id": "booking-A"}, letters.CancellationLetter)
