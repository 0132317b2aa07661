"""Work declares how urgent its calls to Stripe are; what a person waits for declares nothing."""

import asyncio
from typing import Any, cast

import pytest

from application.payment import urgency
from application.payment.process_event import ProcessStripeEvents
from application.payment.urgency import Urgency
from interfaces.composition import Core
from interfaces.worker.handlers import HANDLERS
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.registry import TIMERS

CORE = cast(Core, None)


def test_a_request_over_http_is_a_checkout() -> None:
    assert urgency.current() is Urgency.CHECKOUT


def test_webhooks_are_effects_and_every_timer_is_a_sweep() -> None:
    urgencies = {handler.task: handler.urgency for handler in HANDLERS}
    assert urgencies[ProcessStripeEvents] is Urgency.EFFECT
    assert Urgency.CHECKOUT not in urgencies.values()
    timers = [timer.handler for timer in TIMERS if timer.handler is not None]
    assert len(timers) > 2
    assert {handler.urgency for handler in timers} == {Urgency.SWEEP}


@pytest.mark.parametrize("declared", [Urgency.EFFECT, Urgency.SWEEP])
async def test_a_task_runs_with_its_urgency_also_in_tasks_that_it_starts(
    declared: Urgency,
) -> None:
    seen: list[Urgency] = []

    async def look() -> None:
        seen.append(urgency.current())

    async def work(core: Core, task: Any) -> None:
        await look()
        await asyncio.gather(look(), look())

    await TaskHandler(ProcessStripeEvents, work, declared).handle(CORE, ProcessStripeEvents(()))
    assert seen == [declared] * 3
    assert urgency.current() is Urgency.CHECKOUT
