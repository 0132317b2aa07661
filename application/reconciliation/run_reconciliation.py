"""Compare a range of accounting days with Stripe and the bank, and record what does not fit.

The legs are read first, some days wider than the range, because one leg may have on one day what
another has on the next. Then each day is recorded by a command of its own: a run that is cut short
has recorded whole days, and the next one continues.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from application.commands import follow_up, stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.reconciliation import late_rows, ledger_leg, stripe_leg
from application.reconciliation.ports import ReconciliationPorts, Trigger
from domain.kernel import ids
from domain.kernel.entries import accounting_day, may_be_accounting_day, start_of_day
from domain.reconciliation import bank_leg, days, matching
from domain.reconciliation.breaks import Break
from domain.reconciliation.records import BankLine, Legs, OpenHold, UnrelatedLine
from domain.reconciliation.rejections import RangeNotAllowed
from domain.reconciliation.state import DayTotal, Outcome

# The days before today that the daily run compares.
DAILY_DAYS = 7
# How many days one run compares at most.
DAYS_LIMIT = 62
# How much wider than the range the legs are read.
MARGIN = dt.timedelta(days=4)
# How long after a payout was created its lines of the bank are looked for, and how long before a
# line its payout: also for a return as late as can be, of a payout that was under way as long.
BANK_REACH = bank_leg.UNDER_WAY + bank_leg.RETURN_REACH

logger = logging.getLogger(__name__)

Progress = Callable[[str], None]


class DayResult(msgspec.Struct, frozen=True):
    """What a run found of a day."""

    day: dt.date
    inputs: str
    totals: tuple[DayTotal, ...]
    breaks: tuple[Break, ...]

    @property
    def unexplained_count(self) -> int:
        """Return how many breaks waiting does not explain."""
        return sum(not each.is_explained for each in self.breaks)


class RecordDay(Command, frozen=True):
    """Record what a run found of a day."""

    result: DayResult

    @property
    def streams(self) -> tuple[str, ...]:
        """The reconciliation of the day."""
        return (ids.reconciliation_stream(self.result.day),)

    def decide(self, context: DecisionContext) -> Reply:
        """Record what is new; the same result records nothing."""
        stream = ids.reconciliation_stream(self.result.day)
        recorded = days.compare(
            context.load(stream_kinds.RECONCILIATION, stream),
            inputs=self.result.inputs,
            totals=self.result.totals,
            found=self.result.breaks,
        )
        context.record(stream, recorded)
        return Reply(stream)


async def run_reconciliation(
    ports: ReconciliationPorts,
    *,
    since: dt.date,
    until: dt.date,
    actor: str = follow_up.ACTOR,
    trigger: Trigger = "timer",
    report: Progress = lambda _: None,
) -> tuple[DayResult, ...]:
    """Compare the days, both included; record and return what was found of each.

    The run is listed from its beginning on, with its end and result once it has any.

    Rejects RangeNotAllowed. Raises the failures of the gateway, and Unavailable.
    """
    now = ports.clock()
    if until < since or until > accounting_day(now):
        raise RangeNotAllowed(field="to", reason="before_from_or_after_today")
    if not may_be_accounting_day(since) or (until - since).days >= DAYS_LIMIT:
        raise RangeNotAllowed(field="from", reason="too_many_days")
    number = await ports.runs.begin(since=since, until=until, trigger=trigger, actor=actor, now=now)
    legs = await _legs(ports, since=since, until=until, report=report)
    report("looking up what the margin does not reach")
    legs = await late_rows.complete(ports, legs, since=since, until=until)
    report("matching")
    results = _by_day(matching.match(legs, now=now), since, until)
    for result in results:
        await _record(ports, result, actor, now)
        if result.unexplained_count:
            logger.critical(
                "payment_mismatch: %d breaks of %s have no explanation",
                result.unexplained_count,
                result.day,
            )
    found = Counter[str](each.kind for result in results for each in result.breaks)
    totals = matching.added([total for result in results for total in result.totals])
    await ports.runs.finish(number, breaks=found, totals=totals, now=ports.clock())
    return results


async def _legs(
    ports: ReconciliationPorts, *, since: dt.date, until: dt.date, report: Progress
) -> Legs:
    first = start_of_day(since - MARGIN)
    lines, unrelated, bank_until = await _bank(ports, since=since, until=until + BANK_REACH)
    report("reading Stripe's lists")
    at_stripe = await stripe_leg.read(
        ports.stripe, since=first, before=start_of_day(until + MARGIN + dt.timedelta(days=1))
    )
    payouts = at_stripe.payouts
    if lines or unrelated:
        reach = start_of_day(since - BANK_REACH)
        payouts += await stripe_leg.find_payouts(ports.stripe, since=reach, before=first)
    report("reading the ledger")
    booked = await ledger_leg.read(ports.books, since=since - MARGIN, until=until + MARGIN)
    return Legs(
        facts=booked.facts,
        transactions=booked.transactions,
        listed=at_stripe.listed,
        payouts=payouts,
        bank=lines,
        unrelated=unrelated,
        bank_until=bank_until,
        holds=await _holds(ports),
        openings=await ledger_leg.openings(ports.books, at_stripe.listed),
    )


async def _bank(
    ports: ReconciliationPorts, *, since: dt.date, until: dt.date
) -> tuple[tuple[BankLine, ...], tuple[UnrelatedLine, ...], dt.date | None]:
    """Return the imported lines, and the last day that a statement covers."""
    lines: list[BankLine] = []
    unrelated: list[UnrelatedLine] = []
    bank_until = None
    first = since - BANK_REACH
    streams = {ids.reconciliation_stream(day): day for day in days_between(first, until)}
    known = await ports.bus.current_all(stream_kinds.RECONCILIATION, streams)
    for stream, day in streams.items():
        found = known[stream][0]
        if found is not None and found.lines is not None:
            lines += found.lines.values()
            unrelated += found.unrelated.values()
            bank_until = day
    return tuple(lines), tuple(unrelated), bank_until


async def _holds(ports: ReconciliationPorts) -> tuple[OpenHold, ...]:
    """Return the payments whose attempt has ended without an outcome."""
    found, _ = await ports.unfinished_attempts()
    names = [attempt.payment for attempt in found]
    known = await ports.bus.current_all(stream_kinds.PAYMENT, names)
    return tuple(
        OpenHold(attempt.payment, payment.due, attempt.ends_at)
        for attempt in found
        if (payment := known[attempt.payment][0]) is not None
    )


def _by_day(outcomes: Sequence[Outcome], since: dt.date, until: dt.date) -> tuple[DayResult, ...]:
    """Return a result for each day of the range, also for days without a row."""
    results = []
    for day in days_between(since, until):
        of_day = [each for each in outcomes if each.day == day]
        results.append(
            DayResult(
                day=day,
                inputs=matching.digest([each.digest for each in of_day]),
                totals=matching.day_totals(of_day),
                breaks=tuple(each.found for each in of_day if each.found is not None),
            )
        )
    return tuple(results)


async def _record(
    ports: ReconciliationPorts, result: DayResult, actor: str, now: dt.datetime
) -> None:
    stream = ids.reconciliation_stream(result.day)
    cause = follow_up.Cause(id=ids.event_id(stream, 1), actor=actor, correlation_id=stream)
    # The step names the instant: the same result may return after another one.
    step = f"compared:{now.isoformat()}:{matching.digest([result])}"
    await ports.bus.submit(follow_up.envelope(cause, step, RecordDay(result)))


def days_between(since: dt.date, until: dt.date) -> list[dt.date]:
    """Return the days, both included."""
    return [since + dt.timedelta(days=number) for number in range((until - since).days + 1)]
