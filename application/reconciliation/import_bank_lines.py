"""Record the lines of a statement of the bank; the same file adds nothing.

Of lines that do not name Stripe no text is recorded, because it may name a person: only amount, day
and the bank's reference, with hashes by which a payout is found that only its reference names.
"""

import datetime as dt

import msgspec

from application.commands import follow_up, stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.reconciliation.ports import ReconciliationPorts
from application.reconciliation.run_reconciliation import days_between
from domain.kernel import ids
from domain.reconciliation import days
from domain.reconciliation.records import BankLine, UnrelatedLine


class ImportedStatement(msgspec.Struct, frozen=True):
    """What was recorded of a statement; `new_days` are those to which something was added.

    `line_count` lines name Stripe, `unrelated_count` do not.
    """

    file: str
    since: dt.date
    until: dt.date
    line_count: int
    unrelated_count: int
    new_days: int


class ImportBankLines(Command, frozen=True):
    """Record the lines of one day."""

    day: dt.date
    file: str
    lines: tuple[BankLine, ...]
    unrelated: tuple[UnrelatedLine, ...]
    by: str

    @property
    def streams(self) -> tuple[str, ...]:
        """The reconciliation of the day."""
        return (ids.reconciliation_stream(self.day),)

    def decide(self, context: DecisionContext) -> Reply:
        """Record the lines that are new, and that the day is covered."""
        stream = ids.reconciliation_stream(self.day)
        day = context.load(stream_kinds.RECONCILIATION, stream)
        recorded = days.import_lines(
            day, file=self.file, lines=self.lines, unrelated=self.unrelated, by=self.by
        )
        context.record(stream, recorded)
        return Reply(stream)


async def import_bank_lines(
    ports: ReconciliationPorts, statement: bytes, *, actor: str
) -> ImportedStatement:
    """Import a statement in any known form. Rejects StatementUnreadable; raises Unavailable."""
    read = ports.read_statement(statement)
    new_days = 0
    for day in days_between(read.since, read.until):
        command = ImportBankLines(
            day=day,
            file=read.file,
            lines=tuple(line for line in read.lines if line.booked_on == day),
            unrelated=tuple(line for line in read.unrelated if line.booked_on == day),
            by=actor,
        )
        stream = ids.reconciliation_stream(day)
        cause = follow_up.Cause(id=ids.event_id(stream, 1), actor=actor, correlation_id=stream)
        step = f"bank:{read.file}"
        outcome = await ports.bus.submit(follow_up.envelope(cause, step, command))
        new_days += outcome.written
    return ImportedStatement(
        file=read.file,
        since=read.since,
        until=read.until,
        line_count=len(read.lines),
        unrelated_count=len(read.unrelated),
        new_days=new_days,
    )
