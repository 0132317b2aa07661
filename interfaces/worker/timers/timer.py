"""The type of a timer: its name, its period, its query and the handler of its tasks."""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from application import ports
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler


class Page(msgspec.Struct, frozen=True):
    """The page that a query returns: tasks due at `now`, at most `limit`.

    `after` is the last task of the page before, while pages are full. Every query goes on from
    it: what nothing can help, or not yet, must not starve what is behind it.
    """

    now: dt.datetime
    limit: int
    after: ports.BackgroundTask | None = None


class Timer(msgspec.Struct, frozen=True):
    """A query for due tasks, run at every tick of the scheduler or once in a period.

    `handler` is None where `handlers.py` lists the handler of the tasks. A task that is still due
    is enqueued again after `repeat_seconds`; None for the time that suits tasks which call Stripe.
    """

    name: str
    due: Callable[[Core, Page], Awaitable[Sequence[ports.BackgroundTask]]]
    handler: TaskHandler[Any] | None = None
    period_seconds: float = 0.0
    repeat_seconds: float | None = None
