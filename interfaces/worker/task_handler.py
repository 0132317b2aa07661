"""Binds a background task to its function, and the cause of the commands it submits."""

import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import msgspec

from application import metrics, ports, telemetry
from application.booking.letter_batches import QueuedTask
from application.commands import follow_up
from application.commands.command import STREAM_FIELDS
from application.payment.urgency import Urgency, calls_are
from domain.kernel import ids
from interfaces.composition import Core

TASK_SECONDS = 45.0


class TasksLeft(Exception):
    """Parts of a task failed: these tasks are enqueued in its place, and are tried again alone."""

    def __init__(self, tasks: Sequence[QueuedTask]) -> None:
        super().__init__(f"{len(tasks)} left")
        self.tasks = tasks


Task = TypeVar("Task", bound=ports.BackgroundTask)


class TaskHandler(msgspec.Struct, Generic[Task], frozen=True):
    """A task's function, and how urgent its calls to Stripe are.

    `is_over` returns whether the task has meanwhile been carried out another way: a timer or a
    webhook may do its work while it waits for its next try. It reads our records only.
    """

    task: type[Task]
    function: Callable[[Core, Task], Coroutine[Any, Any, None]]
    urgency: Urgency = Urgency.SWEEP
    is_over: Callable[[Core, Task], Coroutine[Any, Any, bool]] | None = None

    async def handle(self, core: Core, task: Task, work: telemetry.Work | None = None) -> None:
        """Carry out the task; it may run twice or late, and after an error it is tried again.

        After TasksLeft only what is left may be tried again. `work` is what it continues; the task
        of a timer has none, and goes by the id of what it is about.
        """
        under_way = work or telemetry.begun(_about(task), "task")
        with (
            telemetry.carrying(under_way),
            telemetry.span("task", topic=task.topic),
            calls_are(self.urgency),
            _timed(task.topic),
        ):
            await self.function(core, task)


@contextmanager
def _timed(topic: str) -> Iterator[None]:
    began = time.perf_counter()
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        metrics.TASK_SECONDS.record(time.perf_counter() - began, topic, outcome)


def _about(task: ports.BackgroundTask) -> str:
    """Return the stream that a task names, another id that it has, or its topic."""
    names = (*STREAM_FIELDS, *task.__struct_fields__)
    found = (getattr(task, name, None) for name in names)
    return next((each for each in found if isinstance(each, str)), task.topic)


def cause_of(stream: str, step: str, *, actor: str) -> follow_up.Cause:
    """Return the cause of a task's commands about a stream: the same for every try.

    They have the correlation id of the request that enqueued the task, if one did.
    """
    work = telemetry.current()
    return follow_up.Cause(
        id=ids.step_command_id(ids.event_id(stream, 1), step),
        actor=actor,
        correlation_id=stream if work is None else work.correlation_id,
    )
