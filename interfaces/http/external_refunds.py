"""Routes of finance for refunds made at Stripe's dashboard by hand: the worklist, and what each
was for.
"""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.booking import allocate_external_refund as use_case
from application.booking.allocate_external_refund import Part
from interfaces.http import auth, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.strict_request import StrictRequest


class ExternalRefundResponse(msgspec.Struct, rename="camel"):
    """A refund that was made at Stripe by hand; `unallocated` of it has waited `since` then.

    `booking` is the intent at Stripe for money that matches no booking.
    """

    refund: str
    booking: str
    payment: str
    intent: str
    amount: wire.MoneyResponse
    unallocated: wire.MoneyResponse
    since: dt.datetime
    next_step: Literal["allocate"] = "allocate"


class ExternalRefundsResponse(wire.ReadModelResponse):
    """Refunds made at Stripe by hand, the oldest first."""

    refunds: list[ExternalRefundResponse]


@get("/api/admin/external-refunds", **auth.signed_in("read_ledger"))
async def read_external_refunds(request: StrictRequest) -> ExternalRefundsResponse:
    """List refunds made at Stripe by hand that are not wholly allocated."""
    found, as_of = await request.ports.ledger.external_refunds()
    return ExternalRefundsResponse(
        refunds=[
            ExternalRefundResponse(
                refund=each.refund,
                booking=each.booking,
                payment=each.payment,
                intent=each.intent,
                amount=wire.MoneyResponse(each.amount, each.currency),
                unallocated=wire.MoneyResponse(each.unallocated, each.currency),
                since=each.since,
            )
            for each in found
        ],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


# Ids of ours have letters and digits, and those of Stripe in them underscores.
REFUND_ID = r"^[A-Za-z0-9_-]{1,300}$(?!\n)"


class AllocatedPartRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A part in minor units; `refund` is our refund that it paid, without which it is goodwill."""

    amount: Annotated[int, msgspec.Meta(ge=1, le=10**12)]
    refund: Annotated[str, msgspec.Meta(pattern=REFUND_ID)] | None = None


class AllocateRequest(idempotency.KeyedRequest):
    """What the external refund was for; the rest stays in the list."""

    allocations: Annotated[list[AllocatedPartRequest], msgspec.Meta(min_length=1, max_length=20)]


class AllocatedRefundResponse(msgspec.Struct, rename="camel"):
    """What of the external refund is still to be allocated."""

    refund: str
    payment: str
    unallocated: wire.MoneyResponse


@post(
    "/api/admin/external-refunds/{refund_id:str}/allocate",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("override_refund"),
)
async def allocate_external_refund(
    request: StrictRequest, refund_id: FromPath[str], data: JSONBody[AllocateRequest]
) -> Answered[AllocatedRefundResponse]:
    """Say what a refund made at Stripe by hand was for: refunds of ours, or goodwill."""
    caller = idempotency.required(request, data)
    allocated = await use_case.allocate_external_refund(
        request.ports.booking,
        caller,
        refund_id,
        [Part(each.amount, each.refund) for each in data.allocations],
        find=request.ports.ledger.find_external_refund,
    )
    left = allocated.unallocated
    return Answered(
        AllocatedRefundResponse(
            refund_id, allocated.payment_id, wire.MoneyResponse(left.amount, left.currency)
        ),
        headers=idempotency.REPLAYED if allocated.replayed else {},
    )


ROUTES = (read_external_refunds, allocate_external_refund)
