"""`ais demo`: runs the whole system on this machine and makes one traveller's booking."""

import json
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import psycopg
from cyclopts import Parameter
from rich.console import Console

from domain.kernel import ids
from domain.kernel.entries import Entry
from domain.ledger import accounts
from infrastructure.embedded.binaries import BinaryMissing
from infrastructure.embedded.child import AlreadyRunning, ServerFailed
from infrastructure.embedded.leftover import StillRunning
from infrastructure.embedded.private_folder import Vanished
from interfaces.cli import demo_tour, storyline
from interfaces.cli.demo_failed import DemoFailed
from interfaces.cli.demo_stage import Stage, overrides_from, process_of, say, stage
from interfaces.cli.demo_walk import Walk, walk
from interfaces.cli.running import USAGE_EXIT
from interfaces.cli.storyline import BalanceRow, DemoAccount, EntryRow, EventRow, Step
from interfaces.settings import SettingRefused

SETTLE_SECONDS = 15.0
POLL_SECONDS = 0.1
HOME = Path(".ais/demo")
PORT_LIMIT = 65_535
# Why the servers of a demo may not start; the message of each names what to do or where to look.
NOT_STARTED = (*(DemoFailed, AlreadyRunning, StillRunning, ServerFailed, BinaryMissing, Vanished),)


class Books(msgspec.Struct, frozen=True):
    """The results of the booking in the log and in the ledger."""

    events: list[EventRow]
    entries: list[EntryRow]
    balances: list[BalanceRow]
    balanced: bool
    letters: int


