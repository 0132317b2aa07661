"""Routes for finance and auditors: payouts and their transactions, Stripe's balance, breaks."""

import datetime as dt

import msgspec
from litestar import get
from litestar.params import FromPath

from application.settlement import read_settlement
from application.settlement.ports import SettledPayout, SettledTransaction
from interfaces.http import auth, wire
from interfaces.http.strict_request import StrictRequest


class PayoutResponse(msgspec.Struct, rename="camel"):
    """A payout to the bank: in_transit, paid or failed since then.

    `paidOut` is the sum of its transactions once Stripe has completed their list, and `difference`
    what the payout has beyond it; both are null before, and for payouts that are not automatic.
    """

    payout: str
    amount: wire.MoneyResponse
    automatic: bool
    status: str
    since: dt.datetime
    created_at: dt.datetime
    arrives_on: dt.date
    failure_code: str | None
    transaction_count: int | None
    paid_out: int | None
    difference: int | None


class PayoutsResponse(wire.ReadModelResponse):
    """Payouts from Stripe to the bank, the newest first."""

    payouts: list[PayoutResponse]


class SettledTransactionResponse(msgspec.Struct, rename="camel"):
    """A balance transaction at Stripe: `gross` less `fee` is `net`, in the settlement currency.

    `charged` is the amount in the currency of its source; `booking`, which may be a gift card, and
    `payment` where known.
    """

    transaction: str
    category: str
    source: str | None
    gross: wire.MoneyResponse
    fee: int
    net: int
    charged: wire.MoneyResponse | None
    exchange_rate: str | None
    available_on: dt.date
    created_at: dt.datetime
    booking: str | None
    payment: str | None


class PayoutDetailsResponse(wire.ReadModelResponse):
    """A payout with its transactions, the oldest first."""

    payout: PayoutResponse
    transactions: list[SettledTransactionResponse]


class ComparedBalanceResponse(msgspec.Struct, rename="camel"):
    """Account 1010 (`booked`) beside Stripe's balance (`reported`), in minor units.

    `awaited` is the part of the difference that is under way, `unexplained` the rest.
    """

    currency: str
    booked: int
    reported: int
    awaited: int
    unexplained: int


class BalanceComparisonResponse(wire.ReadModelResponse):
    """The latest comparison; `day` and `comparedAt` are null before the first."""

    day: dt.date | None
    compared_at: dt.datetime | None
    balances: list[ComparedBalanceResponse]


class SettlementBreakResponse(msgspec.Struct, rename="camel"):
    """What does not fit: unknown_transaction, not_listed, not_booked, amount_differs,
    payout_differs or balance_differs.

    `object` is the transaction, its source or the payout at Stripe, or the day of the comparison.
    """

    kind: str
    object: str
    amount: wire.MoneyResponse
    since: dt.datetime


class SettlementBreaksResponse(wire.ReadModelResponse):
    """What does not fit, the oldest first."""

    breaks: list[SettlementBreakResponse]


@get("/api/admin/settlement/payouts", **auth.signed_in("read_ledger"))
async def read_payouts(request: StrictRequest) -> PayoutsResponse:
    """List the payouts from Stripe to the bank."""
    found, as_of = await request.ports.settlement.payouts()
    return PayoutsResponse(
        payouts=[_payout(each) for each in found],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


@get("/api/admin/settlement/payouts/{payout_id:str}", **auth.signed_in("read_ledger"))
async def read_payout(request: StrictRequest, payout_id: FromPath[str]) -> PayoutDetailsResponse:
    """Show a payout by its id at Stripe, with what it paid out."""
    found, as_of = await read_settlement.read_payout(request.ports.settlement, payout_id)
    return PayoutDetailsResponse(
        payout=_payout(found.payout),
        transactions=[_transaction(each) for each in found.transactions],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


@get("/api/admin/settlement/balance", **auth.signed_in("read_ledger"))
async def read_balance_comparison(request: StrictRequest) -> BalanceComparisonResponse:
    """Show Stripe's balance beside account 1010, as compared last."""
    found, as_of = await request.ports.settlement.balances()
    return BalanceComparisonResponse(
        day=dt.date.fromisoformat(found[0].day) if found else None,
        compared_at=found[0].compared_at if found else None,
        balances=[
            ComparedBalanceResponse(
                currency=each.currency,
                booked=each.booked,
                reported=each.reported,
                awaited=each.awaited,
                unexplained=each.unexplained,
            )
            for each in found
        ],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


@get("/api/admin/settlement/breaks", **auth.signed_in("read_ledger"))
async def read_settlement_breaks(request: StrictRequest) -> SettlementBreaksResponse:
    """List what does not fit between Stripe's account and the books."""
    found, as_of = await request.ports.settlement.breaks()
    return SettlementBreaksResponse(
        breaks=[
            SettlementBreakResponse(
                kind=each.kind,
                object=each.object,
                amount=wire.MoneyResponse(each.amount, each.currency),
                since=each.since,
            )
            for each in found
        ],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


def _payout(each: SettledPayout) -> PayoutResponse:
    return PayoutResponse(
        payout=each.payout,
        amount=wire.MoneyResponse(each.amount, each.currency),
        automatic=each.automatic,
        status=each.status,
        since=each.since,
        created_at=each.created_at,
        arrives_on=each.arrives_on,
        failure_code=each.failure_code,
        transaction_count=each.transaction_count,
        paid_out=each.paid_out,
        difference=None if each.paid_out is None else each.amount - each.paid_out,
    )


def _transaction(each: SettledTransaction) -> SettledTransactionResponse:
    charged = None
    if each.charged is not None and each.charged_currency is not None:
        charged = wire.MoneyResponse(each.charged, each.charged_currency)
    return SettledTransactionResponse(
        transaction=each.transaction,
        category=each.category,
        source=each.source,
        gross=wire.MoneyResponse(each.gross, each.currency),
        fee=each.fee,
        net=each.gross - each.fee,
        charged=charged,
        exchange_rate=each.exchange_rate,
        available_on=each.available_on,
        created_at=each.created_at,
        booking=each.booking,
        payment=each.payment,
    )


ROUTES = (read_payouts, read_payout, read_balance_comparison, read_settlement_breaks)
