"""`ais bench schedule`: a season of 10,000 departures, loaded from a file and changed under load.

The system is that of the demo, one process of all roles on a durable PostgreSQL, and the import is
the command `ais schedule`, its start included. The reference puts departures on sale by a request
for each, from 16 clients. Then a changed file is applied while 64 clients book over HTTP on the
flights that it changes; the reference is the same booking without an import.
"""

import asyncio
import datetime as dt
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from application.inventory.season_files import FileForm
from domain.inventory.season import Season, departures_of
from infrastructure.schedule_files.schedule_file import write_season
from tests.bench.bench_setup import REPOSITORY, inherited
from tests.bench.result import Case
from tests.support import customers, running_system, season_files, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

BAR_SECONDS = 60.0
REQUESTS, REQUEST_CLIENTS = 600, 16
CLIENTS = 64
# Bookings of each client with no import under way.
QUIET_BOOKINGS = 6
FORM: FileForm = "ssim"


def run(*, as_json: bool) -> int:
    """Measure, print, and return 0 when every bar holds."""
    console = Console(stderr=as_json)
    first = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)
    season = season_files.season_of(first_day=first)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_system.running_system() as system,
    ):
        files = _written(Path(folder), season)
        cases = [
            _loaded(system, files, console),
            *asyncio.run(_under_load(system, files, season, console)),
            asyncio.run(_one_by_one(system, console)),
        ]
    one_by_one, loaded = cases.pop(), cases[0]
    ratio = round(one_by_one.ours / loaded.ours, 2)
    cases[0] = msgspec.structs.replace(loaded, reference=one_by_one.ours, ratio=ratio)
    _show(console, cases)
    if as_json:
        print(json.dumps({"bench": "schedule", "cases": msgspec.to_builtins(cases)}))
    return 0 if all(case.holds for case in cases) else 1


def _written(folder: Path, season: Season) -> dict[str, Path]:
    """The files: the season, the changed one, and the fleet."""
    changed = season_files.changed(season)
    files = {"season": folder / "season.ssim", "changed": folder / "changed.ssim"}
    files["season"].write_text(write_season(season, FORM))
    files["changed"].write_text(write_season(changed, FORM))
    files["fleet"] = folder / "fleet.json"
    files["fleet"].write_bytes(season_files.fleet_file())
    return files


