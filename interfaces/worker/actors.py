"""What the worker does for each topic: messages carry ids, the log and tables carry the truth.

Every actor may run twice or late without harm; an error it raises is tried again with backoff.
"""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from application.booking import letters
from application.commands import follow_up
from application.inventory.depart_flight import DepartFlight
from application.payment import process_event
from application.payment.refund_payment import REFUND_TOPIC
from domain.kernel import ids
from domain.kernel.rejections import Rejection
from infrastructure.redis.queue import QUEUE_NAME
from interfaces.composition import Core

STRIPE_EVENTS_TOPIC = "stripe_events"
RELEASE_HOLD_TOPIC = "release_hold"
COMPLETE_ATTEMPT_TOPIC = "complete_attempt"
RUN_AGAIN_TOPIC = "run_again"
FOLLOW_FLIGHT_TOPIC = "follow_flight"
DEPART_FLIGHT_TOPIC = "depart_flight"
OFFER_AGAIN_TOPIC = "offer_again"
TASK_SECONDS = 45.0

Task = Callable[..., Coroutine[Any, Any, None]]


class Tasks:
    """The tasks by topic, on one core."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def by_topic(self) -> dict[str, Task]:
        """Every topic that outbox, inbox and timers use."""
        return {
            STRIPE_EVENTS_TOPIC: self.stripe_events,
            RELEASE_HOLD_TOPIC: self.release_hold,
            COMPLETE_ATTEMPT_TOPIC: self.complete_attempt,
            REFUND_TOPIC: self.refund_payment,
            RUN_AGAIN_TOPIC: self.run_again,
            FOLLOW_FLIGHT_TOPIC: self.follow_flight,
            DEPART_FLIGHT_TOPIC: self.depart_flight,
            OFFER_AGAIN_TOPIC: self.offer_again,
            **{topic: functools.partial(self.send_letter, topic) for topic in letters.LETTERS},
        }

    async def stripe_events(self, *, events: str) -> None:
        """Work off events of the inbox, their ids joined by commas; one that fails stops no other.

        Together, so that the dispatcher makes one append of many commands.
        """
        found = await asyncio.gather(
            *(self._stripe_event(event) for event in events.split(",")), return_exceptions=True
        )
        for result in found:
            if result is not None:
                raise result

    async def _stripe_event(self, event: str) -> None:
        stored = await self._core.inbox.read(event)
        if stored is None or stored.state != "new":
            return
        cause = follow_up.Cause(
            id=ids.webhook_command_id(event), actor="stripe", correlation_id=event
        )
        try:
            handled = await process_event.process_event(
                stored.type,
                stored.object,
                collector=self._core.collector,
                refunder=self._core.refunder,
                cause=cause,
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
        cause = follow_up.Cause(
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
        cause = follow_up.Cause(
            id=ids.step_command_id(ids.event_id(payment, 1), attempt),
            actor="timer",
            correlation_id=payment,
        )
        await self._core.collector.open_session(payment, attempt, cause=cause)

    async def refund_payment(self, *, payment: str, refund: str) -> None:
        """Ask Stripe for a refund, or how one stands that it has."""
        cause = follow_up.Cause(
            id=ids.step_command_id(ids.event_id(payment, 1), refund),
            actor="system",
            correlation_id=payment,
        )
        await self._core.refunder.send(payment, refund, cause=cause)

    async def run_again(self, *, booking: str) -> None:
        """Do again what should have followed from a booking's events; done is harmless."""
        await self._core.processes.run_again(booking)

    async def follow_flight(self, *, flight: str, version: str) -> None:
        """Work a flight's change off for every booking on it."""
        await self._core.follower.follow(flight, int(version))

    async def depart_flight(self, *, flight: str) -> None:
        """Nobody said so, but the flight must have left by now."""
        cause = follow_up.Cause(
            id=ids.step_command_id(ids.event_id(flight, 1), "depart"),
            actor="timer",
            correlation_id=flight,
        )
        command = DepartFlight(flight_id=flight, departed_at=self._core.clock())
        try:
            await self._core.bus.submit(follow_up.envelope(cause, "depart", command))
        except Rejection:
            return  # cancelled, or rescheduled between the look and the decision

    async def offer_again(self, *, flight: str) -> None:
        """Serve the waitlist of a flight."""
        await self._core.processes.offer_again(flight)

    async def send_letter(self, topic: str, *, booking: str, **facts: str) -> None:
        """Write to the travellers."""
        await self._core.letters.send(topic, booking, **facts)


def register(broker: RedisBroker, tasks: Tasks, loop: asyncio.AbstractEventLoop) -> None:
    """Make an actor of each task; its coroutine runs in `loop`, the thread only waits."""
    for topic, task in tasks.by_topic().items():
        make = dramatiq.actor(actor_name=topic, queue_name=QUEUE_NAME, broker=broker)
        make(_in_loop(task, loop))


def _in_loop(task: Task, loop: asyncio.AbstractEventLoop) -> Callable[..., None]:
    def run(**body: str) -> None:
        running = asyncio.run_coroutine_threadsafe(task(**body), loop)
        try:
            running.result(TASK_SECONDS)
        finally:
            # What takes too long is tried again: the first try must not go on beside the second.
            running.cancel()

    return run
