"""Reopen a closed month: one person asks, another approves (A3)."""

import datetime as dt

from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.ledger import close_period
from application.ledger.close_period import PeriodDetails
from application.ledger.ports import LedgerPorts
from domain.kernel import ids
from domain.period import closing
from domain.period.events import ReopeningReason


async def ask_to_reopen(
    ports: LedgerPorts, caller: Caller, month: dt.date, *, reason: ReopeningReason
) -> PeriodDetails:
    """Ask; the month stays closed until another person approves. Rejects what the command does."""
    command = AskToReopen(
        period_id=ids.period_stream(month), by=caller.principal.user, reason=reason
    )
    return await close_period.submit(ports, caller, command)


async def reopen_period(ports: LedgerPorts, caller: Caller, month: dt.date) -> PeriodDetails:
    """Approve what another person asked for; rejects what the command does."""
    command = ReopenPeriod(period_id=ids.period_stream(month), by=caller.principal.user)
    return await close_period.submit(ports, caller, command)


class AskToReopen(Command, frozen=True):
    """Ask for a closed month to be reopened."""

    period_id: str
    by: str
    reason: ReopeningReason

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PeriodNotClosed; asked before, it records nothing."""
        period = context.load(stream_kinds.PERIOD, self.period_id)
        context.record(
            self.period_id, closing.ask_to_reopen(period, by=self.by, reason=self.reason)
        )
        return Reply(self.period_id)


class ReopenPeriod(Command, frozen=True):
    """Approve the reopening of a month."""

    period_id: str
    by: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PeriodNotClosed, ReopeningNotAsked and SecondPersonNeeded."""
        period = context.load(stream_kinds.PERIOD, self.period_id)
        context.record(self.period_id, closing.reopen(period, by=self.by))
        return Reply(self.period_id)
