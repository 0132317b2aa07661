"""`ais modes`: the modes of operation that are on; maintenance, and a pause of payments."""

import asyncio
import datetime as dt
import secrets
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from application.modes.current_modes import CurrentModes
from application.modes.ports import ModePorts
from application.modes.switch_mode import StartMode, end_mode, start_mode
from application.ports import Unavailable
from domain.kernel.rejections import Rejection
from domain.modes.modes import REASON_LENGTH, ModeOn, SwitchedMode
from infrastructure.postgres.modes import PostgresModes
from infrastructure.postgres.pool import make_pool
from interfaces.cli import running
from interfaces.composition import utc_now

ACTOR = "operator"

modes = App(
    name="modes",
    help="Show or switch modes of operation, for all processes at once; each change is recorded. "
    "Runs as the application: AIS_DATABASE_URL. Exit codes: 0 done, 1 the database does not "
    "answer, 2 a wrong call or setting.",
)
maintenance = App(name="maintenance", help="Refuse what changes anything; reading goes on.")
modes.command(maintenance)
payments = App(name="payments", help="Stop calling Stripe while it is away; sales go on.")
modes.command(payments)

Reason = Annotated[str, Parameter(name="--reason")]
Until = Annotated[dt.datetime | None, Parameter(name="--until")]


@modes.default
def show(*, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False) -> int:
    """Print the modes that are on: since when, until when, who switched them on, and why.

    Parameters
    ----------
    as_json
        Print them as one JSON document.
    """

    async def work(outside: ModePorts) -> None:
        found = await outside.modes.all()
        if as_json:
            print(msgspec.json.encode({"modes": found}).decode())
        elif not found:
            print("no mode is on")
        for each in () if as_json else found:
            print(_line(each))

    return _run(work)


@maintenance.command(name="on")
def maintenance_on(*, reason: Reason, until: Until = None) -> int:
    """Begin maintenance, or change the reason and planned end of one that is on.

    Parameters
    ----------
    reason
        Why, without a traveller's data; recorded for auditors, 1 to 200 characters.
    until
        When it should end, such as 2026-11-28T06:00; UTC unless it has an offset. Clients are told
        to try again then. It does not end by itself.
    """
    return _start("maintenance", reason, until)


@maintenance.command(name="off")
def maintenance_off() -> int:
    """End maintenance: everything is served again, and background work goes on."""
    return _end("maintenance")


@payments.command(name="pause")
def payments_pause(*, reason: Reason, until: Until = None) -> int:
    """Stop calling Stripe, or change the reason and planned end while that is on.

    Parameters
    ----------
    reason
        Why, without a traveller's data; recorded for auditors, 1 to 200 characters.
    until
        When it should end, such as 2026-11-28T06:00; UTC unless it has an offset. It does not end
        by itself.
    """
    return _start("payments_paused", reason, until)


@payments.command(name="resume")
def payments_resume() -> int:
    """Call Stripe again; what waited is done."""
    return _end("payments_paused")


def _start(mode: SwitchedMode, reason: str, until: dt.datetime | None) -> int:
    if not 0 < len(reason) <= REASON_LENGTH or not reason.isprintable():
        print(f"ais modes: a reason has 1 to {REASON_LENGTH} characters", file=sys.stderr)
        return running.USAGE_EXIT
    if until is not None:
        # Without an offset it is UTC, not the time zone of the machine.
        until = until.replace(tzinfo=dt.UTC) if until.tzinfo is None else until.astimezone(dt.UTC)

    async def work(outside: ModePorts) -> None:
        command = StartMode(mode, reason, until, ACTOR, secrets.token_hex(11))
        print(_line(await start_mode(command, outside)))

    return _run(work)


def _end(mode: SwitchedMode) -> int:
    async def work(outside: ModePorts) -> None:
        number = secrets.token_hex(11)
        was_on = await end_mode(mode, outside, actor=ACTOR, correlation_id=number)
        print(f"{mode} ended" if was_on else f"{mode} was not on")

    return _run(work)


def _line(on: ModeOn) -> str:
    until = "no planned end" if on.until is None else f"until {_instant(on.until)}"
    return f"{on.mode} on since {_instant(on.since)}, {until}, by {on.actor}: {on.reason}"


def _instant(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _run(work: Callable[[ModePorts], Awaitable[None]]) -> int:
    try:
        asyncio.run(_opened(work))
    except Rejection as refused:
        print(f"ais modes: {refused.parameters['reason']}", file=sys.stderr)
        return running.USAGE_EXIT
    except Unavailable as error:
        print(f"ais modes: {error}", file=sys.stderr)
        return running.FAILED_EXIT
    return 0


async def _opened(work: Callable[[ModePorts], Awaitable[None]]) -> None:
    settings = running.configured()
    async with make_pool(settings.database_url, max_size=1) as pool:
        await work(ModePorts(PostgresModes(pool), CurrentModes(), utc_now))
