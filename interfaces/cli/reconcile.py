"""`ais reconcile`: compares the ledger with Stripe and the bank, and decides about breaks."""

import asyncio
import datetime as dt
import sys
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import uvloop
from cyclopts import App, Parameter

from application.caller import Caller
from application.identity.ports import Principal
from application.payment.gateway import GatewayFailure
from application.ports import Unavailable
from application.reconciliation.import_bank_lines import import_bank_lines
from application.reconciliation.ports import ReconciliationPorts, ReconciliationRun
from application.reconciliation.propose_remedy import propose_remedy
from application.reconciliation.read_reconciliation import BreakDetails, day_of, read_breaks
from application.reconciliation.read_runs import read_runs
from application.reconciliation.run_reconciliation import (
    DAILY_DAYS,
    DayResult,
    run_reconciliation,
)
from domain.kernel.entries import accounting_day
from domain.kernel.money import display
from domain.kernel.rejections import Rejection
from interfaces import composition, reconciliation_composition
from interfaces.cli import running
from interfaces.web import report

ACTOR = "operator"
DEADLINE_SECONDS = 60.0

reconcile = App(
    name="reconcile", help="Compare the ledger with Stripe and the bank; decide about breaks."
)

Since = Annotated[dt.date | None, Parameter(name="--from")]
Until = Annotated[dt.date | None, Parameter(name="--to")]
AsJson = Annotated[bool, Parameter(name="--json", negative=())]
Reason = Literal[
    "rounding",
    "bank_charge",
    "agreed_with_stripe",
    "settles_later",
    "lost_event",
    "made_at_stripe",
    "paid_twice",
]


@reconcile.default
def compare(
    *,
    since: Since = None,
    until: Until = None,
    bank: Path | None = None,
    as_json: AsJson = False,
) -> int:
    """Compare days of the ledger with Stripe's list and the bank; record what does not fit.

    Progress goes to standard error. Exit code 0 without an unexplained break, 1 with one or when
    Stripe or the database does not answer, 2 for a wrong call or a statement that cannot be read.
    A second run over the same days records nothing new. Configured by AIS_*.

    Parameters
    ----------
    since
        The first accounting day; without it, seven days before the last one.
    until
        The last accounting day, today at most; without it, yesterday.
    bank
        A statement of the bank to import first: CSV, MT940 or camt.053.
    as_json
        Print the days as JSON.
    """
    results: list[DayResult] = []

    async def run(ports: ReconciliationPorts) -> None:
        results.extend(await _run(ports, since, until, statement))

    try:
        statement = None if bank is None else bank.read_bytes()
    except OSError as error:
        return _failed(error, running.USAGE_EXIT)
    exit_code = _with_ports(run)
    if exit_code:
        return exit_code
    if as_json:
        _print_json(_as_json(results))
    else:
        _print(results)
    return 1 if any(each.unexplained_count for each in results) else 0


@reconcile.command(name="breaks")
def breaks(*, since: Since = None, until: Until = None, as_json: AsJson = False) -> int:
    """List the breaks that need a decision or wait, of the last 62 days where none are named.

    Parameters
    ----------
    since
        The first accounting day.
    until
        The last accounting day.
    as_json
        Print them as JSON, with their evidence.
    """

    async def ask(ports: ReconciliationPorts) -> None:
        found = await read_breaks(ports, since=since, until=until)
        if as_json:
            _print_json([_break_as_json(each) for each in found])
        else:
            for each in found:
                _print_break(each)

    return _with_ports(ask)


@reconcile.command(name="runs")
def runs(*, cursor: str | None = None, limit: int = 20, as_json: AsJson = False) -> int:
    """List the runs, the newest first, with the breaks of each by class.

    Parameters
    ----------
    cursor
        Where to continue: what the page before printed last.
    limit
        How many, 200 at most.
    as_json
        Print the page as JSON.
    """

    async def ask(ports: ReconciliationPorts) -> None:
        page = await read_runs(ports, cursor=cursor, limit=limit)
        if as_json:
            _print_json(page)
            return
        for each in page.runs:
            _print_run(each)
        if page.next_cursor is not None:
            print(f"more: --cursor {page.next_cursor}")

    return _with_ports(ask)


@reconcile.command(name="append")
def append(day: str, break_id: str, *, reason: Reason = "lost_event") -> int:
    """Append what Stripe proves about a break, as its webhook would have; it moves no money.

    Parameters
    ----------
    day
        The accounting day of the break, such as 2026-11-26.
    break_id
        The id of the break, as `ais reconcile breaks` prints it.
    reason
        Why the ledger lacks it.
    """
    return _decide(day, break_id, "append_from_stripe", None, reason)


