"""The demo's output: steps, streams, events, entries and the books, as rich renderables.

Rule: pure functions from plain data to printed output; nothing here queries, counts or decides.
Everything fits 80 columns and is plain text when the output is not a terminal.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec
from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from domain.kernel import ids, money
from domain.kernel.entries import Posting
from domain.ledger import accounts

WIDTH = 80
# One colour per kind of stream, the same in tree and table.
_STREAM_STYLES: dict[str, str] = {
    ids.StreamPrefix.FLIGHT: "cyan",
    ids.StreamPrefix.BOOKING: "green",
    ids.StreamPrefix.PAYMENT: "magenta",
    ids.StreamPrefix.PERIOD: "yellow",
    ids.StreamPrefix.SETTLEMENT: "blue",
    ids.StreamPrefix.PAYOUT: "blue",
    ids.StreamPrefix.CLEARING: "blue",
    ids.StreamPrefix.RECONCILIATION: "blue",
}
_QUIET = "bright_black"


class Step(msgspec.Struct, frozen=True):
    """One step of the demo: what happened, with facts to show."""

    title: str
    facts: Mapping[str, str]


class EventRow(msgspec.Struct, frozen=True):
    """An event of the log without its payload."""

    position: int
    stream: str
    tag: str
    recorded_at: dt.datetime


class EntryRow(msgspec.Struct, frozen=True):
    """The double entry that the event at `position` carries; debit positive, minor units."""

    position: int
    rule: str
    effective_on: dt.date
    lines: Sequence[Posting]


class BalanceRow(msgspec.Struct, frozen=True):
    """One account in one currency: sums of both sides in minor units."""

    account: str
    name: str
    currency: str
    debit: int
    credit: int


class DemoAccount(msgspec.Struct, frozen=True):
    """An account that can sign in to the demo."""

    role: str
    email: str
    password: str


def opening(title: str, subtitle: str) -> RenderableType:
    """Return the title of the output."""
    text = Text.assemble((title, "bold"), "\n", (subtitle, _QUIET))
    return Panel(text, box=box.ROUNDED, width=WIDTH, padding=(0, 2))


def step(number: int, shown: Step) -> RenderableType:
    """Return one numbered step with its facts in two columns."""
    heading = Text.assemble((f"{number:>2} ", "bold cyan"), (shown.title, "bold"))
    if not shown.facts:
        return heading
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style=_QUIET, no_wrap=True)
    facts.add_column(overflow="fold", max_width=WIDTH - 26)
    for name, value in shown.facts.items():
        facts.add_row(name, Text(value))
    return Group(heading, Padding(facts, (0, 0, 0, 3)))


def streams(events: Sequence[EventRow]) -> RenderableType:
    """Return a tree of the changed streams, each with its own events in order."""
    tree = Tree(Text("streams", style="bold"), guide_style=_QUIET)
    branches: dict[str, Tree] = {}
    for event in events:
        branch = branches.get(event.stream)
        if branch is None:
            branch = tree.add(Text(event.stream, style=_stream_style(event.stream)))
            branches[event.stream] = branch
        branch.add(Text.assemble((f"{event.position:>5} ", _QUIET), event.tag))
    return tree


def event_table(events: Sequence[EventRow]) -> RenderableType:
    """Return the log in order of position; events of one append share their instant."""
    table = _table("The log, in order")
    table.add_column("#", justify="right", style=_QUIET, no_wrap=True)
    table.add_column("recorded (UTC)", no_wrap=True)
    table.add_column("stream", no_wrap=True)
    table.add_column("event", overflow="fold")
    previous: dt.datetime | None = None
    for event in events:
        moment = event.recorded_at.astimezone(dt.UTC)
        together = moment == previous
        table.add_row(
            str(event.position),
            "  same append" if together else f"{moment:%H:%M:%S.%f}",
            Text(event.stream, style=_stream_style(event.stream)),
            Text(event.tag),
        )
        previous = moment
    return table


def entry_table(entries: Sequence[EntryRow]) -> RenderableType:
    """Return each entry with its lines and the sums of each currency, which must be equal."""
    table = _table("What the events did to the books")
    table.add_column("entry", no_wrap=True)
    table.add_column("account", overflow="fold")
    table.add_column("debit", justify="right", no_wrap=True)
    table.add_column("credit", justify="right", no_wrap=True)
    for entry in entries:
        head = f"#{entry.position} {entry.rule}"
        for place, line in enumerate(entry.lines):
            debit = _side(max(line.amount, 0), line.currency)
            credit = _side(max(-line.amount, 0), line.currency)
            table.add_row(
                head if place == 0 else Text(f"{entry.effective_on}" if place == 1 else ""),
                Text(f"{line.account} {_account_name(line.account)}"),
                debit,
                credit,
            )
        table.add_section()
    return table


def balance_table(rows: Sequence[BalanceRow]) -> RenderableType:
    """Return the trial balance with the sums of each currency, and whether they agree."""
    table = _table("Trial balance")
    table.add_column("account", no_wrap=True)
    table.add_column("name", overflow="fold")
    table.add_column("debit", justify="right", no_wrap=True)
    table.add_column("credit", justify="right", no_wrap=True)
    for row in sorted(rows, key=lambda row: (row.currency, row.account)):
        table.add_row(
            row.account,
            Text(row.name),
            _side(row.debit, row.currency),
            _side(row.credit, row.currency),
        )
    for currency in sorted({row.currency for row in rows}):
        debit = sum(row.debit for row in rows if row.currency == currency)
        credit = sum(row.credit for row in rows if row.currency == currency)
        agrees = debit == credit
        table.add_section()
        table.add_row(
            Text("Σ", style="bold"),
            Text(f"{currency} balances" if agrees else f"{currency} DOES NOT BALANCE"),
            _amount(debit, currency),
            _amount(credit, currency),
            style="green" if agrees else "bold red",
        )
    return table


def verdict(*, confirmed: bool, balanced: bool, reference: str) -> RenderableType:
    """Return the final line: green only when the booking is confirmed and the books balance."""
    booking = f"Booking {reference} is {'confirmed' if confirmed else 'NOT confirmed'}"
    books = f"the books {'balance' if balanced else 'DO NOT balance'}"
    style = "bold green" if confirmed and balanced else "bold red"
    return Panel(Text(f"{booking}; {books}.", style=style), box=box.ROUNDED, width=WIDTH)


def doors(urls: Mapping[str, str], people: Sequence[DemoAccount]) -> RenderableType:
    """Return where to look while the demo stays up, and as whom."""
    places = Table.grid(padding=(0, 2))
    places.add_column(style=_QUIET, no_wrap=True)
    places.add_column(overflow="fold")
    for name, url in urls.items():
        places.add_row(name, Text(url))
    table = _table("Accounts of this demo")
    for heading in ("role", "e-mail", "password"):
        table.add_column(heading, overflow="fold")
    for person in people:
        table.add_row(person.role, Text(person.email), Text(person.password))
    return Group(Rule("still running", style=_QUIET), places, table)


def _table(title: str) -> Table:
    return Table(
        title=Text(title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        width=WIDTH,
        padding=(0, 1),
        pad_edge=False,
    )


def _stream_style(stream: str) -> str:
    return _STREAM_STYLES.get(ids.prefix_of(stream), "white")


def _account_name(number: str) -> str:
    known = accounts.CHART.get(number)
    return known.name if known is not None else ""


def _amount(amount: int, currency: str) -> str:
    return money.display(money.Money(amount, currency))


def _side(amount: int, currency: str) -> str:
    """Return the amount, or nothing where this side is empty, as in a printed ledger."""
    return _amount(amount, currency) if amount else ""
