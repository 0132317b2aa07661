"""Deliveries to partners side by side: each subscription has a task of its own while it is due.

So a partner that takes its time, or does not answer, holds up no other.
"""

import asyncio
import logging

from application import ports
from application.partners.deliver_events import deliver_events
from application.partners.ports import DeliveryPorts

logger = logging.getLogger(__name__)


class Deliveries:
    """Runs at most one task for each subscription; call `end` before the ports close."""

    def __init__(self, outside: DeliveryPorts) -> None:
        self._outside = outside
        self._running: dict[str, asyncio.Task[None]] = {}
        self._is_ending = False

    async def start_due(self) -> None:
        """Start those that are due and not running; raises Unavailable."""
        outside = self._outside
        for subscription_id in await outside.subscriptions.due(outside.clock()):
            if subscription_id not in self._running:
                task = asyncio.create_task(self._deliver(subscription_id))
                self._running[subscription_id] = task

    async def end(self) -> None:
        """Break off what is under way: it is delivered again by the next that leads."""
        # A cancellation can be lost (see `loops`); then the task ends after its delivery.
        self._is_ending = True
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, subscription_id: str) -> None:
        try:
            await deliver_events(
                subscription_id, self._outside, may_go_on=lambda: not self._is_ending
            )
        except ports.Unavailable as error:
            logger.warning("deliveries of %s wait: %s", subscription_id, error)
        except Exception as error:  # noqa: BLE001 - a defect with one partner must not end the others
            logger.error("%s cannot be delivered: %s", subscription_id, type(error).__name__)
        finally:
            del self._running[subscription_id]
