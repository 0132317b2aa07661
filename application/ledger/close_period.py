"""Close a month of the books: afterwards nothing is posted into it."""

import datetime as dt

import msgspec

from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.ledger import books_at
from application.ledger.ports import LedgerPorts
from domain.kernel import entries, ids
from domain.period import closing
from domain.period.state import Period


class PeriodDetails(msgspec.Struct, frozen=True):
    """A month and its state; None where it was never closed. `replayed`: the answer of before."""

    month: dt.date
    period: Period | None
    replayed: bool = False


async def read_period(ports: LedgerPorts, month: dt.date) -> PeriodDetails:
    """Return the state of a month; raises Unavailable."""
    return await _details(ports, ids.period_stream(month))


async def close_period(ports: LedgerPorts, caller: Caller, month: dt.date) -> PeriodDetails:
    """Close the month on the books as they are; the caller's role was checked.

    Rejects what the command does; raises Unavailable while the journal has stopped, because then
    nobody has seen the balances that are sealed.
    """
    as_of = await ports.books.journal_as_of()
    return await submit(
        ports,
        caller,
        ClosePeriod(
            period_id=ids.period_stream(month), by=caller.principal.user, known=as_of.position
        ),
    )


async def submit(ports: LedgerPorts, caller: Caller, command: Command) -> PeriodDetails:
    """Carry out a command about a period and return the period after it."""
    outcome = await ports.bus.submit(caller.envelope(command))
    return await _details(ports, outcome.answer.stream, replayed=outcome.replayed)


async def _details(ports: LedgerPorts, stream: str, *, replayed: bool = False) -> PeriodDetails:
    found = await ports.bus.current(stream_kinds.PERIOD, stream)
    return PeriodDetails(ids.month_of_period(stream), found[0], replayed)


class ClosePeriod(Command, frozen=True):
    """Seal a month; `known` is the log position of the balances that were looked at."""

    period_id: str
    by: str
    known: int

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PeriodNotOver; a closed month records nothing."""
        period = context.load(stream_kinds.PERIOD, self.period_id)
        closed = closing.close(
            period,
            month=ids.month_of_period(self.period_id),
            today=entries.accounting_day(context.now),
            by=self.by,
            known=self.known,
        )
        context.record(self.period_id, closed)
        return Reply(self.period_id)


def month_of(text: str) -> dt.date:
    """Return the first day of a month such as `2026-11`; rejects QuestionRefused."""
    try:
        if len(text) != len("2026-11"):
            raise ValueError
        month = dt.date.fromisoformat(f"{text}-01")
        if not entries.may_be_accounting_day(month):
            raise ValueError
    except ValueError:
        raise books_at.QuestionRefused(field="month", reason="not_a_month") from None
    return month
