"""Routes of travel credit: the customer sees it, staff give it as goodwill."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.credit import issue_credit as issuing
from application.credit import read_credits as reading
from domain.kernel.money import Money
from interfaces.http import auth, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.strict_request import StrictRequest


class CreditUseResponse(msgspec.Struct, rename="camel"):
    """What of the credit paid for a booking, and what of that came back."""

    booking: str
    spent: wire.MoneyResponse
    returned: wire.MoneyResponse


class CreditResponse(msgspec.Struct, rename="camel"):
    """A credit; `balance` can be spent until `expires_at`.

    `origin` is cheaper_change, cancellation, goodwill, compensation or gift_card, `booking` the
    booking that it came from.
    """

    id: str
    origin: str
    issued: wire.MoneyResponse
    balance: wire.MoneyResponse
    expires_at: dt.datetime
    booking: str | None
    uses: list[CreditUseResponse]


class CreditsResponse(wire.ReadModelResponse):
    """The credits of an account: those with a balance first, and of these the first to expire."""

    credits: list[CreditResponse]


@get("/api/credits", **auth.signed_in("see_own_bookings"))
async def list_own_credits(request: StrictRequest) -> CreditsResponse:
    """List the caller's travel credits."""
    return await _list(request, request.principal.user)


@get("/api/admin/accounts/{owner:str}/credits", **auth.signed_in("see_any_booking"))
async def list_credits_of(request: StrictRequest, owner: FromPath[str]) -> CreditsResponse:
    """List the travel credits of an account."""
    return await _list(request, owner)


@get("/api/credits/{credit_id:str}", **auth.signed_in("see_own_bookings"))
async def read_credit(request: StrictRequest, credit_id: FromPath[str]) -> CreditResponse:
    """Return one credit."""
    found = await reading.read_visible_credit(request.ports.credit, request.principal, credit_id)
    return _credit(found)


class IssueCreditRequest(idempotency.KeyedRequest):
    """`amount` in minor units of the booking's `currency`; `reason` is kept sealed."""

    amount: Annotated[int, msgspec.Meta(ge=1, le=10**12)]
    currency: wire.CurrencyText
    reason: wire.ReasonText


@post(
    "/api/admin/bookings/{booking_id:str}/credit",
    status_code=201,
    **auth.signed_in("issue_credit"),
)
async def issue_credit(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[IssueCreditRequest]
) -> Answered[CreditResponse]:
    """Give the booking's owner travel credit as goodwill."""
    caller = idempotency.required(request, data)
    details, replayed = await issuing.issue_credit(
        request.ports.credit,
        caller,
        booking_id,
        amount=Money(data.amount, data.currency),
        reason=data.reason,
    )
    return Answered(_credit(details), headers=idempotency.REPLAYED if replayed else {})


async def _list(request: StrictRequest, owner: str) -> CreditsResponse:
    found, as_of = await reading.list_credits(request.ports.credit, owner)
    return CreditsResponse(
        credits=[_credit(each) for each in found],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


def _credit(details: reading.CreditDetails) -> CreditResponse:
    credit = details.credit
    return CreditResponse(
        id=details.credit_id,
        origin=credit.origin,
        issued=wire.money_response(credit.issued),
        balance=wire.money_response(credit.balance),
        expires_at=credit.expires_at,
        booking=credit.booking,
        uses=[
            CreditUseResponse(
                each.booking, wire.money_response(each.spent), wire.money_response(each.returned)
            )
            for each in credit.uses
        ],
    )


ROUTES = (list_own_credits, list_credits_of, read_credit, issue_credit)