def _import(system: System, files: dict[str, Path], name: str, *more: str) -> dict[str, Any]:
    """Run the command; its report."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "interfaces.cli.main", "schedule", "import"),
            *(str(files[name]), "--fleet", str(files["fleet"]), "--json", *more),
        ],
        cwd=REPOSITORY,
        env={**inherited(), "PYTHONPATH": str(REPOSITORY), **system.environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    assert not report["errors"], report["errors"][:5]
    assert not report["refused"], report["refused"][:5]
    return report


def _loaded(system: System, files: dict[str, Path], console: Console) -> Case:
    begin = time.perf_counter()
    report = _import(system, files, "season")
    seconds = time.perf_counter() - begin
    console.print(f"loaded {report['done']} departures in {seconds:.1f} s")
    assert report["done"] == season_files.NUMBERS * season_files.EACH
    return Case(
        case="load-10000",
        ours=round(seconds, 1),
        reference=0.0,
        ratio=0.0,
        bar=BAR_SECONDS,
        holds=seconds <= BAR_SECONDS,
        unit="s",
    )


async def _under_load(
    system: System, files: dict[str, Path], season: Season, console: Console
) -> list[Case]:
    """Compare, and carry the changed file out while clients book."""
    await asyncio.to_thread(stored_log.assert_read_models_follow, system.owner_dsn)
    begin = time.perf_counter()
    planned = await asyncio.to_thread(_import, system, files, "changed", "--dry-run")
    compared = time.perf_counter() - begin
    flights = _bookable(season, planned)
    console.print(f"compared in {compared:.1f} s: {planned['counts']}")
    limits = httpx.Limits(max_connections=CLIENTS)
    async with httpx.AsyncClient(
        verify=False, base_url=system.base_url, timeout=60, limits=limits
    ) as client:
        users = [await customers.register(client) for _ in range(CLIENTS)]
        quiet = await _book(users, flights, until=None)
        carrying = asyncio.get_running_loop().create_task(
            asyncio.to_thread(_timed_import, system, files)
        )
        busy = await _book(users, flights, until=carrying)
        seconds, report = await carrying
    console.print(f"carried out {report['done']} changes in {seconds:.1f} s; {len(busy)} bookings")
    assert report["done"] == sum(
        planned["counts"][kind] for kind in ("new", "moved", "other_aircraft", "cancelled")
    )
    await asyncio.to_thread(stored_log.assert_read_models_follow, system.owner_dsn)
    again = await asyncio.to_thread(_import, system, files, "changed", "--dry-run")
    assert not again["changes"], again["changes"][:5]
    ratio = _p99(busy) / _p99(quiet)
    return [
        Case("compare-10000", round(compared, 1), 0.0, 0.0, BAR_SECONDS, compared <= 60, "s"),
        Case("apply-under-64", round(seconds, 1), 0.0, 0.0, BAR_SECONDS, seconds <= 60, "s"),
        Case(
            case="book-p99-while-applied",
            ours=round(_p99(busy), 1),
            reference=round(_p99(quiet), 1),
            ratio=round(ratio, 2),
            bar=5.0,
            holds=ratio <= 5.0,
            unit="ms",
        ),
    ]


def _timed_import(system: System, files: dict[str, Path]) -> tuple[float, dict[str, Any]]:
    begin = time.perf_counter()
    report = _import(system, files, "changed")
    return time.perf_counter() - begin, report


def _bookable(season: Season, planned: dict[str, Any]) -> list[str]:
    """Flights that are moved or get other aircraft, and as many that stay as they are."""
    changing = [each["flight"] for each in planned["changes"] if each["kind"] != "cancelled"]
    gone = {each["flight"] for each in planned["changes"] if each["kind"] == "cancelled"}
    lines = tuple(range(len(season.legs)))
    departures, _ = departures_of(season, lines, season_files.zones(), limit=20_000)
    kept = [each.flight_id for each in departures if each.flight_id not in {*changing, *gone}]
    return [*changing, *kept[: len(changing)]]


async def _book(
    users: Sequence[Customer], flights: Sequence[str], *, until: "asyncio.Task[Any] | None"
) -> list[float]:
    """Milliseconds of each booking: so many of each client, or for as long as the task runs."""

    async def client(number: int, user: Customer) -> list[float]:
        found = []
        while len(found) < QUIET_BOOKINGS if until is None else not until.done():
            flight = flights[(number * 997 + len(found) * 31) % len(flights)]
            begin = time.perf_counter()
            answer = await user.send_booking(flight)
            found.append((time.perf_counter() - begin) * 1_000)
            assert answer.status_code == 201, answer.text
        return found

    done = await asyncio.gather(*(client(number, user) for number, user in enumerate(users)))
    return [each for found in done for each in found]


def _p99(milliseconds: Sequence[float]) -> float:
    return statistics.quantiles(milliseconds, n=100)[-1]


async def _one_by_one(system: System, console: Console) -> Case:
    """Put departures on sale by one request for each; the seconds that 10,000 would take."""
    first = dt.datetime.now(dt.UTC) + dt.timedelta(days=60)
    limits = httpx.Limits(max_connections=REQUEST_CLIENTS)
    async with httpx.AsyncClient(
        verify=False, base_url=system.base_url, timeout=60, limits=limits
    ) as client:
        operations = await customers.staff(system, client, "ops")
        waiting = iter(range(REQUESTS))
        begin = time.perf_counter()

        async def requests() -> None:
            for number in waiting:
                departs = first + dt.timedelta(days=number % 50)
                await operations.post(
                    "/api/admin/flights", _flight(f"ZZ{4_000 + number // 50}", departs)
                )

        await asyncio.gather(*(requests() for _ in range(REQUEST_CLIENTS)))
        seconds = time.perf_counter() - begin
    count = season_files.NUMBERS * season_files.EACH
    scaled = seconds / REQUESTS * count
    console.print(f"{REQUESTS} requests in {seconds:.1f} s: {count} would take {scaled:.0f} s")
    return Case("one-by-one", round(scaled, 1), 0.0, 0.0, 0.0, True, "s")


def _flight(number: str, departs: dt.datetime) -> dict[str, Any]:
    aircraft, fares = season_files.FLEET.aircraft[0], season_files.FLEET.fares[0]
    names = {"Y": "economy", "J": "business"}
    return {
        "flightNumber": number,
        "origin": "RUH",
        "destination": "JED",
        "departureTime": departs.isoformat(),
        "arrivalTime": (departs + dt.timedelta(minutes=105)).isoformat(),
        "currency": fares.currency,
        "fareClasses": [
            {"code": each.code, "cabin": names[each.cabin], "fare": each.fare}
            for each in fares.classes
        ],
        "cabins": [
            {
                "cabin": names[each.cabin],
                "seatCount": each.seat_count,
                "firstRow": each.first_row,
                "letters": each.letters,
            }
            for each in aircraft.cabins
        ],
        "aircraft": aircraft.code,
    }


def _show(console: Console, cases: Sequence[Case]) -> None:
    table = Table("case", "ours", "reference", "ratio", "bar", "unit", title="schedule")
    for each in cases:
        mark = "" if each.holds else " (missed)"
        table.add_row(
            each.case,
            f"{each.ours:,}",
            f"{each.reference:,}",
            f"{each.ratio:,}",
            f"{each.bar:,}{mark}",
            each.unit,
        )
    console.print(table)
