"""An operator loads a schedule in the shell; a run that was killed is begun again and goes on."""

import asyncio
import datetime as dt
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psycopg

from domain.inventory.season import Season, operating_days
from domain.kernel import ids
from infrastructure.schedule_files.schedule_file import write_season
from tests.support import season_files, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

ROOT = Path(__file__).resolve().parents[2]
NUMBERS, EACH = 5, 40
# Two appends.
DONE = 128
KILLED = f"""
import os, signal, sys
from interfaces.cli import schedule

def killed(done, total):
    if done >= {DONE}:
        os.kill(os.getpid(), signal.SIGKILL)

schedule._progress = killed
schedule.schedule(sys.argv[1:])
"""


def files(folder: Path, season: Season, name: str = "season.ssim") -> list[str]:
    """The words that name a file with the season, and the fleet."""
    (folder / "fleet.json").write_bytes(season_files.fleet_file())
    (folder / name).write_text(write_season(season, "csv" if name.endswith("csv") else "ssim"))
    return [str(folder / name), "--fleet", str(folder / "fleet.json")]


def run(system: System, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these words and the settings of the system."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, **system.environment},
        capture_output=True,
        text=True,
    )


def schedule(system: System, *words: str) -> Any:
    """What a run of the command, which ends well, prints as JSON."""
    done = run(system, "-m", "interfaces.cli.main", "schedule", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def on_sale(system: System) -> int:
    """How many departures of the season the log has."""
    with psycopg.connect(system.owner_dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM ledger.event WHERE tag = 'flight.scheduled.1' "
            "AND stream ~ '^flight-ZZ2[0-9]{3}A?-'"
        ).fetchone()
    assert row is not None
    return int(row[0])


async def test_a_schedule_is_loaded_after_a_kill_and_changed_under_its_bookings(
    system: System, client: httpx.AsyncClient, customer: Customer, tmp_path: Path
) -> None:
    first = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=40)
    season = season_files.season_of(numbers=NUMBERS, each=EACH, first_day=first)
    words = files(tmp_path, season)
    killed = run(system, "-c", KILLED, "import", *words)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert on_sale(system) == DONE
    report = schedule(system, "import", *words)
    assert (report["refused"], report["remaining"]) == ([], 0)
    assert on_sale(system) == NUMBERS * EACH

    moved = next(leg for leg in season.legs if leg.number == "ZZ2001")
    flight = ids.flight_stream(moved.number, next(operating_days(moved)).isoformat())
    booked = await customer.send_booking(flight)
    assert booked.status_code == 201, booked.text
    await asyncio.to_thread(stored_log.assert_read_models_follow, system.owner_dsn)
    words = files(tmp_path, season_files.changed(season), "changed.csv")
    report = schedule(system, "import", *words)
    assert (report["counts"]["moved"], report["counts"]["cancelled"]) == (EACH, 1)
    assert report["refused"] == []
    [change] = [each for each in report["changes"] if each["flight"] == flight]
    assert (change["kind"], change["seatsTaken"]) == ("moved", 1)
    found = await customer.booking(booked.json()["id"])
    assert found["segments"][0]["departureTime"] == change["newDepartureTime"]


async def test_the_errors_of_a_file_are_printed_by_line_and_nothing_changes(
    system: System, tmp_path: Path
) -> None:
    first = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=40)
    words = files(tmp_path, season_files.season_of(numbers=1, each=1, first_day=first), "a.csv")
    file = tmp_path / "a.csv"
    file.write_text(file.read_text().replace("ZZ2000,RUH", "ZZ2950,XXQ"))
    done = run(system, "-m", "interfaces.cli.main", "schedule", "import", *words)
    assert done.returncode == 2
    assert done.stdout == "line 2: from: airport_not_served\n1 errors; nothing was changed\n"
