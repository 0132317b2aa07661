"""`ais reconcile`: compares the ledger with Stripe and the bank, on demand."""

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import uvloop
from cyclopts import Parameter

from application.payment.gateway import GatewayFailure
from application.ports import Unavailable
from application.reconciliation.import_bank_lines import import_bank_lines
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


def reconcile(
    *,
    since: Annotated[dt.date | None, Parameter(name="--from")] = None,
    until: Annotated[dt.date | None, Parameter(name="--to")] = None,
    bank: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
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
    try:
        statement = None if bank is None else bank.read_bytes()
        results = uvloop.run(_run(since, until, statement))
    except Rejection as refused:
        print(f"ais reconcile: {refused.code} {dict(refused.parameters)}", file=sys.stderr)
        return running.USAGE_EXIT
    except OSError as error:
        print(f"ais reconcile: {error}", file=sys.stderr)
        return running.USAGE_EXIT
    except (Unavailable, GatewayFailure) as error:
        print(f"ais reconcile: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(_as_json(results)), indent=2).decode())
    else:
        _print(results)
    return 1 if any(each.unexplained_count for each in results) else 0


async def _run(
    since: dt.date | None, until: dt.date | None, statement: bytes | None
) -> tuple[DayResult, ...]:
    settings = running.configured()
    async with composition.open_core(settings, report=report) as core:
        ports = reconciliation_composition.reconciliation_on(core, core.bus)
        if statement is not None:
            imported = await import_bank_lines(ports, statement, actor=ACTOR)
            _progress(f"imported {imported.line_count} lines from Stripe, {imported.since} to "
                      f"{imported.until}; {imported.other_count} others were dropped")  # fmt: skip
        last = until or accounting_day(ports.clock()) - dt.timedelta(days=1)
        first = since or last - dt.timedelta(days=DAILY_DAYS - 1)
        return await run_reconciliation(
            ports, since=first, until=last, actor=ACTOR, report=_progress
        )


def _progress(line: str) -> None:
    print(line, file=sys.stderr)


def _as_json(results: tuple[DayResult, ...]) -> list[dict[str, Any]]:
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


def _print(results: tuple[DayResult, ...]) -> None:
    for each in results:
        totals = ", ".join(
            f"{total.explained} of {total.value} {total.currency} explained"
            for total in each.totals
        )
        print(f"{each.day}: {totals or 'nothing'}")
        for found in each.breaks:
            print(f"  {found.id}: {display(found.amount)}; proposed: {found.remedy}")
