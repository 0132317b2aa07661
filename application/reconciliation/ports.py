"""What the use cases of reconciliation need from outside."""

import datetime as dt
from collections.abc import Callable

import msgspec

from application import ports
from application.commands.bus import CommandBus
from application.ledger.books import Books
from application.queries import UnfinishedAttempts
from application.settlement.gateway import SettlementGateway
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


class ReconciliationPorts(msgspec.Struct, frozen=True):
    """The log, the journal, Stripe's lists and the reader of statements."""

    bus: CommandBus
    books: Books
    stripe: SettlementGateway
    unfinished_attempts: UnfinishedAttempts
    read_statement: ReadStatement
    clock: ports.Clock
