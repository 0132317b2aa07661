"""Routes by which finance closes a month of the books, and two persons reopen one."""

from typing import Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.ledger import close_period as closing
from application.ledger import reopen_period as reopening
from application.ledger.close_period import PeriodDetails
from interfaces.http import auth, idempotency
from interfaces.http.answers import Answered
from interfaces.http.strict_request import StrictRequest


class PeriodResponse(msgspec.Struct, rename="camel"):
    """A month of the books; `reopeningAskedBy` waits for the approval of another person.

    `closedOnPosition` is the log position of the balances that were sealed.
    """

    month: str
    closed: bool
    closed_by: str | None
    closed_on_position: int | None
    reopening_asked_by: str | None
    reason: str | None


class ClosingRequest(idempotency.KeyedRequest):
    """Nothing but a key."""


class ReopeningRequest(idempotency.KeyedRequest):
    """Why the month has to be opened again."""

    reason: Literal["late_document", "error_in_the_books", "audit_adjustment"]


def _response(found: PeriodDetails) -> PeriodResponse:
    period = found.period
    return PeriodResponse(
        month=f"{found.month:%Y-%m}",
        closed=period is not None and period.closed,
        closed_by=None if period is None else period.closed_by,
        closed_on_position=None if period is None else period.known,
        reopening_asked_by=None if period is None else period.reopening_asked_by,
        reason=None if period is None else period.reason,
    )


def _answer(found: PeriodDetails) -> Answered[PeriodResponse]:
    return Answered(_response(found), headers=idempotency.REPLAYED if found.replayed else {})


@get("/api/ledger/periods/{month:str}", **auth.signed_in("read_ledger"))
async def read_period(request: StrictRequest, month: FromPath[str]) -> PeriodResponse:
    """Read whether a month, such as 2026-11, is closed."""
    return _response(await closing.read_period(request.ports.ledger, closing.month_of(month)))


@post(
    "/api/ledger/periods/{month:str}/close",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("close_books"),
)
async def close_period(
    request: StrictRequest, month: FromPath[str], data: JSONBody[ClosingRequest]
) -> Answered[PeriodResponse]:
    """Seal a month that is over: what arrives for it later belongs to the next open month."""
    caller = idempotency.required(request, data)
    return _answer(
        await closing.close_period(request.ports.ledger, caller, closing.month_of(month))
    )


@post(
    "/api/ledger/periods/{month:str}/ask-to-reopen",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("close_books"),
)
async def ask_to_reopen(
    request: StrictRequest, month: FromPath[str], data: JSONBody[ReopeningRequest]
) -> Answered[PeriodResponse]:
    """Ask for a closed month to be reopened; another person has to approve it."""
    caller = idempotency.required(request, data)
    return _answer(
        await reopening.ask_to_reopen(
            request.ports.ledger, caller, closing.month_of(month), reason=data.reason
        )
    )


@post(
    "/api/ledger/periods/{month:str}/reopen",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("close_books"),
)
async def reopen_period(
    request: StrictRequest, month: FromPath[str], data: JSONBody[ClosingRequest]
) -> Answered[PeriodResponse]:
    """Approve the reopening that another person asked for."""
    caller = idempotency.required(request, data)
    return _answer(
        await reopening.reopen_period(request.ports.ledger, caller, closing.month_of(month))
    )


ROUTES = (read_period, close_period, ask_to_reopen, reopen_period)
