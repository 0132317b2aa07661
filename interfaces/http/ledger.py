"""Routes of the ledger for finance and auditors: accounts and balances, never a correction."""

import datetime as dt

import msgspec
from litestar import get

from domain.ledger import accounts
from interfaces.http import auth, wire
from interfaces.http.strict_request import StrictRequest


class AccountResponse(msgspec.Struct, rename="camel"):
    """One account of the chart."""

    account: str
    name: str
    normal_side: accounts.NormalSide


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


class TrialBalanceResponse(msgspec.Struct, rename="camel"):
    """All accounts that were ever posted to; `balanced` when both sides agree per currency."""

    balanced: bool
    balances: list[BalanceResponse]


@get("/api/ledger/accounts", **auth.signed_in("read_ledger"))
async def read_accounts(request: StrictRequest) -> AccountsResponse:  # noqa: ARG001 - a route
    """The chart of accounts."""
    return AccountsResponse(
        [
            AccountResponse(each.number, each.name, each.normal_side)
            for each in sorted(accounts.CHART.values(), key=lambda each: each.number)
        ]
    )


@get("/api/ledger/trial-balance", **auth.signed_in("read_ledger"))
async def read_trial_balance(request: StrictRequest) -> TrialBalanceResponse:
    """The running balances of the read model `ledger_journal`."""
    sums: dict[str, int] = {}
    balances: list[BalanceResponse] = []
    for row in await request.ports.trial_balance():
        sums[row.currency] = sums.get(row.currency, 0) + row.amount
        balances.append(
            BalanceResponse(
                account=row.account,
                name=accounts.CHART[row.account].name,
                currency=row.currency,
                debit=max(row.amount, 0),
                credit=max(-row.amount, 0),
            )
        )
    return TrialBalanceResponse(not any(sums.values()), balances)


class UnappliedMoneyResponse(msgspec.Struct, rename="camel"):
    """Money that waits for somebody's decision, and why it was parked."""

    booking: str
    amount: wire.MoneyResponse
    since: dt.datetime
    reasons: list[str]


class UnappliedFundsResponse(msgspec.Struct, rename="camel"):
    """Longest waiting first."""

    funds: list[UnappliedMoneyResponse]


@get("/api/ledger/unapplied-funds", **auth.signed_in("read_ledger"))
async def read_unapplied_funds(request: StrictRequest) -> UnappliedFundsResponse:
    """Captured money that belongs to no ticket: late, duplicate or of another amount."""
    return UnappliedFundsResponse(
        [
            UnappliedMoneyResponse(
                booking=each.booking,
                amount=wire.MoneyResponse(each.amount, each.currency),
                since=each.since,
                reasons=list(each.reasons),
            )
            for each in await request.ports.unapplied_funds()
        ]
    )


ROUTES = (read_unapplied_funds, read_accounts, read_trial_balance)
