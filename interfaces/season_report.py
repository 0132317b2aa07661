"""What an import of a schedule did or would do, as JSON: for the command line and over HTTP."""

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec

from application.inventory import import_season
from application.inventory.import_season import ImportOutcome, ImportPlan
from domain.inventory.season_changes import Change


class ScheduleErrorResponse(msgspec.Struct, rename="camel"):
    """What is wrong in a line of the file, counted from 1."""

    line: int
    field: str
    reason: str


class ScheduleChangeResponse(msgspec.Struct, rename="camel"):
    """A departure on sale that changes; what it becomes is null where it is cancelled."""

    kind: str
    flight: str
    seats_taken: int
    departure_time: dt.datetime
    aircraft: str
    new_departure_time: dt.datetime | None
    new_aircraft: str | None


class ScheduleRefusalResponse(msgspec.Struct, rename="camel"):
    """A change that was refused when it was carried out."""

    kind: str
    flight: str
    code: str
    field: str
    reason: str


class ScheduleImportResponse(msgspec.Struct, rename="camel"):
    """How many departures change in which way, the changes of departures on sale, and how far it
    is: with `remaining` left to do, the same import again goes on.
    """

    dry_run: bool
    errors: list[ScheduleErrorResponse]
    counts: Mapping[str, int]
    left: Mapping[str, int]
    changes: list[ScheduleChangeResponse]
    done: int
    refused: list[ScheduleRefusalResponse]
    remaining: int


def report_of(
    planned: ImportPlan, outcome: ImportOutcome, *, dry_run: bool
) -> ScheduleImportResponse:
    """Return the report; new departures are only counted."""
    return ScheduleImportResponse(
        dry_run=dry_run,
        errors=[
            ScheduleErrorResponse(each.line, each.field, each.reason) for each in planned.errors
        ],
        counts=import_season.counts(planned.compared),
        left=import_season.left_by_reason(planned.compared.left),
        changes=changes_of(planned.compared.changes),
        done=outcome.done,
        refused=[
            ScheduleRefusalResponse(each.kind, each.flight_id, each.code, each.field, each.reason)
            for each in outcome.refused
        ],
        remaining=outcome.remaining,
    )


def changes_of(changes: Sequence[Change]) -> list[ScheduleChangeResponse]:
    """Return the changes of departures that are on sale."""
    return [
        ScheduleChangeResponse(
            kind=each.kind,
            flight=each.flight_id,
            seats_taken=each.on_sale.taken,
            departure_time=each.on_sale.departs_at,
            aircraft=each.on_sale.aircraft,
            new_departure_time=None if each.planned is None else each.planned.departs_at,
            new_aircraft=None if each.planned is None else each.planned.aircraft,
        )
        for each in changes
        if each.on_sale is not None
    ]
