"""`ais stripe`: what operators ask of Stripe by hand."""

import asyncio
import datetime as dt
import sys
from typing import Annotated

from cyclopts import App, Parameter

from application.payment.backfill_events import LISTED_FOR, Backfilled
from application.payment.gateway import GatewayFailure
from application.ports import Unavailable
from interfaces import composition
from interfaces.cli import running
from interfaces.web import report

stripe = App(name="stripe", help="Store the events that Stripe could not deliver.")

Since = Annotated[dt.datetime, Parameter(name="--since")]
Until = Annotated[dt.datetime | None, Parameter(name="--until")]


@stripe.command(name="backfill")
def backfill(*, since: Since, until: Until = None, everything: bool = False) -> int:
    """Store events from Stripe's own list; the worker then processes what was missing.

    Harmless to repeat: each event is stored and takes effect once. Exit codes: 0 done, 1 Stripe
    or the database is away (what was listed is stored; run it again), 2 a wrong call or setting.

    Parameters
    ----------
    since
        The first instant, such as 2026-11-24T10:00; UTC unless it has an offset. Stripe lists
        events of the last 30 days.
    until
        The instant before which events were made; now where it is left out.
    everything
        List delivered events too: after a database was restored from a backup.
    """
    since, until = _aware(since), None if until is None else _aware(until)
    if until is not None and until <= since:
        print("ais stripe backfill: --until must be after --since", file=sys.stderr)
        return running.USAGE_EXIT
    if since < dt.datetime.now(dt.UTC) - LISTED_FOR:
        print(
            f"ais stripe backfill: Stripe lists events of the last {LISTED_FOR.days} days",
            file=sys.stderr,
        )
        return running.USAGE_EXIT
    return asyncio.run(_backfill(since, until, everything=everything))


async def _backfill(since: dt.datetime, until: dt.datetime | None, *, everything: bool) -> int:
    settings = running.configured()
    try:
        async with composition.open_core(settings, report=report) as core:
            found = await core.backfill.store_stretch(
                since, until, undelivered_only=not everything, progress=_show
            )
    except (GatewayFailure, Unavailable) as error:
        print(f"\nais stripe backfill: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(file=sys.stderr)
    print(f"{found.listed} events listed, {found.concerning} concern us, {found.new} were missing")
    return 0


def _show(found: Backfilled) -> None:
    line = f"\r{found.listed} events listed, {found.new} were missing"
    print(line, end="", file=sys.stderr, flush=True)


def _aware(instant: dt.datetime) -> dt.datetime:
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=dt.UTC)
