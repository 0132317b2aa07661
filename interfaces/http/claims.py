"""Routes of compensation: passengers read and accept claims, finance pays or withdraws them."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.booking.record_bank_transfer import BankTransfer
from application.compensation import accept_claim as accepting
from application.compensation import pay_claim as paying
from application.compensation import read_claims as reading
from application.compensation import withdraw_claim as withdrawing
from domain.compensation.rejections import InvalidAccount
from interfaces.http import auth, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.refund import BankTransferRequest
from interfaces.http.strict_request import StrictRequest


class ClaimShareResponse(msgspec.Struct, rename="camel"):
    """What one passenger is owed; passengers are counted from 0."""

    passenger: int
    amount: wire.MoneyResponse


class ClaimResponse(msgspec.Struct, rename="camel"):
    """What is owed for a flight; `regime` is the law, in force `since`.

    `status` is assessed, offered, accepted, paid or withdrawn. `iban` and `holder` are for those
    who may pay it; `creditId` is the travel credit that paid it.
    """

    id: str
    booking: str
    flight_id: str
    cause: str
    regime: str
    since: dt.date
    status: str
    amount: wire.MoneyResponse
    shares: list[ClaimShareResponse]
    credit_id: str | None = None
    iban: str | None = None
    holder: str | None = None


class ClaimsResponse(msgspec.Struct, rename="camel"):
    """The claims of a booking, in the order of its flights."""

    claims: list[ClaimResponse]


@get("/api/bookings/{booking_id:str}/claims", **auth.signed_in("see_own_bookings"))
async def read_claims(request: StrictRequest, booking_id: FromPath[str]) -> ClaimsResponse:
    """List what the booking is owed because flights were cancelled, late or overbooked."""
    found = await reading.read_claims(request.ports.booking, request.principal, booking_id)
    return ClaimsResponse([_claim(each) for each in found])


class AcceptClaimRequest(idempotency.KeyedRequest):
    """The bank account that the amount is paid to (ISO 13616), or `asCredit` without one."""

    iban: Annotated[str, msgspec.Meta(min_length=15, max_length=42)] | None = None
    holder: wire.ReasonText | None = None
    as_credit: bool = False


@post(
    "/api/bookings/{booking_id:str}/claims/{claim_id:str}/accept",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def accept_claim(
    request: StrictRequest,
    booking_id: FromPath[str],
    claim_id: FromPath[str],
    data: JSONBody[AcceptClaimRequest],
) -> Answered[ClaimResponse]:
    """Accept what is offered: finance pays it by bank transfer, or it becomes travel credit."""
    caller = idempotency.optional(request, data)
    account = _account(data)
    return _answer(
        *await accepting.accept_claim(request.ports.booking, caller, booking_id, claim_id, account)
    )


def _account(data: AcceptClaimRequest) -> accepting.BankAccount | None:
    """Return the account; None for credit. Rejects InvalidAccount for both or neither."""
    if data.as_credit:
        if data.iban is not None or data.holder is not None:
            raise InvalidAccount(field="asCredit", reason="an account is given, too")
        return None
    if data.iban is None or data.holder is None:
        missing = "iban" if data.iban is None else "holder"
        raise InvalidAccount(field=missing, reason="is expected, or asCredit")
    return accepting.BankAccount(data.iban, data.holder)


@post(
    "/api/admin/claims/{claim_id:str}/bank-transfer",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("override_refund"),
)
async def pay_claim(
    request: StrictRequest, claim_id: FromPath[str], data: JSONBody[BankTransferRequest]
) -> Answered[ClaimResponse]:
    """Record that a bank transfer paid an accepted claim."""
    caller = idempotency.required(request, data)
    transfer = BankTransfer(data.bank_reference, data.paid_on)
    return _answer(*await paying.pay_claim(request.ports.booking, caller, claim_id, transfer))


class WithdrawClaimRequest(idempotency.KeyedRequest):
    """Why nothing is owed; `note` is kept sealed."""

    reason: withdrawing.Reason
    note: wire.ReasonText


@post(
    "/api/admin/claims/{claim_id:str}/withdraw",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("override_refund"),
)
async def withdraw_claim(
    request: StrictRequest, claim_id: FromPath[str], data: JSONBody[WithdrawClaimRequest]
) -> Answered[ClaimResponse]:
    """Withdraw a claim that was not accepted, for good."""
    caller = idempotency.required(request, data)
    return _answer(
        *await withdrawing.withdraw_claim(
            request.ports.booking, caller, claim_id, reason=data.reason, note=data.note
        )
    )


class OpenClaimResponse(msgspec.Struct, rename="camel"):
    """A claim that is not paid, `since` in its status; nothing personal."""

    id: str
    booking: str
    flight_id: str
    cause: str
    regime: str
    amount: wire.MoneyResponse
    status: str
    since: dt.datetime


class OpenClaimsResponse(wire.ReadModelResponse):
    """The longest in their status first."""

    claims: list[OpenClaimResponse]


@get("/api/admin/open-claims", **auth.signed_in("read_ledger"))
async def list_open_claims(request: StrictRequest) -> OpenClaimsResponse:
    """List compensation that is owed: those accepted wait for a bank transfer."""
    found, as_of = await request.ports.ledger.open_claims()
    return OpenClaimsResponse(
        claims=[
            OpenClaimResponse(
                id=each.claim,
                booking=each.booking,
                flight_id=each.flight,
                cause=each.cause,
                regime=each.regime,
                amount=wire.MoneyResponse(each.amount, each.currency),
                status=each.status,
                since=each.since,
            )
            for each in found
        ],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


def _answer(details: reading.ClaimDetails, replayed: bool) -> Answered[ClaimResponse]:
    return Answered(_claim(details), headers=idempotency.REPLAYED if replayed else {})


def _claim(details: reading.ClaimDetails) -> ClaimResponse:
    claim = details.claim
    return ClaimResponse(
        id=details.claim_id,
        booking=claim.booking,
        flight_id=claim.flight,
        cause=claim.cause,
        regime=claim.regime,
        since=claim.since,
        status=claim.status,
        amount=wire.MoneyResponse(claim.amount.amount, claim.amount.currency),
        shares=[
            ClaimShareResponse(
                each.passenger, wire.MoneyResponse(each.amount.amount, each.amount.currency)
            )
            for each in claim.shares
        ],
        credit_id=claim.credit,
        iban=details.iban,
        holder=details.holder,
    )


ROUTES = (read_claims, accept_claim, pay_claim, withdraw_claim, list_open_claims)
