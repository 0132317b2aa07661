"""What the worker does for each topic: messages carry ids, the log and tables carry the truth.

Every actor may run twice or late without harm; an error it raises is tried again with backoff.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from application import steps
from application.booking.confirm_booking import CONFIRMATION_TOPIC
from application.payment import process_event
from domain.kernel import ids
from domain.kernel.rejections import Rejection
from infrastructure.redis.queue import QUEUE_NAME
from interfaces.composition import Core

STRIPE_EVENT_TOPIC = "stripe_event"
RELEASE_HOLD_TOPIC = "release_hold"
COMPLETE_ATTEMPT_TOPIC = "complete_attempt"
CONFIRM_AGAIN_TOPIC = "confirm_again"
TASK_SECONDS = 45.0

Task = Callable[..., Coroutine[Any, Any, None]]


class Tasks:
    """The tasks by topic, on one core."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def by_topic(self) -> dict[str, Task]:
        """Every topic that outbox, inbox and timers use."""
        return {
            STRIPE_EVENT_TOPIC: self.stripe_event,
            RELEASE_HOLD_TOPIC: self.release_hold,
            COMPLETE_ATTEMPT_TOPIC: self.complete_attempt,
            CONFIRM_AGAIN_TOPIC: self.confirm_again,
            CONFIRMATION_TOPIC: self.send_confirmation,
        }

    async def stripe_event(self, *, event: str) -> None:
        """Work off one event of the inbox."""
        stored = await self._core.inbox.read(event)
        if stored is None or stored.state != "new":
            return
        cause = steps.Cause(id=ids.webhook_command_id(event), actor="stripe", correlation_id=event)
        try:
            handled = await process_event.process_event(
                stored.type, stored.object, collector=self._core.collector, cause=cause
            )
        except Rejection as rejection:
            await self._core.inbox.finish(event, state="ignored", reason=rejection.code)
            return
        except Exception as error:
            await self._core.inbox.fail(event, reason=type(error).__name__)
            raise
        await self._core.inbox.finish(event, state=handled)

    async def release_hold(self, *, booking: str) -> None:
        """Let a lapsed hold go; money that arrived meanwhile makes this a no-op."""
        cause = steps.Cause(
            id=ids.step_command_id(ids.event_id(booking, 1), "release_hold"),
            actor="timer",
            correlation_id=booking,
        )
        try:
            await self._core.releaser.release(booking, cause=cause)
        except Rejection:
            return  # paid or expired between the look and the decision

    async def complete_attempt(self, *, payment: str, attempt: str) -> None:
        """Ask Stripe what became of an attempt without an outcome."""
        cause = steps.Cause(
            id=ids.step_command_id(ids.event_id(payment, 1), attempt),
            actor="timer",
            correlation_id=payment,
        )
        await self._core.collector.open_session(payment, attempt, cause=cause)

    async def confirm_again(self, *, booking: str) -> None:
        """Try a confirmation again that failed."""
        await self._core.processes.confirm_again(booking)

    async def send_confirmation(self, *, booking: str) -> None:
        """Write to the traveller."""
        await self._core.confirmations.send(booking)


def register(broker: RedisBroker, tasks: Tasks, loop: asyncio.AbstractEventLoop) -> None:
    """Make an actor of each task; its coroutine runs in `loop`, the thread only waits."""
    for topic, task in tasks.by_topic().items():
        make = dramatiq.actor(actor_name=topic, queue_name=QUEUE_NAME, broker=broker)
        make(_in_loop(task, loop))


def _in_loop(task: Task, loop: asyncio.AbstractEventLoop) -> Callable[..., None]:
    def run(**body: str) -> None:
        asyncio.run_coroutine_threadsafe(task(**body), loop).result(TASK_SECONDS)

    return run
