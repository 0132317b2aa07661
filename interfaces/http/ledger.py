"""Routes of the ledger for finance and auditors: accounts and balances, never a correction."""

import datetime as dt
from typing import Literal

import msgspec
from litestar import get

from application.ledger import read_ledger
from interfaces.http import auth, wire
from interfaces.http.strict_request import StrictRequest


class AccountResponse(msgspec.Struct, rename="camel"):
    """One account of the chart."""

    account: str
    name: str
    normal_side: Literal["debit", "credit"]


class AccountsResponse(msgspec.Struct, rename="camel"):
    """The chart of accounts in order."""

    accounts: list[AccountResponse]


class BalanceResponse(msgspec.Struct, rename="camel"):
    """What an account holds in a currency: one side, in minor units."""

    account: str
    name: str
    currency: str
    debit: int
    credit: int


class TrialBalanceResponse(wire.ReadModelResponse):
    """All accounts that were ever posted to; `balanced` when both sides agree per currency."""

    balanced: bool
    balances: list[BalanceResponse]


@get("/api/ledger/accounts", **auth.signed_in("read_ledger"))
async def read_accounts(request: StrictRequest) -> AccountsResponse:  # noqa: ARG001 - a route
    """The chart of accounts."""
    return AccountsResponse(
        [
            AccountResponse(each.number, each.name, each.normal_side)
            for each in read_ledger.chart_of_accounts()
        ]
    )


@get("/api/ledger/trial-balance", **auth.signed_in("read_ledger"))
async def read_trial_balance(request: StrictRequest) -> TrialBalanceResponse:
    """Return the running balances; 503 when the ledger's read model has stopped.

    An old balance that looks current is worse than none.
    """
    found = await read_ledger.trial_balance(request.ports.ledger)
    return TrialBalanceResponse(
        balanced=found.balanced,
        balances=[
            BalanceResponse(
                account=row.account.number,
                name=row.account.name,
                currency=row.currency,
                debit=max(row.amount, 0),
                credit=max(-row.amount, 0),
            )
            for row in found.rows
        ],
        as_of_position=found.as_of.position,
        lag_seconds=found.as_of.lag_seconds,
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
    """The oldest first."""

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
    """A refund that is still owed: `status` is refused or failed.

    `booking` is the intent at Stripe for money that matches no booking.
    """

    refund: str
    payment: str
    booking: str
    amount: wire.MoneyResponse
    status: str
    since: dt.datetime


class FailedRefundsResponse(wire.ReadModelResponse):
    """The oldest first."""

    refunds: list[FailedRefundResponse]


@get("/api/ledger/failed-refunds", **auth.signed_in("read_ledger"))
async def read_failed_refunds(request: StrictRequest) -> FailedRefundsResponse:
    """Refunds that were refused or failed and have to be sent again."""
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
            )
            for each in refunds
        ],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


ROUTES = (read_failed_refunds, read_unapplied_funds, read_accounts, read_trial_balance)
