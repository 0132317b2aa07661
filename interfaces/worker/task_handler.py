"""Binds a background task to its function, and the cause of the commands it submits."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from application import ports
from application.booking.letter_batches import QueuedTask
from application.commands import follow_up
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

    async def handle(self, core: Core, task: Task) -> None:
        """Carry out the task; it may run twice or late, and after an error it is tried again.

        After TasksLeft only what is left may be tried again.
        """
        with calls_are(self.urgency):
            await self.function(core, task)


def cause_of(stream: str, step: str, *, actor: str) -> follow_up.Cause:
    """Return the cause of a task's commands about a stream: the same for every try."""
    return follow_up.Cause(
        id=ids.step_command_id(ids.event_id(stream, 1), step), actor=actor, correlation_id=stream
    )