@reconcile.command(name="propose")
def propose(
    day: str,
    break_id: str,
    decision: Literal["write_off", "refund", "mark_as_timing"],
    *,
    reason: Reason,
    account: str | None = None,
) -> int:
    """Propose a write-off or a refund, or mark a break as timing, which needs no approval.

    What moves money waits for a person of finance, who signs in to approve it over HTTP.

    Parameters
    ----------
    day
        The accounting day of the break.
    break_id
        The id of the break.
    decision
        What is proposed.
    reason
        Why.
    account
        Where a write-off goes to: 6000, 6010 or 7000.
    """
    return _decide(day, break_id, decision, account, reason)


def _decide(
    day: str,
    break_id: str,
    decision: Literal["write_off", "mark_as_timing", "append_from_stripe", "refund"],
    account: str | None,
    reason: Reason,
) -> int:
    async def ask(ports: ReconciliationPorts) -> None:
        found = await propose_remedy(
            ports,
            _operator(),
            day=day_of(day),
            break_id=break_id,
            decision=decision,
            account=account,
            reason=reason,
        )
        _print_break(found)

    return _with_ports(ask)


def _operator() -> Caller:
    """Return the caller of this command, who may not approve what it proposed."""
    return Caller(
        principal=Principal(ACTOR, "finance"),
        command_id=uuid.uuid4(),
        fingerprint=b"",
        correlation_id="ais-reconcile",
        deadline=asyncio.get_running_loop().time() + DEADLINE_SECONDS,
        may_repeat=False,
    )


def _with_ports(ask: Callable[[ReconciliationPorts], Awaitable[None]]) -> int:
    """Run it beside the system that AIS_* name; returns the exit code of its failure, else 0."""

    async def run() -> None:
        async with composition.open_core(running.configured(), report=report) as core:
            await ask(reconciliation_composition.reconciliation_on(core, core.bus))

    try:
        uvloop.run(run())
    except Rejection as refused:
        return _failed(f"{refused.code} {dict(refused.parameters)}", running.USAGE_EXIT)
    except (Unavailable, GatewayFailure) as error:
        return _failed(f"{type(error).__name__}: {error}", 1)
    return 0


def _failed(error: object, exit_code: int) -> int:
    print(f"ais reconcile: {error}", file=sys.stderr)
    return exit_code


async def _run(
    ports: ReconciliationPorts,
    since: dt.date | None,
    until: dt.date | None,
    statement: bytes | None,
) -> tuple[DayResult, ...]:
    if statement is not None:
        imported = await import_bank_lines(ports, statement, actor=ACTOR)
        _progress(
            f"imported {imported.line_count} lines from Stripe, {imported.since} to "
            f"{imported.until}; {imported.unrelated_count} others without their text"
        )
    last = until or accounting_day(ports.clock()) - dt.timedelta(days=1)
    first = since or last - dt.timedelta(days=DAILY_DAYS - 1)
    return await run_reconciliation(
        ports, since=first, until=last, actor=ACTOR, trigger="command", report=_progress
    )


def _progress(line: str) -> None:
    print(line, file=sys.stderr)


def _as_json(results: list[DayResult]) -> list[dict[str, Any]]:
    return [
        {
            "day": each.day,
            "totals": each.totals,
            "breaks": [
                {"id": found.id, "remedy": found.remedy, **msgspec.to_builtins(found)}
                for found in each.breaks
            ],
        }
        for each in results
    ]


def _print(results: list[DayResult]) -> None:
    for each in results:
        totals = ", ".join(
            f"{total.explained} of {total.value} {total.currency} explained"
            for total in each.totals
        )
        print(f"{each.day}: {totals or 'nothing'}")
        for found in each.breaks:
            print(f"  {found.id}: {display(found.amount)}; proposed: {found.remedy}")


def _print_break(each: BreakDetails) -> None:
    found = each.break_
    print(f"{each.day} {found.found.id}: {display(found.found.amount)}; {found.status}, "
          f"{found.decision or 'proposed: ' + found.found.remedy}")  # fmt: skip


def _print_run(each: ReconciliationRun) -> None:
    ended = "not finished" if each.finished_at is None else f"{each.finished_at:%Y-%m-%d %H:%M:%S}"
    found = ", ".join(f"{count} {kind}" for kind, count in sorted(each.breaks.items()))
    totals = ", ".join(
        f"{one.explained} of {one.value} {one.currency} explained" for one in each.totals
    )
    print(
        f"{each.number}: {each.since} to {each.until} by {each.trigger} ({each.actor}), "
        f"{each.started_at:%Y-%m-%d %H:%M:%S} to {ended}: {found or 'no breaks'}; "
        f"{totals or 'nothing'}"
    )


def _break_as_json(each: BreakDetails) -> dict[str, Any]:
    return {"day": each.day, "id": each.break_.found.id, **msgspec.to_builtins(each.break_)}


def _print_json(value: object) -> None:
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
