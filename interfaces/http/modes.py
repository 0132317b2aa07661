"""Routes of operations: the modes that are on; maintenance, and a pause of payments."""

import datetime as dt
from typing import Annotated, Any

import msgspec
from litestar import delete, get, post
from litestar.params import JSONBody

from application.modes.switch_mode import StartMode, end_mode, start_mode
from domain.modes.modes import REASON_LENGTH, Mode, ModeOn, SwitchedMode
from interfaces.http import auth
from interfaces.http.maintenance import SERVED
from interfaces.http.strict_request import StrictRequest

ModeReason = Annotated[str, msgspec.Meta(min_length=3, max_length=REASON_LENGTH)]
Instant = Annotated[dt.datetime, msgspec.Meta(tz=True)]

PATH = "/api/admin/modes"
# Of every route that switches a mode: it is served while one is on, to whoever may switch them.
SWITCH: dict[str, Any] = {"status_code": 200, **SERVED, **auth.signed_in("switch_modes")}


class ModeRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Why, without a traveller's data, and when it should end: within seven days."""

    reason: ModeReason
    until: Instant | None = None


class ModeResponse(msgspec.Struct, rename="camel"):
    """A mode that is on. It does not end by itself at its planned end `until`."""

    mode: Mode
    since: dt.datetime
    actor: str
    reason: str
    until: dt.datetime | None


class ModesResponse(msgspec.Struct, rename="camel"):
    """The modes that are on, by name; empty in normal operation."""

    modes: list[ModeResponse]


class ModeEndedResponse(msgspec.Struct, rename="camel"):
    """Whether the mode was on."""

    ended: bool


@get(PATH, operation_id="listModes", **auth.signed_in("switch_modes"))
async def read_all(request: StrictRequest) -> ModesResponse:
    """Every mode that is on, as the database has it."""
    return ModesResponse([_answered(each) for each in await request.ports.modes.modes.all()])


@post(f"{PATH}/maintenance", operation_id="startMaintenance", **SWITCH)
async def start_maintenance(request: StrictRequest, data: JSONBody[ModeRequest]) -> ModeResponse:
    """Refuse what changes anything, in all processes at once; reading goes on.

    While it is on already, reason and planned end are replaced.
    """
    return await _started(request, "maintenance", data)


@delete(f"{PATH}/maintenance", operation_id="endMaintenance", **SWITCH)
async def end_maintenance(request: StrictRequest) -> ModeEndedResponse:
    """Serve everything again, and go on with background work."""
    return await _ended(request, "maintenance")


@post(f"{PATH}/payments", operation_id="pausePayments", **SWITCH)
async def pause_payments(request: StrictRequest, data: JSONBody[ModeRequest]) -> ModeResponse:
    """Stop calling Stripe, in all processes at once; sales go on.

    While it is on already, reason and planned end are replaced.
    """
    return await _started(request, "payments_paused", data)


@delete(f"{PATH}/payments", operation_id="resumePayments", **SWITCH)
async def resume_payments(request: StrictRequest) -> ModeEndedResponse:
    """Call Stripe again, and do what waited."""
    return await _ended(request, "payments_paused")


async def _started(request: StrictRequest, mode: SwitchedMode, data: ModeRequest) -> ModeResponse:
    until = None if data.until is None else data.until.astimezone(dt.UTC)
    command = StartMode(mode, data.reason, until, request.principal.actor, request.correlation_id)
    return _answered(await start_mode(command, request.ports.modes))


async def _ended(request: StrictRequest, mode: SwitchedMode) -> ModeEndedResponse:
    was_on = await end_mode(
        mode,
        request.ports.modes,
        actor=request.principal.actor,
        correlation_id=request.correlation_id,
    )
    return ModeEndedResponse(was_on)


def _answered(on: ModeOn) -> ModeResponse:
    return ModeResponse(on.mode, on.since, on.actor, on.reason, on.until)


ROUTES = (read_all, start_maintenance, end_maintenance, pause_payments, resume_payments)
