"""Routes of reconciliation for finance and auditors: runs, breaks, decisions, explained value."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from application.reconciliation import (
    approve_remedy,
    propose_remedy,
    read_reconciliation,
    read_runs,
    run_reconciliation,
)
from application.reconciliation.ports import ReconciliationRun
from application.reconciliation.read_reconciliation import BreakDetails
from domain.kernel import money
from interfaces.http import auth, idempotency, wire
from interfaces.http.problems import invalid
from interfaces.http.strict_request import StrictRequest

FirstDay = Annotated[dt.date | None, QueryParameter(name="from")]
LastDay = Annotated[dt.date | None, QueryParameter(name="to")]
AccountNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}$(?!\n)")]


class ReconciliationRunRequest(idempotency.KeyedRequest):
    """The accounting days to compare, both included."""

    since: dt.date = msgspec.field(name="from")
    until: dt.date = msgspec.field(name="to")


class RemedyRequest(idempotency.KeyedRequest):
    """What is proposed; `account` is only for a write-off: where it goes to."""

    decision: Literal["write_off", "mark_as_timing", "append_from_stripe", "refund"]
    reason: Literal[
        "rounding",
        "bank_charge",
        "agreed_with_stripe",
        "settles_later",
        "lost_event",
        "made_at_stripe",
        "paid_twice",
    ]
    account: AccountNumber | None = None


class RemedyDecisionRequest(idempotency.KeyedRequest):
    """Whether another person approves what was proposed."""

    approved: bool


class DayTotalResponse(msgspec.Struct, rename="camel"):
    """The value of a day in a currency, and the part that is explained, in minor units."""

    currency: str
    value: int
    explained: int


class ReconciledDayResponse(msgspec.Struct, rename="camel"):
    """An accounting day; `openCount` breaks need a decision or wait."""

    day: dt.date
    compared: bool
    totals: list[DayTotalResponse]
    open_count: int


class ReconciliationReportResponse(msgspec.Struct, rename="camel"):
    """The oldest day first."""

    days: list[ReconciledDayResponse]


class ReconciliationRunResponse(msgspec.Struct, rename="camel"):
    """A run over the days `from` to `to`; without `finishedAt` it is under way or was cut short.

    `trigger` is timer, command or request. `breaks` has by class how many were found.
    """

    number: int
    since: dt.date = msgspec.field(name="from")
    until: dt.date = msgspec.field(name="to")
    trigger: str
    actor: str
    started_at: dt.datetime
    finished_at: dt.datetime | None
    breaks: dict[str, int]
    totals: list[DayTotalResponse]


class ReconciliationRunsResponse(msgspec.Struct, rename="camel"):
    """The newest first; `nextCursor` is null on the last page."""

    runs: list[ReconciliationRunResponse]
    next_cursor: str | None


class BreakEvidenceResponse(msgspec.Struct, rename="camel"):
    """Why rows do not fit: the rule, positions of the log, ids at Stripe or the bank, and hashes.

    `booked` and `listed` are the amounts of both sides.
    """

    rule: str
    rule_version: int
    positions: list[int]
    provider_ids: list[str]
    digests: list[str]
    booked: list[wire.MoneyResponse]
    listed: list[wire.MoneyResponse]


class ProposedRefundResponse(msgspec.Struct, rename="camel"):
    """The charge that Stripe took twice, and how much of it goes back."""

    amount: wire.MoneyResponse
    charge: str
    payment_intent: str


class BreakResponse(msgspec.Struct, rename="camel"):
    """What does not fit; `amount` is what the ledger has beyond the other side.

    `remedy` is what is proposed first. `decision`, `account`, `proposedBy`, `reason` and `refund`
    are set once staff decided; `status` is open, proposed, resolved or cleared.
    """

    id: str
    day: dt.date
    kind: str
    amount: wire.MoneyResponse
    since: dt.datetime
    age: str
    remedy: str
    status: str
    decision: str | None
    account: str | None
    proposed_by: str | None
    reason: str | None
    refund: ProposedRefundResponse | None
    evidence: BreakEvidenceResponse


class BreaksResponse(msgspec.Struct, rename="camel"):
    """Breaks that need a decision or wait, the oldest first."""

    breaks: list[BreakResponse]


@post(
    "/api/admin/reconciliation/runs",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in("reconcile"),
)
async def start_reconciliation(
    request: StrictRequest, data: JSONBody[ReconciliationRunRequest]
) -> ReconciliationReportResponse:
    """Compare days with Stripe and the bank; another run over the same rows records nothing."""
    caller = idempotency.optional(request, data)
    ports = request.ports.reconciliation
    await run_reconciliation.run_reconciliation(
        ports, since=data.since, until=data.until, actor=caller.actor, trigger="request"
    )
    return await _report(request, data.since, data.until)


@get("/api/admin/reconciliation/runs", **auth.signed_in("read_ledger"))
async def list_reconciliation_runs(
    request: StrictRequest,
    cursor: Annotated[str | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter()] = 50,
) -> ReconciliationRunsResponse:
    """List the runs, the newest first, with what each found and how much of it is explained."""
    if not 1 <= limit <= read_runs.PAGE_LIMIT:
        raise invalid("limit", f"1 to {read_runs.PAGE_LIMIT} is expected")
    page = await read_runs.read_runs(request.ports.reconciliation, cursor=cursor, limit=limit)
    return ReconciliationRunsResponse([_run(each) for each in page.runs], page.next_cursor)


@get("/api/admin/reconciliation/report", **auth.signed_in("read_ledger"))
async def read_reconciliation_report(
    request: StrictRequest, since: FirstDay = None, until: LastDay = None
) -> ReconciliationReportResponse:
    """Show the explained value of each day."""
    return await _report(request, since, until)


@get("/api/admin/reconciliation/breaks", **auth.signed_in("read_ledger"))
async def read_breaks(
    request: StrictRequest, since: FirstDay = None, until: LastDay = None
) -> BreaksResponse:
    """List the breaks that need a decision or wait."""
    found = await read_reconciliation.read_breaks(
        request.ports.reconciliation, since=since, until=until
    )
    return BreaksResponse(breaks=[_break(each) for each in found])


@post(
    "/api/admin/reconciliation/breaks/{day:str}/{break_id:str}/propose",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("reconcile"),
)
async def propose_break_remedy(
    request: StrictRequest,
    day: FromPath[str],
    break_id: FromPath[str],
    data: JSONBody[RemedyRequest],
) -> BreakResponse:
    """Append the break from Stripe or mark it as timing; propose what another person approves."""
    found = await propose_remedy.propose_remedy(
        request.ports.reconciliation,
        idempotency.required(request, data),
        day=read_reconciliation.day_of(day),
        break_id=break_id,
        decision=data.decision,
        account=data.account,
        reason=data.reason,
    )
    return _break(found)


@post(
    "/api/admin/reconciliation/breaks/{day:str}/{break_id:str}/decide",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("reconcile"),
)
async def decide_break_remedy(
    request: StrictRequest,
    day: FromPath[str],
    break_id: FromPath[str],
    data: JSONBody[RemedyDecisionRequest],
) -> BreakResponse:
    """Approve or decline the write-off or refund that another person proposed."""
    found = await approve_remedy.approve_remedy(
        request.ports.reconciliation,
        idempotency.required(request, data),
        day=read_reconciliation.day_of(day),
        break_id=break_id,
        approved=data.approved,
    )
    return _break(found)


async def _report(
    request: StrictRequest, since: dt.date | None, until: dt.date | None
) -> ReconciliationReportResponse:
    found = await read_reconciliation.read_report(
        request.ports.reconciliation, since=since, until=until
    )
    return ReconciliationReportResponse(
        days=[
            ReconciledDayResponse(
                day=each.day,
                compared=each.compared,
                totals=[
                    DayTotalResponse(total.currency, total.value, total.explained)
                    for total in each.totals
                ],
                open_count=each.open_count,
            )
            for each in found
        ]
    )


def _run(each: ReconciliationRun) -> ReconciliationRunResponse:
    return ReconciliationRunResponse(
        number=each.number,
        since=each.since,
        until=each.until,
        trigger=each.trigger,
        actor=each.actor,
        started_at=each.started_at,
        finished_at=each.finished_at,
        breaks=dict(each.breaks),
        totals=[DayTotalResponse(one.currency, one.value, one.explained) for one in each.totals],
    )


def _break(each: BreakDetails) -> BreakResponse:
    found, evidence = each.break_.found, each.break_.found.evidence
    return BreakResponse(
        id=found.id,
        day=each.day,
        kind=found.kind,
        amount=_money(found.amount),
        since=found.since,
        age=each.age,
        remedy=found.remedy,
        status=each.break_.status,
        decision=each.break_.decision,
        account=each.break_.account,
        proposed_by=each.break_.proposed_by,
        reason=each.break_.reason,
        refund=_refund(each),
        evidence=BreakEvidenceResponse(
            rule=evidence.rule,
            rule_version=evidence.rule_version,
            positions=list(evidence.positions),
            provider_ids=list(evidence.provider_ids),
            digests=list(evidence.digests),
            booked=[_money(amount) for amount in evidence.booked],
            listed=[_money(amount) for amount in evidence.listed],
        ),
    )


def _refund(each: BreakDetails) -> ProposedRefundResponse | None:
    duplicate = each.break_.duplicate
    if duplicate is None:
        return None
    return ProposedRefundResponse(_money(duplicate.amount), duplicate.charge, duplicate.intent)


def _money(amount: money.Money) -> wire.MoneyResponse:
    return wire.MoneyResponse(amount.amount, amount.currency)


ROUTES = (
    start_reconciliation,
    list_reconciliation_runs,
    read_reconciliation_report,
    read_breaks,
    propose_break_remedy,
    decide_break_remedy,
)
