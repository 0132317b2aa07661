"""Routes of travel credit: the customer sees it, staff give it as goodwill."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.booking.record_bank_transfer import BankTransfer
from application.compensation.accept_claim import BankAccount
from application.credit import issue_credit as issuing
from application.credit import pay_out_credit as paying_out
from application.credit import read_credits as reading
from interfaces.http import auth, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.refund import BankTransferRequest
from interfaces.http.strict_request import StrictRequest


class CreditUseResponse(msgspec.Struct, rename="camel"):
    """What of the credit paid for a booking, and what of that came back."""

    booking: str
    spent: wire.MoneyResponse
    returned: wire.MoneyResponse


class ProposedPayoutResponse(msgspec.Struct, rename="camel"):
    """A payout that waits for a second person; the account is shown to those who may decide it."""

    amount: wire.MoneyResponse
    proposed_on: dt.date | None
    iban: str | None
    holder: str | None


class CreditResponse(msgspec.Struct, rename="camel"):
    """A credit; `balance` can be spent until `expiresAt`.

    `origin` is cheaper_change, goodwill, compensation or gift_card, `booking` the booking that it
    came from, null for a gift card.
    """

    id: str
    origin: str
    issued: wire.MoneyResponse
    balance: wire.MoneyResponse
    expires_at: dt.datetime
    booking: str | None
    uses: list[CreditUseResponse]
    payout: ProposedPayoutResponse | None


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
    """`amount` in the booking's currency; `reason` is kept sealed."""

    amount: wire.MoneyRequest
    reason: wire.ReasonText


@post(
    "/api/admin/bookings/{booking_id:str}/credit",
    status_code=201,
    idempotency_key="required",
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
        amount=data.amount.money(),
        reason=data.reason,
    )
    return answer(details, replayed)


class ProposePayoutRequest(idempotency.KeyedRequest):
    """The bank account that the rest of the credit is paid to (ISO 13616)."""

    iban: Annotated[str, msgspec.Meta(min_length=15, max_length=42)]
    holder: wire.ReasonText


@post(
    "/api/admin/credits/{credit_id:str}/payout",
    operation_id="proposeCreditPayout",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("override_refund"),
)
async def propose_payout(
    request: StrictRequest, credit_id: FromPath[str], data: JSONBody[ProposePayoutRequest]
) -> Answered[CreditResponse]:
    """Propose to pay out what is left of a credit; another person decides."""
    caller = idempotency.required(request, data)
    account = BankAccount(data.iban, data.holder)
    return answer(
        *await paying_out.propose_payout(request.ports.credit, caller, credit_id, account)
    )


@post(
    "/api/admin/credits/{credit_id:str}/payout/decline",
    operation_id="declineCreditPayout",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("override_refund"),
)
async def decline_payout(
    request: StrictRequest, credit_id: FromPath[str]
) -> Answered[CreditResponse]:
    """Refuse a proposed payout: the credit can be spent again."""
    caller = idempotency.required(request, None)
    return answer(*await paying_out.decline_payout(request.ports.credit, caller, credit_id))


@post(
    "/api/admin/credits/{credit_id:str}/payout/approve",
    operation_id="approveCreditPayout",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("override_refund"),
)
async def approve_payout(
    request: StrictRequest, credit_id: FromPath[str], data: JSONBody[BankTransferRequest]
) -> Answered[CreditResponse]:
    """Approve a payout that another person proposed, and record its bank transfer."""
    caller = idempotency.required(request, data)
    transfer = BankTransfer(data.bank_reference, data.paid_on)
    return answer(
        *await paying_out.approve_payout(request.ports.credit, caller, credit_id, transfer)
    )


class CreditPayoutResponse(msgspec.Struct, rename="camel"):
    """A payout that waits for a second person."""

    credit_id: str
    amount: wire.MoneyResponse
    since: dt.datetime


class CreditPayoutsResponse(wire.ReadModelResponse):
    """The longest waiting first."""

    payouts: list[CreditPayoutResponse]


@get("/api/admin/credit-payouts", operation_id="listCreditPayouts", **auth.signed_in("read_ledger"))
async def list_payouts(request: StrictRequest) -> CreditPayoutsResponse:
    """List the payouts of credits that wait for a second person."""
    found, as_of = await request.ports.ledger.proposed_payouts()
    return CreditPayoutsResponse(
        payouts=[
            CreditPayoutResponse(
                each.credit, wire.MoneyResponse(each.amount, each.currency), each.since
            )
            for each in found
        ],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


async def _list(request: StrictRequest, owner: str) -> CreditsResponse:
    found, as_of = await reading.list_credits(request.ports.credit, owner)
    return CreditsResponse(
        credits=[_credit(each) for each in found],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


def answer(details: reading.CreditDetails, replayed: bool) -> Answered[CreditResponse]:
    """Return the credit as JSON."""
    return Answered(_credit(details), headers=idempotency.REPLAYED if replayed else {})


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
        payout=_payout(details),
    )


def _payout(details: reading.CreditDetails) -> ProposedPayoutResponse | None:
    payout = details.credit.payout
    if payout is None:
        return None
    return ProposedPayoutResponse(
        wire.money_response(payout.amount), payout.proposed_on, details.iban, details.holder
    )


ROUTES = (
    list_own_credits,
    list_credits_of,
    read_credit,
    issue_credit,
    propose_payout,
    decline_payout,
    approve_payout,
    list_payouts,
)
