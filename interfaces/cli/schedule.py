"""`ais schedule`: load a season's schedule from a file, or write one from what is on sale."""

import datetime as dt
import secrets
import sys
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import uvloop
from cyclopts import App, Parameter, validators

from application.commands.follow_up import Cause
from application.inventory import export_season, import_season
from application.inventory.export_season import ExportedSeason
from application.inventory.fleet_file import read_fleet
from application.inventory.import_season import ImportOutcome, ImportPlan, SeasonImport
from application.inventory.season_files import FileForm
from application.inventory.season_ports import SeasonPorts
from application.ports import Unavailable
from domain.inventory.season import TimeMode
from domain.kernel.rejections import Rejection
from interfaces import composition, season_composition
from interfaces.cli import running
from interfaces.season_report import ScheduleChangeResponse, report_of
from interfaces.web import report

ACTOR = "operator"
PROGRESS_STEP = 1_000

schedule = App(
    name="schedule",
    help="Load the schedule of a season, or write one: IATA SSIM chapter 7, and CSV. Runs as the "
    "application: AIS_DATABASE_URL. Exit codes: 0 done, 1 the database does not answer or a change "
    "was refused, 2 a wrong call or setting, or a file with errors.",
)

AsJson = Annotated[bool, Parameter(name="--json", negative=())]
Flag = Annotated[bool, Parameter(negative=())]
Reason = Literal[
    "weather",
    "technical",
    "crew",
    "air_traffic",
    "airport",
    "security",
    "late_inbound",
    "commercial",
    "operational",
]


@schedule.command(name="import")
def import_file(
    file: Path,
    /,
    *,
    fleet: Path,
    complete: Flag = False,
    notice_hours: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=8_784))] = 24,
    reason: Reason = "commercial",
    dry_run: Flag = False,
    as_json: AsJson = False,
) -> int:
    """Put on sale what the file plans and nobody can book yet; move, re-equip and cancel the rest.

    A run that was stopped is begun again: it goes on with what is left.

    Parameters
    ----------
    file
        SSIM or CSV; which one is seen by its first line.
    fleet
        A JSON file with the aircraft, their cabins, and the fares of each route.
    complete
        The file names all flight numbers of its carrier: cancel those that it does not name, too.
    notice_hours
        So long before their departure flights are changed by operations only.
    reason
        What passengers of moved and cancelled flights are told.
    dry_run
        Print what would change, and change nothing.
    as_json
        Print all changes and errors as one JSON document.
    """
    try:
        text = file.read_text("utf-8-sig")
        aircraft = read_fleet(fleet.read_bytes())
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        print(f"ais schedule: {type(error).__name__}: {error}", file=sys.stderr)
        return running.USAGE_EXIT
    asked = SeasonImport(
        text=text,
        fleet=aircraft,
        complete=complete,
        notice=dt.timedelta(hours=notice_hours),
        reason=reason,
        dry_run=dry_run,
    )

    async def work(ports: SeasonPorts) -> int:
        cause = Cause(uuid.uuid4(), ACTOR, secrets.token_hex(11))
        planned, outcome = await import_season.import_season(
            ports, asked, cause=cause, progress=_progress
        )
        _print(planned, outcome, dry_run=dry_run, as_json=as_json)
        if planned.errors:
            return running.USAGE_EXIT
        return running.FAILED_EXIT if outcome.refused else 0

    return _run(work)


@schedule.command(name="export")
def export_file(
    file: Path,
    /,
    *,
    first: Annotated[dt.date, Parameter(name="--from")],
    last: Annotated[dt.date, Parameter(name="--to")],
    carrier: str | None = None,
    times: TimeMode = "local",
    as_json: AsJson = False,
) -> int:
    """Write the departures that are on sale; importing the file changes nothing.

    Parameters
    ----------
    file
        Its name decides: `.csv` for CSV, anything else for SSIM. An existing file is replaced.
    first
        The first day, such as 2027-03-28.
    last
        The last day, included.
    carrier
        The designator of the airline; that of AIS_CARRIER otherwise.
    times
        Whether clock times are local at each airport, or UTC.
    as_json
        Print what was written as one JSON document.
    """
    form: FileForm = "csv" if file.suffix.lower() == ".csv" else "ssim"
    designator = carrier or running.configured().carrier

    exported: list[ExportedSeason] = []

    async def work(ports: SeasonPorts) -> int:
        found = await export_season.export_season(
            ports, carrier=designator, first_day=first, last_day=last, times=times, form=form
        )
        exported.append(found)
        return 0

    status = _run(work)
    return _written(file, form, exported[0], as_json=as_json) if exported else status


def _written(file: Path, form: FileForm, found: ExportedSeason, *, as_json: bool) -> int:
    """Write the file, and print what it contains."""
    try:
        file.write_text(found.text, "utf-8", newline="")
    except OSError as error:
        print(f"ais schedule: {error}", file=sys.stderr)
        return running.USAGE_EXIT
    if as_json:
        document = {
            "form": form,
            "legs": found.legs,
            "departures": found.departures,
            "withoutAircraft": found.without_aircraft,
        }
        print(msgspec.json.encode(document).decode())
        return 0
    print(f"{found.departures} departures as {found.legs} legs of {form}")
    if found.without_aircraft:
        print(f"{found.without_aircraft} without an aircraft type are left out")
    return 0


def _progress(done: int, total: int) -> None:
    """Print how far it is, now and then."""
    before = done - import_season.AT_ONCE
    if done == total or done // PROGRESS_STEP > before // PROGRESS_STEP:
        print(f"{done} of {total}", file=sys.stderr, flush=True)


def _print(planned: ImportPlan, outcome: ImportOutcome, *, dry_run: bool, as_json: bool) -> None:
    found = report_of(planned, outcome, dry_run=dry_run)
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    for error in planned.errors:
        print(f"line {error.line}: {error.field}: {error.reason}")
    if planned.errors:
        print(f"{len(planned.errors)} errors; nothing was changed")
        return
    for each in found.changes:
        print(_line(each))
    print(", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in found.counts.items()))
    for because, count in found.left.items():
        print(f"left as it is: {because.replace('_', ' ')} {count}")
    for refusal in outcome.refused:
        why = f"{refusal.field} {refusal.reason or refusal.code}".strip()
        print(f"refused: {refusal.kind} {refusal.flight_id}: {why}")
    if dry_run:
        print("nothing was changed")
    else:
        print(f"{outcome.done} changes carried out, {len(outcome.refused)} refused")


def _line(change: ScheduleChangeResponse) -> str:
    """Return a change of what is on sale as a line; new departures are only counted."""
    line = f"{change.kind.replace('_', ' ')} {change.flight}"
    if change.kind == "moved" and change.new_departure_time is not None:
        before, after = change.departure_time, change.new_departure_time
        line += f": {_instant(before)} to {_instant(after)}"
    elif change.kind == "other_aircraft":
        line += f": {change.aircraft} to {change.new_aircraft}"
    return f"{line}, {change.seats_taken} seats taken"


def _instant(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}"


def _run(work: Callable[[SeasonPorts], Awaitable[int]]) -> int:
    async def opened() -> int:
        async with composition.open_core(running.configured(), report=report) as core:
            return await work(season_composition.season_on(core))

    try:
        return uvloop.run(opened())
    except Rejection as refused:
        found: dict[str, Any] = {**refused.parameters}
        print(f"ais schedule: {refused.code} {found or ''}".strip(), file=sys.stderr)
        return running.USAGE_EXIT
    except Unavailable as error:
        print(f"ais schedule: {error}; begin again, it goes on", file=sys.stderr)
        return running.FAILED_EXIT
