"""Routes of finance for disputes: the worklist, and the evidence for one."""

import datetime as dt

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from application.booking import answer_dispute as use_case
from application.booking.evidence import Evidence
from application.queries import ListedDispute
from interfaces.http import auth, idempotency, wire
from interfaces.http.strict_request import StrictRequest

PDF = "application/pdf"


class DisputeResponse(msgspec.Struct, rename="camel"):
    """A dispute, an inquiry that may become one, or an early fraud warning (without an amount).

    `stage` is warning, inquiry, open, won, lost or closed; `reason` is Stripe's word. `receivable`
    is what the bank holds of our money. Evidence counts until `evidenceDueAt`.
    """

    dispute: str
    booking: str
    payment: str
    intent: str
    charge: str
    stage: str
    reason: str
    amount: wire.MoneyResponse | None
    receivable: wire.MoneyResponse | None
    evidence_due_at: dt.datetime | None
    evidence_submitted: bool
    opened_at: dt.datetime


class DisputesResponse(wire.ReadModelResponse):
    """Undecided ones, the first evidence due first."""

    disputes: list[DisputeResponse]


class EvidenceFactResponse(msgspec.Struct, rename="camel"):
    """One line; `at` is null for what is so now."""

    at: dt.datetime | None
    text: str


class EvidenceSectionResponse(msgspec.Struct, rename="camel"):
    """Lines under a title."""

    title: str
    facts: list[EvidenceFactResponse]


class EvidenceResponse(msgspec.Struct, rename="camel"):
    """What the airline can show; `submitted` when this request passed it on to the bank.

    `pdfUrl` has the same as pages to print.
    """

    dispute: DisputeResponse
    reference: str
    customer: str | None
    email: str | None
    service_date: dt.date | None
    sections: list[EvidenceSectionResponse]
    submitted: bool
    pdf_url: str


class EvidenceRequest(idempotency.KeyedRequest):
    """`submit` passes the evidence on to the bank, which takes it once."""

    submit: bool = False


@get("/api/admin/disputes", **auth.signed_in("reconcile"))
async def read_disputes(request: StrictRequest) -> DisputesResponse:
    """List disputes that the bank has not decided, and early fraud warnings."""
    found, as_of = await request.ports.disputes.undecided()
    return DisputesResponse(
        disputes=[_dispute(each) for each in found],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


@post(
    "/api/admin/disputes/{dispute_id:str}/evidence",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("reconcile"),
)
async def answer_dispute(
    request: StrictRequest, dispute_id: FromPath[str], data: JSONBody[EvidenceRequest]
) -> EvidenceResponse:
    """Compile the evidence for a dispute; with `submit`, pass it on to the bank."""
    caller = idempotency.required(request, data)
    ports = request.ports.disputes
    if data.submit:
        return _evidence(await use_case.submit_evidence(ports, caller, dispute_id), submitted=True)
    return _evidence(await use_case.read_evidence(ports, dispute_id), submitted=False)


@get(
    "/api/admin/disputes/{dispute_id:str}/evidence/pdf",
    **auth.signed_in("reconcile", gives=(PDF,)),
)
async def print_evidence(request: StrictRequest, dispute_id: FromPath[str]) -> Response[bytes]:
    """Print the evidence for a dispute, to upload it at Stripe or to file it."""
    drawn = await use_case.print_evidence(request.ports.disputes, dispute_id)
    return Response(drawn, media_type=PDF, headers={"cache-control": "private, no-store"})


def _dispute(listed: ListedDispute) -> DisputeResponse:
    known = bool(listed.currency)
    return DisputeResponse(
        dispute=listed.dispute,
        booking=listed.booking,
        payment=listed.payment,
        intent=listed.intent,
        charge=listed.charge,
        stage=listed.stage,
        reason=listed.reason,
        amount=wire.MoneyResponse(listed.amount, listed.currency) if known else None,
        receivable=wire.MoneyResponse(listed.receivable, listed.currency) if known else None,
        evidence_due_at=listed.evidence_due_at,
        evidence_submitted=listed.submission_count > 0,
        opened_at=listed.opened_at,
    )


def _evidence(found: Evidence, *, submitted: bool) -> EvidenceResponse:
    return EvidenceResponse(
        dispute=_dispute(found.dispute),
        reference=found.reference,
        customer=found.customer,
        email=found.email,
        service_date=found.service_date,
        sections=[
            EvidenceSectionResponse(
                each.title, [EvidenceFactResponse(fact.at, fact.text) for fact in each.facts]
            )
            for each in found.sections
        ],
        submitted=submitted,
        pdf_url=f"/api/admin/disputes/{found.dispute.dispute}/evidence/pdf",
    )


ROUTES = (read_disputes, answer_dispute, print_evidence)
