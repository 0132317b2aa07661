"""Routes of operations: load the schedule of a season, or write one from what is on sale.

A file is sent as its lines. What it changes is carried out in bounded parts: the same request again
goes on with what is left, also after a request that was cut off.
"""

import datetime as dt
import uuid
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import JSONBody, QueryParameter
from litestar.response import Response

from application.commands.follow_up import Cause
from application.inventory import export_season
from application.inventory import import_season as importing
from application.inventory.fleet_file import FleetRequest, fleet_of
from application.inventory.import_season import SeasonImport
from application.inventory.season_files import FileForm
from interfaces.http import auth
from interfaces.http.strict_request import StrictRequest
from interfaces.season_report import ScheduleImportResponse, report_of

# A season of ten thousand departures has some hundred kilobytes.
BODY_LIMIT_BYTES = 1024 * 1024
# Changes that one request carries out: some seconds.
CHANGES_AT_A_TIME = 1_000

FileLine = Annotated[str, msgspec.Meta(max_length=400)]
FirstDay = Annotated[dt.date, QueryParameter(name="from")]
LastDay = Annotated[dt.date, QueryParameter(name="to")]
TimesOfFile = Annotated[Literal["local", "utc"], QueryParameter()]
FormOfFile = Annotated[FileForm, QueryParameter()]
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


class ScheduleImportRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The lines of a file of SSIM or CSV, and the aircraft and fares that it is sold with."""

    lines: Annotated[list[FileLine], msgspec.Meta(min_length=1, max_length=5_000)]
    fleet: FleetRequest
    dry_run: bool = False
    complete: bool = False
    notice_hours: Annotated[int, msgspec.Meta(ge=0, le=8_784)] = 24
    reason: Reason = "commercial"


@post(
    "/api/admin/schedule",
    operation_id="importSchedule",
    status_code=200,
    request_max_body_size=BODY_LIMIT_BYTES,
    body_limit_bytes=BODY_LIMIT_BYTES,
    **auth.signed_in("run_flights"),
)
async def import_schedule(
    request: StrictRequest, data: JSONBody[ScheduleImportRequest]
) -> ScheduleImportResponse:
    """Compare a schedule with what is on sale, and carry up to a thousand differences out.

    A file with errors changes nothing. With `remaining` above 0, send the same again.
    """
    planned, outcome = await importing.import_season(
        request.ports.seasons,
        SeasonImport(
            text="\n".join(data.lines),
            fleet=fleet_of(data.fleet),
            complete=data.complete,
            notice=dt.timedelta(hours=data.notice_hours),
            reason=data.reason,
            dry_run=data.dry_run,
        ),
        cause=Cause(uuid.uuid4(), request.principal.actor, request.correlation_id),
        limit=CHANGES_AT_A_TIME,
    )
    return report_of(planned, outcome, dry_run=data.dry_run)


@get(
    "/api/admin/schedule",
    operation_id="exportSchedule",
    **auth.signed_in("run_flights", gives=("text/plain", "text/csv")),
)
async def export_schedule(
    request: StrictRequest,
    since: FirstDay,
    until: LastDay,
    times: TimesOfFile = "local",
    form: FormOfFile = "ssim",
) -> Response[str]:
    """Write the departures on sale of these days, local at their origin, as a file."""
    found = await export_season.export_season(
        request.ports.seasons,
        carrier=request.ports.carrier,
        first_day=since,
        last_day=until,
        times=times,
        form=form,
    )
    media_type = "text/plain" if form == "ssim" else "text/csv"
    return Response(found.text, media_type=media_type)


ROUTES = (import_schedule, export_schedule)