def demo(
    *,
    once: bool = False,
    tour: bool = False,
    port: int | None = None,
    data: Path | None = None,
    separate: bool = False,
    standby: bool = False,
    json_line: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Start everything here, walk one traveller from search to a paid, confirmed booking, stay up.

    Parameters
    ----------
    once
        End after the walk: exit code 0 when the booking is confirmed and the books balance.
    tour
        Then also a change, a cancellation with refund, a check-in and a cancelled flight.
    port
        Where the API listens on loopback; 8000 if it is free.
    data
        The folder that keeps everything; without it `.ais/demo` here, or with --once a temporary.
    separate
        Run web, worker, scheduler and projector as processes of their own, with Valkey.
    standby
        Run a second PostgreSQL that every commit waits for, and that can take over.
    json_line
        Print the story on standard error and one line of JSON at the end on standard output.
    """
    console = Console(stderr=json_line)
    # SIGINT too: a shell ignores that signal in its background processes.
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, _interrupt)
    try:
        with (
            _home(data, once=once) as folder,
            _started(folder, port, separate=separate, standby=standby) as ready,
        ):
            walked, books = _show(console, ready, tour=tour)
            if json_line:
                print(_line(ready, walked, books), flush=True)
            holds = walked.booking["status"] == "confirmed" and books.balanced
            if not once:
                _stay(console, ready)
            return 0 if holds else 1
    except SettingRefused as refused:
        say(str(refused))
        return USAGE_EXIT
    except NOT_STARTED as failure:
        say(str(failure))
        return 1
    except KeyboardInterrupt:
        return 0


@contextmanager
def _started(folder: Path, port: int | None, *, separate: bool, standby: bool) -> Iterator[Stage]:
    """Start everything with the AIS_* settings of this environment; `port` precedes AIS_PORT."""
    given = overrides_from(os.environ)
    named = given.pop("AIS_PORT", None)
    if port is None and named is not None:
        if not named.isascii() or not named.isdigit() or int(named) > PORT_LIMIT:
            raise SettingRefused(f"AIS_PORT: a number from 0 to {PORT_LIMIT} is expected")
        port = int(named)
    with stage(folder, port=port, overrides=given, separate=separate, standby=standby) as ready:
        yield ready


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def _home(data: Path | None, *, once: bool) -> Iterator[Path]:
    if data is not None or not once:
        yield (data or HOME).absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="ais-demo-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _show(console: Console, ready: Stage, *, tour: bool) -> tuple[Walk, Books]:
    console.print(
        storyline.opening(
            f"{ready.settings.airline_name}: one traveller, from search to ticket",
            _what_is_up(ready),
        )
    )
    numbers = iter(range(1, 100))

    def show(step: Step) -> None:
        console.print(storyline.step(next(numbers), step))

    walked = walk(ready, show)
    if tour:
        demo_tour.tour(ready, show)
    books = _books(ready, walked.booking["id"])
    show(Step("A letter is in the mailbox", {"letters": str(books.letters)}))
    console.print(storyline.streams(books.events))
    console.print(storyline.event_table(books.events))
    console.print(storyline.entry_table(books.entries))
    console.print(storyline.balance_table(books.balances))
    console.print(
        storyline.verdict(
            confirmed=walked.booking["status"] == "confirmed",
            balanced=books.balanced,
            reference=walked.booking["reference"],
        )
    )
    return walked, books


def _what_is_up(ready: Stage) -> str:
    if "serve" in ready.processes:
        return "PostgreSQL, a Stripe simulator and one process are up: `ais serve`"
    return "PostgreSQL, Valkey, a Stripe simulator, web, worker, scheduler and projector are up"


def _books(ready: Stage, booking: str) -> Books:
    """Read the log and the read model of balances, once that has caught up with the log."""
    with psycopg.connect(ready.owner_dsn, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT position, stream, tag, recorded_at, payload FROM ledger.event "
            "WHERE stream = %s OR starts_with(stream, %s) "
            "OR command_id IN (SELECT command_id FROM ledger.event WHERE stream = %s) "
            "ORDER BY position",
            (booking, ids.payments_prefix(booking), booking),
        ).fetchall()
        _await_balances(connection, f"{process_of(ready.processes, 'projector')}.log")
        balances = [_balance(row) for row in connection.execute(_BALANCES).fetchall()]
    events = [EventRow(row[0], row[1], row[2], row[3]) for row in rows]
    entries = [entry for row in rows if (entry := _entry(row)) is not None]
    return Books(
        events=events,
        entries=entries,
        balances=balances,
        balanced=bool(balances) and _balanced(balances),
        letters=_letters(ready, ids.reference_of(booking)),
    )


_BALANCES = """
SELECT account, currency, amount FROM read_model.ledger_balance ORDER BY account, currency
"""
_LAG = """
SELECT (SELECT max(position) FROM ledger.event)
     - (SELECT c.position FROM projections.checkpoint AS c
        JOIN projections.current_generation USING (projection, generation)
        WHERE projection = 'ledger_journal')
"""


def _await_balances(connection: psycopg.Connection[Any], log: str) -> None:
    end = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < end:
        row = connection.execute(_LAG).fetchone()
        if row is not None and row[0] == 0:
            return
        time.sleep(POLL_SECONDS)
    raise DemoFailed(f"the balances did not catch up with the event log; see {log}")


def _letters(ready: Stage, reference: str) -> int:
    end = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < end:
        found = len(list(ready.mailbox.glob(f"*{reference}*.eml")))
        if found:
            return found
        time.sleep(POLL_SECONDS)
    return 0


def _entry(row: tuple[Any, ...]) -> EntryRow | None:
    payload: dict[str, Any] = msgspec.json.decode(row[4])
    if "entry" not in payload:
        return None
    entry = msgspec.convert(payload["entry"], Entry)
    return EntryRow(row[0], entry.rule, entry.effective_on, entry.postings)


def _balance(row: tuple[Any, ...]) -> BalanceRow:
    account, currency, amount = row
    return BalanceRow(
        account=account,
        name=accounts.CHART[account].name,
        currency=currency,
        debit=max(amount, 0),
        credit=max(-amount, 0),
    )


def _balanced(balances: Sequence[BalanceRow]) -> bool:
    sums: dict[str, int] = {}
    for row in balances:
        sums[row.currency] = sums.get(row.currency, 0) + row.debit - row.credit
    return not any(sums.values())


def _urls(ready: Stage) -> dict[str, str]:
    return {
        "api": ready.base_url,
        "docs": f"{ready.base_url}/docs",
        "openapi": f"{ready.base_url}/schema/openapi.json",
        "health": f"{ready.base_url}/health/ready",
        "stripe": ready.stripe_url,
        "postgres": ready.owner_dsn,
        **({"standby": ready.standby.dsn()} if ready.standby is not None else {}),
        "mailbox": ready.mailbox.as_uri(),
    }


def _accounts(people: Iterable[DemoAccount]) -> dict[str, dict[str, str]]:
    """Return the accounts by role; of a role that two persons have, the other is the second."""
    found: dict[str, dict[str, str]] = {}
    for each in people:
        name = f"second_{each.role}" if each.role in found else each.role
        found[name] = {"email": each.email, "password": each.password}
    return found


def _line(ready: Stage, walked: Walk, books: Books) -> str:
    booking = walked.booking
    people = (walked.traveller, *ready.staff)
    return json.dumps(
        {
            "booking": {
                "reference": booking["reference"],
                "status": booking["status"],
                "tickets": [each["ticketNumber"] for each in booking["passengers"]],
            },
            "events": [
                {"position": event.position, "stream": event.stream, "tag": event.tag}
                for event in books.events
            ],
            "ledger": {
                "balanced": books.balanced,
                "accounts": msgspec.to_builtins(books.balances),
            },
            "urls": _urls(ready),
            "accounts": _accounts(people),
        }
    )


def _stay(console: Console, ready: Stage) -> None:
    """Wait for Ctrl-C, or for a process that ends unexpectedly."""
    console.print(storyline.doors(_urls(ready), ready.staff))
    console.print("Ctrl-C ends the demo; started again, it continues with the same data.")
    waiting = threading.Event()
    while not waiting.wait(1.0):
        for name, process in ready.processes.items():
            if process.poll() is not None:
                raise DemoFailed(f"the {name} process ended by itself; see its log")
