"""What outlives a process: the log, the account at Stripe, the inbox, the queue, the read models.

`airline()` starts a process; `stop` ends one as a crash does.
"""

import asyncio
import datetime as dt
import random
from collections import Counter
from typing import Any

from application import ports
from domain.kernel.events import DomainEvent
from tests.simulation.memory_inbox import MemoryInbox
from tests.simulation.stripe_beside import StripeBeside
from tests.support.airline import START
from tests.support.invariants import Invariants
from tests.support.memory_books import MemoryBooks
from tests.support.memory_log import MemoryLog
from tests.support.memory_processes import MemoryStock, MemoryTasks
from tests.support.memory_read_models import MemoryReadModels
from tests.support.memory_use_cases import MemoryVault
from tests.support.reconciled import MemoryRunLog
from tests.support.settled import MemoryCheckpoints

DELAYED_METHODS = ("us_bank_account",)


class World:
    """Everything durable, on the account's clock; `seed` makes the locators."""

    def __init__(self, seed: int = 0) -> None:
        self.stripe = StripeBeside(int(START.timestamp()))
        self.log = MemoryLog(self.clock)
        self.inbox = MemoryInbox(self.clock)
        self.stock = MemoryStock()
        self.vault = MemoryVault()
        self.checkpoints = MemoryCheckpoints()
        self.flight_tasks = MemoryTasks()
        self.read_models = MemoryReadModels()
        self.invariants = Invariants(self.log)
        self.queue: list[ports.BackgroundTask] = []
        self.enqueued = 0
        self.position = 0
        self.reports: list[tuple[str, Exception]] = []
        self.last_run: dict[Any, dt.datetime] = {}
        self.books = MemoryBooks(self.log)
        self.runs = MemoryRunLog()
        # Webhooks that never arrive. Where breaks were seeded: what at Stripe is not as we know it,
        # payments of ours, and by how much account 1010 exceeds Stripe's balance.
        self.lost_events: set[str] = set()
        self.seeded: set[str] = set()
        self.seeded_differences: Counter[str] = Counter()
        self._random = random.Random(seed)

    def clock(self) -> dt.datetime:
        """The current instant."""
        return dt.datetime.fromtimestamp(self.stripe.account.clock.now(), dt.UTC)

    def random_bytes(self, count: int) -> bytes:
        """For locators."""
        return self._random.randbytes(count)

    def follow(self) -> MemoryReadModels:
        """The read models, which follow the log first."""
        self.read_models.follow(self.log.events[self.read_models.position :])
        return self.read_models

    def tasks(self) -> list[ports.BackgroundTask]:
        """The queue with what the outbox has for it."""
        self.queue += self.log.outbox[self.enqueued :]
        self.enqueued = len(self.log.outbox)
        return self.queue

    def events(self, kind: type[DomainEvent]) -> list[ports.RecordedEvent]:
        """The events of a type in the log."""
        return [each for each in self.log.events if isinstance(each.event, kind)]


async def cancelled(tasks: set[asyncio.Task[Any]]) -> None:
    """End these tasks now."""
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
