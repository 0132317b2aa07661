"""What the use cases of reconciliation need from outside."""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from application import ports
from application.commands import follow_up
from application.commands.bus import CommandBus
from application.ledger.books import Books
from application.payment.process_event import Handled
from application.queries import UnfinishedAttempts
from application.settlement.gateway import ListedTransaction, SettlementGateway
from domain.reconciliation.records import BankLine


class BankStatement(msgspec.Struct, frozen=True):
    """What was read of a statement: the days that it covers, and its lines from Stripe.

    `file` is the hash of its bytes; `other_count` lines are about something else, and dropped.
    """

    file: str
    since: dt.date
    until: dt.date
    lines: tuple[BankLine, ...]
    other_count: int


ReadStatement = Callable[[bytes], BankStatement]
"""Reads a statement in any form that is known; rejects StatementUnreadable with line and reason."""


class ProcessEvent(Protocol):
    """Asks Stripe for the object of an event and records it: what its webhook leads to."""

    async def __call__(self, event_type: str, object_id: str, *, cause: follow_up.Cause) -> Handled:
        """Raise what the gateway and the log raise."""
        ...


RecordTransactions = Callable[[Sequence[ListedTransaction]], Awaitable[int]]
"""Records transactions with their fees and exchanges; returns how many were new."""


class ReconciliationPorts(msgspec.Struct, frozen=True):
    """The log, the journal, Stripe's lists, what records its facts, the reader of statements."""

    bus: CommandBus
    books: Books
    stripe: SettlementGateway
    unfinished_attempts: UnfinishedAttempts
    process_event: ProcessEvent
    record_transactions: RecordTransactions
    read_statement: ReadStatement
    clock: ports.Clock
