"""Routes of the ledger for finance and auditors: the chart of accounts and two worklists."""

import datetime as dt
from typing import Literal

import msgspec
from litestar import get

from application.ledger import read_ledger, read_owed
from interfaces.http import auth, wire
from interfaces.http.strict_request import StrictRequest


class AccountResponse(msgspec.Struct, rename="camel"):
    """One account of the chart."""

    account: str
    name: str
    type: str
    normal_side: Literal["debit", "credit"]


class AccountsResponse(msgspec.Struct, rename="camel"):
    """The chart of accounts in order."""

    accounts: list[AccountResponse]


@get("/api/ledger/accounts", **auth.signed_in("read_ledger"))
async def read_accounts(request: StrictRequest) -> AccountsResponse:  # noqa: ARG001 - a route
    """The chart of accounts."""
    return AccountsResponse(
        [
            AccountResponse(each.number, each.name, each.type, each.normal_side)
            for each in read_ledger.chart_of_accounts()
        ]
    )


class ParkedCaptureResponse(msgspec.Struct, rename="camel"):
    """A payment at Stripe that can be returned to its payer, and why it was parked."""

    payment: str
    intent: str
    amount: wire.MoneyResponse
    reason: str


class UnappliedMoneyResponse(msgspec.Struct, rename="camel"):
    """Money that finance has to decide about, and why it was parked.

    `booking` is the intent at Stripe for money that matches no booking.
    """

    booking: str
    amount: wire.MoneyResponse
    since: dt.datetime
    reasons: list[str]
    parked: list[ParkedCaptureResponse]


class UnappliedFundsResponse(wire.ReadModelResponse):
    """Captured money of no ticket, the oldest first."""

    funds: list[UnappliedMoneyResponse]


@get("/api/ledger/unapplied-funds", **auth.signed_in("read_ledger"))
async def read_unapplied_funds(request: StrictRequest) -> UnappliedFundsResponse:
    """Captured money that belongs to no ticket: late, duplicate, of another amount, unmatched."""
    funds, as_of = await request.ports.ledger.unapplied_funds()
    return UnappliedFundsResponse(
        funds=[
            UnappliedMoneyResponse(
                booking=each.booking,
                amount=wire.MoneyResponse(each.amount, each.currency),
                since=each.since,
                reasons=list(each.reasons),
                parked=[
                    ParkedCaptureResponse(
                        payment=capture.payment,
                        intent=capture.intent,
                        amount=wire.MoneyResponse(capture.amount, capture.currency),
                        reason=capture.reason,
                    )
                    for capture in each.parked
                ],
            )
            for each in funds
        ],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


class FailedRefundResponse(msgspec.Struct, rename="camel"):
    """A refund that needs a person: `status` is refused, failed, canceled or requires_action.

    `booking` is the intent at Stripe for money that matches no booking; `reason` is Stripe's code,
    or one of ours.
    """

    refund: str
    payment: str
    booking: str
    amount: wire.MoneyResponse
    status: str
    since: dt.datetime
    reason: str | None
    next_step: str


class FailedRefundsResponse(wire.ReadModelResponse):
    """Refunds that have not arrived, the oldest first."""

    refunds: list[FailedRefundResponse]


@get("/api/ledger/failed-refunds", **auth.signed_in("read_ledger"))
async def read_failed_refunds(request: StrictRequest) -> FailedRefundsResponse:
    """Refunds that were refused, failed or canceled, and those for which the payer has to act."""
    refunds, as_of = await request.ports.ledger.failed_refunds()
    return FailedRefundsResponse(
        refunds=[
            FailedRefundResponse(
                refund=each.refund,
                payment=each.payment,
                booking=each.booking,
                amount=wire.MoneyResponse(each.amount, each.currency),
                status=each.status,
                since=each.since,
                reason=each.reason,
                next_step=read_owed.next_step(each),
            )
            for each in refunds
        ],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


ROUTES = (read_failed_refunds, read_unapplied_funds, read_accounts)
