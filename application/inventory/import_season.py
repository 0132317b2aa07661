"""Load a season's schedule: compare it with what is on sale, and carry the differences out.

Each difference is a command of the use case that staff have for one flight, so that it has the
same consequences: passengers of a moved or cancelled flight get their letter and their choice. A
group of commands is one append. Nothing is kept of a run: one that was stopped at any moment is
begun again, and finds what is left to do.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence

import msgspec

from application.commands import follow_up
from application.commands.command import Command
from application.commands.follow_up import Cause
from application.inventory import cabin_plan, fleet
from application.inventory.cancel_flight import CancelFlight
from application.inventory.change_equipment import ChangeEquipment
from application.inventory.fleet import Fleet
from application.inventory.reschedule_flight import RescheduleFlight
from application.inventory.schedule_flight import command_of
from application.inventory.season_ports import SeasonPorts
from application.queries import AsOf
from domain.inventory import season, season_changes
from domain.inventory.season import LineError, Season, SeasonDeparture
from domain.inventory.season_changes import Change, Left, SeasonChanges
from domain.kernel import ids
from domain.kernel.rejections import Rejection

# Departures of one file, and those that are compared with it.
DEPARTURES_LIMIT = 50_000
# Commands that are under way together, and so are one append: those of clients wait for no more.
AT_ONCE = 64
# How long before its departure a flight is changed by operations only.
NOTICE = dt.timedelta(hours=24)
# What passengers are told: the airline changed its plan.
REASON = "commercial"

_NOTHING = SeasonChanges((), (), 0)


class ImportPlan(msgspec.Struct, frozen=True):
    """What a file changes; nothing, with `errors`, where anything in it is wrong.

    What is on sale was compared `as_of`: what happened since is found when a change is decided.
    """

    errors: tuple[LineError, ...]
    compared: SeasonChanges = _NOTHING
    as_of: AsOf | None = None


class RefusedChange(msgspec.Struct, frozen=True):
    """A change that was rejected when it was decided: `field` is "" where none is at fault."""

    kind: str
    flight_id: str
    code: str
    field: str
    reason: str


class ImportOutcome(msgspec.Struct, frozen=True):
    """How many changes were carried out, which were refused, and how many are left to do."""

    done: int
    refused: tuple[RefusedChange, ...]
    remaining: int


class SeasonImport(msgspec.Struct, frozen=True):
    """What is asked for: the text of a file of any form, and what it is sold with.

    A `complete` file names all flight numbers of its carrier: those that it does not name are
    cancelled, too. Departures within `notice` are left to operations. Passengers are told the
    `reason`, a code. A `dry_run` changes nothing.
    """

    text: str
    fleet: Fleet
    complete: bool = False
    notice: dt.timedelta = NOTICE
    reason: str = REASON
    dry_run: bool = False


async def import_season(
    ports: SeasonPorts,
    asked: SeasonImport,
    *,
    cause: Cause,
    limit: int = DEPARTURES_LIMIT,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[ImportPlan, ImportOutcome]:
    """Compare a file with what is on sale, and carry up to `limit` of the differences out.

    `progress` is called after each append with what was tried so far and the total. `cause` has an
    id that no other run has. Raises Unavailable.
    """
    planned = await plan(ports, asked)
    if planned.errors or asked.dry_run:
        return planned, ImportOutcome(0, (), len(planned.compared.changes))
    outcome = await carry_out(ports, planned, asked, cause=cause, limit=limit, progress=progress)
    return planned, outcome


async def plan(ports: SeasonPorts, asked: SeasonImport) -> ImportPlan:
    """Read the file and compare it with what is on sale; changes nothing. Raises Unavailable."""
    # A large file takes the better part of a second, for which other requests do not wait.
    file, departures, errors = await asyncio.to_thread(_read, ports, asked)
    if errors or file is None:
        return ImportPlan(tuple(sorted(errors)))
    return await _compared(ports, file, departures, asked)


def _read(
    ports: SeasonPorts, asked: SeasonImport
) -> tuple[Season | None, list[SeasonDeparture], list[LineError]]:
    """Return the season of a file, its departures, and all that is wrong with them."""
    read = ports.read_file(asked.text)
    if read.season is None:
        return None, [], list(read.errors)
    zones = {code: airport.zone for code, airport in ports.airports.items()}
    departures, wrong = season.departures_of(read.season, read.lines, zones, limit=DEPARTURES_LIMIT)
    return (
        read.season,
        departures,
        [*read.errors, *wrong, *fleet.missing(departures, asked.fleet)],
    )


async def _compared(
    ports: SeasonPorts,
    file: Season,
    departures: Sequence[SeasonDeparture],
    asked: SeasonImport,
) -> ImportPlan:
    """Compare with all departures on sale that the file speaks for, or has a departure for."""
    days = {ids.flight_date(each.flight_id) for each in departures}
    days |= {file.first_day, file.last_day}
    on_sale, as_of = await ports.departures(file.carrier, min(days), max(days))
    now = ports.clock()
    scope = season_changes.Scope(
        carrier=file.carrier,
        numbers=frozenset(leg.number for leg in file.legs),
        first_day=file.first_day,
        last_day=file.last_day,
        complete=asked.complete,
        now=now,
        operations_until=now + asked.notice,
    )
    known = {each.flight_id: each for each in on_sale}
    compared = await asyncio.to_thread(season_changes.compare, departures, known, scope)
    return ImportPlan((), compared, as_of)


async def carry_out(
    ports: SeasonPorts,
    planned: ImportPlan,
    asked: SeasonImport,
    *,
    cause: Cause,
    limit: int = DEPARTURES_LIMIT,
    progress: Callable[[int, int], None] | None = None,
) -> ImportOutcome:
    """Carry out up to `limit` changes, in order of departure; one that is rejected stops no other.

    Raises Unavailable.
    """
    changes = planned.compared.changes[:limit]
    refused: list[RefusedChange] = []
    for begin in range(0, len(changes), AT_ONCE):
        group = changes[begin : begin + AT_ONCE]
        found = await asyncio.gather(*(_carry_out(ports, each, asked, cause) for each in group))
        refused.extend(each for each in found if each is not None)
        if progress is not None:
            progress(begin + len(group), len(changes))
    remaining = len(planned.compared.changes) - len(changes)
    return ImportOutcome(len(changes) - len(refused), tuple(refused), remaining)


async def _carry_out(
    ports: SeasonPorts, change: Change, asked: SeasonImport, cause: Cause
) -> RefusedChange | None:
    """Submit the command of a change; return why it was rejected."""
    step = f"schedule/{change.kind}/{change.flight_id}"
    try:
        command = await _command(ports, change, asked)
        await ports.bus.submit(follow_up.envelope(cause, step, command))
    except Rejection as rejection:
        found = {**rejection.parameters}
        return RefusedChange(
            kind=change.kind,
            flight_id=change.flight_id,
            code=rejection.code,
            field=str(found.get("field", "")),
            reason=str(found.get("reason", "")),
        )
    return None


async def _command(ports: SeasonPorts, change: Change, asked: SeasonImport) -> Command:
    if change.kind == "cancelled":
        return CancelFlight(flight_id=change.flight_id, reason=asked.reason)
    planned = change.planned
    assert planned is not None, "only a cancelled departure is not planned"
    if change.kind == "new":
        departure = fleet.departure_of(planned, asked.fleet)
        return await command_of(ports.bus, ports.clock, ports.airports, departure)
    if change.kind == "moved":
        return RescheduleFlight(
            flight_id=change.flight_id,
            departs_at=planned.departs_at,
            arrives_at=planned.arrives_at,
            reason=asked.reason,
        )
    assigned = asked.fleet.aircraft_of(planned)
    assert assigned is not None, "the plan has been checked against the fleet"
    return ChangeEquipment(
        flight_id=change.flight_id,
        layouts=cabin_plan.layouts(assigned.cabins),
        reason=asked.reason,
        aircraft=assigned.code,
    )


def counts(compared: SeasonChanges) -> dict[str, int]:
    """Return how many departures there are of each kind of change, and without any."""
    kinds = ("new", "moved", "other_aircraft", "cancelled")
    found = {kind: sum(each.kind == kind for each in compared.changes) for kind in kinds}
    return {**found, "unchanged": compared.unchanged, "left": len(compared.left)}


def left_by_reason(left: Sequence[Left]) -> dict[str, int]:
    """Return how many differences are left as they are, by reason."""
    found: dict[str, int] = {}
    for each in left:
        found[each.because] = found.get(each.because, 0) + 1
    return found
