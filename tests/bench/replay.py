"""`ais bench replay`: all balances from a log of a million events, ours against the stock runner.

The stock runner is measured on the first events of the same log, each way to subscribe on its
own database. The compared rate is events of the log per second.
"""

import json
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import psycopg
from rich.console import Console
from rich.progress import Progress

from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import migrate, roles
from projections import generations, replay, runner
from projections.ledger_journal.projector import PROJECTION as LEDGER_JOURNAL
from tests.bench import replay_log, replay_processes, replay_reference, replay_table
from tests.bench.result import Case
from tests.support.servers import private_folder

EVENTS = 1_000_000
STOCK_EVENTS = 5_000
ROUNDS = 3
RATE_BAR = 200_000
STOCK_BAR = 100


def run(*, as_json: bool, events: int | None = None) -> int:
    """Measure, print, and return 0 when every bar holds; with `events`, see replay_processes."""
    if events is not None:
        return replay_processes.run(as_json=as_json, events=events)
    console = Console(stderr=as_json)
    with _server() as server:
        ours = _ours(server, console)
        stock = {
            projection.name: _stock(server, projection, console)
            for projection in (replay_reference.AllEvents, replay_reference.MoneyEvents)
        }
    cases = [
        _case("rate", ours, RATE_BAR, 1),
        _case("stock", ours, stock["all_events"], STOCK_BAR),
        _case("stock-filtered", ours, stock["money_events"], STOCK_BAR),
    ]
    replay_table.show(console, cases)
    if as_json:
        print(json.dumps({"bench": "replay", "cases": msgspec.to_builtins(cases)}))
    return 0 if all(case.holds for case in cases) else 1


@contextmanager
def _server() -> Iterator[EmbeddedPostgres]:
    with private_folder() as folder, EmbeddedPostgres(folder, durable=True) as server:
        yield server


def _ours(server: EmbeddedPostgres, console: Console) -> float:
    """Return the median rate; refuses a trial balance that is not the live one byte for byte."""
    dsn = server.dsn()
    migrate.migrate(dsn)
    roles.create_logins(dsn)
    with console.status(f"writing {EVENTS:,} events"):
        replay_log.fill(dsn, EVENTS)
    with console.status("bringing the live read model up to date"):
        runner.catch_up(dsn, LEDGER_JOURNAL)
    with generations.connect(dsn) as connection:
        live = replay.live_trial_balance(connection)
    rates = []
    for number in range(ROUNDS):
        replayed = _replay(dsn, f"replay {number + 1}", console)
        assert replayed.trial_balance == live, (replayed.trial_balance, live)
        rates.append(replayed.position / replayed.seconds)
        console.print(
            f"{replayed.position:,} events, {replayed.money_events:,} with an entry, in "
            f"{replayed.seconds:.2f} s; the trial balance is the live one byte for byte"
        )
    return statistics.median(rates)


def _replay(dsn: str, title: str, console: Console) -> replay.Replayed:
    with Progress(console=console) as bar:
        task = bar.add_task(title, total=EVENTS)
        return replay.replay(dsn, lambda done, _end: bar.update(task, completed=done))


def _stock(
    server: EmbeddedPostgres, projection: type[replay_reference.AllEvents], console: Console
) -> float:
    """Return the stock runner's rate on the first events of the same log; sums must be equal."""
    name = f"stock_{projection.name}"
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    replay_reference.fill(server.dsn(name), STOCK_EVENTS)
    measured = replay_reference.measure(server.dsn(name), projection, STOCK_EVENTS)
    assert measured.trial_balance == _expected(STOCK_EVENTS)
    console.print(
        f"stock runner, {projection.name}: {STOCK_EVENTS:,} events at {measured.rate:,.0f}/s; "
        f"the whole log is extrapolated from this rate"
    )
    return measured.rate


def _expected(count: int) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for written in replay_log.events(count):
        entry = getattr(written.event, "entry", None)
        for posting in entry.postings if entry is not None else ():
            key = (posting.account, posting.currency)
            sums[key] = sums.get(key, 0) + posting.amount
    return sums


def _case(name: str, ours: float, reference: float, bar: float) -> Case:
    ratio = ours / reference
    return Case(
        case=name,
        ours=round(ours),
        reference=round(reference),
        ratio=round(ratio, 2),
        bar=bar,
        holds=ratio >= bar,
        unit="events/s",
    )


if __name__ == "__main__":
    raise SystemExit(run(as_json="--json" in sys.argv))
