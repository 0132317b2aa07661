"""What the use cases of reconciliation need from outside."""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from application import ports
from application.commands import follow_up
from application.commands.bus import CommandBus
from application.ledger.books import Books
from application.payment.process_event import Handled
from application.queries import UnfinishedAttempts
from application.settlement.gateway import ListedTransaction, SettlementGateway
from domain.reconciliation.records import BankLine, UnrelatedLine
from domain.reconciliation.state import DayTotal


class BankStatement(msgspec.Struct, frozen=True):
    """What was read of a statement: the days that it covers, and its lines from Stripe.

    `file` is the hash of its bytes; `unrelated` are the other lines, without their texts.
    """

    file: str
    since: dt.date
    until: dt.date
    lines: tuple[BankLine, ...]
    unrelated: tuple[UnrelatedLine, ...]


ReadStatement = Callable[[bytes], BankStatement]
"""Reads a statement in any form that is known; rejects StatementUnreadable with line and reason."""


class ProcessEvent(Protocol):
    """Asks Stripe for the object of an event and records it: what its webhook leads to."""

    async def __call__(self, event_type: str, object_id: str, *, cause: follow_up.Cause) -> Handled:
        """Raise what the gateway and the log raise."""
        ...


RecordTransactions = Callable[[Sequence[ListedTransaction]], Awaitable[int]]
"""Records transactions with their fees and exchanges; returns how many were new."""


Trigger = Literal["timer", "command", "request"]
"""What started a run: the daily timer, `ais reconcile`, or a request over HTTP."""


class ReconciliationRun(msgspec.Struct, frozen=True):
    """A run over these days; one without an end is under way, or was cut short.

    `breaks` has by class how many were found, `totals` the value of all days by currency.
    """

    number: int
    since: dt.date
    until: dt.date
    trigger: Trigger
    actor: str
    started_at: dt.datetime
    finished_at: dt.datetime | None = None
    breaks: Mapping[str, int] = {}
    totals: tuple[DayTotal, ...] = ()


class RunLog(Protocol):
    """The runs by number, in the order in which they began. All raise Unavailable."""

    async def begin(
        self, *, since: dt.date, until: dt.date, trigger: Trigger, actor: str, now: dt.datetime
    ) -> int:
        """Store that a run begins; return its number."""
        ...

    async def finish(
        self,
        number: int,
        *,
        breaks: Mapping[str, int],
        totals: Sequence[DayTotal],
        now: dt.datetime,
    ) -> None:
        """Store what the run found, and its end."""
        ...

    async def find(self, *, before: int | None, limit: int) -> Sequence[ReconciliationRun]:
        """Return the runs before this number, the newest first."""
        ...


class ReconciliationPorts(msgspec.Struct, frozen=True):
    """The log, the journal, Stripe's lists, what records its facts, the reader of statements."""

    bus: CommandBus
    books: Books
    stripe: SettlementGateway
    unfinished_attempts: UnfinishedAttempts
    process_event: ProcessEvent
    record_transactions: RecordTransactions
    read_statement: ReadStatement
    runs: RunLog
    clock: ports.Clock
