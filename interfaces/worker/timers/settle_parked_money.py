"""Settle parked money of bookings that could not be settled when it was parked.

A part waits for its rest, a disputed charge for its bank; what else is left was interrupted.
"""

import datetime as dt
from typing import ClassVar

from application import ports
from application.booking.settle_parked_funds import SettleParkedFunds
from application.commands import follow_up
from domain.kernel import ids
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer
from projections.ledger_journal import queries

# What follows from parking is done within a second; after this time something has to be repeated.
PATIENCE = dt.timedelta(seconds=30)
PERIOD_SECONDS = 30.0


class SettleMoney(ports.BackgroundTask, frozen=True):
    """Settle the parked money of this intent; due at `at`, so that each try is another command."""

    topic: ClassVar[str] = "settle_parked_money"

    payment_id: str
    intent: str
    at: dt.datetime


async def due(core: Core, page: Page) -> list[SettleMoney]:
    """Return the next page of money that is parked, in the order of payments and intents."""
    last = page.after
    after = (last.payment_id, last.intent) if isinstance(last, SettleMoney) else ("", "")
    found = await queries.parked_captures(
        core.pool, before=page.now - PATIENCE, limit=page.limit, after=after
    )
    return [SettleMoney(payment, intent, page.now) for payment, intent in found]


async def settle(core: Core, task: SettleMoney) -> None:
    """Submit the command; what cannot be settled yet records nothing."""
    cause = follow_up.Cause(
        id=ids.step_command_id(ids.event_id(task.payment_id, 1), f"settle:{task.at.isoformat()}"),
        actor=follow_up.ACTOR,
        correlation_id=task.payment_id,
    )
    command = SettleParkedFunds(payment_id=task.payment_id, intent=task.intent)
    await core.bus.submit(follow_up.envelope(cause, f"settle:{task.intent}", command))


TIMER = Timer(
    name="settle_parked_money",
    due=due,
    handler=TaskHandler(SettleMoney, settle),
    period_seconds=PERIOD_SECONDS,
)
