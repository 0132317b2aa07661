"""Routes for staff: which worklists there are, every amount owed, attempts without an outcome."""

import datetime as dt
from collections.abc import Mapping

import msgspec
from litestar import get

from application import worklists as overview
from application.ledger import read_owed
from application.worklists import WorklistName
from interfaces.http import auth, wire
from interfaces.http.strict_request import StrictRequest

PATHS: Mapping[WorklistName, str] = {
    "parked_money": "/api/ledger/unapplied-funds",
    "owed_money": "/api/ledger/owed-money",
    "failed_refunds": "/api/ledger/failed-refunds",
    "external_refunds": "/api/admin/external-refunds",
    "parked_events": "/api/admin/stripe-events/parked",
    "unfinished_attempts": "/api/admin/unfinished-attempts",
    "unconfirmed_payments": "/api/admin/unconfirmed-payments",
    "open_claims": "/api/admin/open-claims",
    "credit_payouts": "/api/admin/credit-payouts",
    "settlement_breaks": "/api/admin/settlement/breaks",
    "payment_mismatch": "/api/admin/reconciliation/breaks",
    "disputes": "/api/admin/disputes",
    "overdue_flights": "/api/admin/overdue-flights",
    "oversold_cabins": "/api/admin/oversold-flights",
    "unanswered_cancellations": "/api/admin/unanswered-cancellations",
    "unanswered_moves": "/api/admin/unanswered-moves",
    "parked_subscriptions": "/api/admin/parked-subscriptions",
}


class WorklistResponse(msgspec.Struct, rename="camel"):
    """A list of work: `path` shows its rows, `oldest` has waited the longest.

    `count` counts what the list shows, which has a limit.
    """

    name: str
    path: str
    count: int
    oldest: dt.datetime | None


class WorklistsResponse(msgspec.Struct, rename="camel"):
    """The lists that the caller's role may read, empty ones too."""

    worklists: list[WorklistResponse]


@get("/api/admin/worklists", **auth.signed_in("see_any_booking"))
async def read_worklists(request: StrictRequest) -> WorklistsResponse:
    """List the worklists of finance and operations with the number of their rows."""
    ports = overview.WorklistPorts(
        request.ports.ledger,
        request.ports.flights,
        request.ports.parked_events,
        request.ports.settlement,
        request.ports.reconciliation,
        request.ports.partners,
    )
    found = await overview.read_worklists(ports, request.principal.role)
    return WorklistsResponse(
        [WorklistResponse(each.name, PATHS[each.name], each.count, each.oldest) for each in found]
    )


class OwedRefundResponse(msgspec.Struct, rename="camel"):
    """A refund that has not arrived; `status` since then."""

    refund: str
    payment: str
    amount: int
    status: str
    since: dt.datetime


class OwedResponse(msgspec.Struct, rename="camel"):
    """What is owed to a booking, or to the payer of an unmatched intent, in minor units.

    Of `amount`, `unrequested` waits for a timer, `failed` for finance, and `underWay` for Stripe
    or the bank. A negative `unrequested` was paid out twice.
    """

    booking: str
    amount: wire.MoneyResponse
    since: dt.datetime
    unrequested: int
    failed: int
    under_way: int
    refunds: list[OwedRefundResponse]


class OwedMoneyResponse(wire.ReadModelResponse):
    """Amounts that are owed, by booking."""

    owed: list[OwedResponse]


@get("/api/ledger/owed-money", **auth.signed_in("read_ledger"))
async def read_owed_money(request: StrictRequest) -> OwedMoneyResponse:
    """List every amount that is owed as a refund, until it has arrived."""
    found = await read_owed.read_owed(request.ports.ledger)
    return OwedMoneyResponse(
        owed=[_owed(row) for row in found.rows],
        as_of_position=found.as_of.position,
        lag_seconds=found.as_of.lag_seconds,
    )


def _owed(row: read_owed.Owed) -> OwedResponse:
    return OwedResponse(
        booking=row.booking,
        amount=wire.MoneyResponse(row.amount, row.currency),
        since=row.since,
        unrequested=row.unrequested,
        failed=row.failed,
        under_way=row.under_way,
        refunds=[
            OwedRefundResponse(each.refund, each.payment, each.amount, each.status, each.since)
            for each in row.refunds
        ],
    )


class UnfinishedAttemptResponse(msgspec.Struct, rename="camel"):
    """An attempt to collect money: requested, unknown, or open though its session has ended."""

    attempt: str
    payment: str
    booking: str
    status: str
    started_at: dt.datetime
    ends_at: dt.datetime


class UnfinishedAttemptsResponse(wire.ReadModelResponse):
    """Attempts without an answer, the oldest first."""

    attempts: list[UnfinishedAttemptResponse]


@get("/api/admin/unfinished-attempts", **auth.signed_in("reconcile"))
async def read_unfinished_attempts(request: StrictRequest) -> UnfinishedAttemptsResponse:
    """List attempts about which Stripe has not answered; timers go on asking."""
    found, as_of = await request.ports.ledger.unfinished_attempts()
    return UnfinishedAttemptsResponse(
        attempts=[
            UnfinishedAttemptResponse(
                attempt=each.attempt,
                payment=each.payment,
                booking=each.booking,
                status=each.status,
                started_at=each.started_at,
                ends_at=each.ends_at,
            )
            for each in found
        ],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


class UnconfirmedPaymentResponse(msgspec.Struct, rename="camel"):
    """A capture that a signed webhook reported and Stripe's own list contradicts.

    The coupons of the booking are suspended; `reason` is unknown, not_captured, amount_differs or
    other_payment.
    """

    booking: str
    payment: str
    intent: str
    amount: wire.MoneyResponse
    reason: str
    captured_at: dt.datetime


class UnconfirmedPaymentsResponse(wire.ReadModelResponse):
    """Captures that Stripe does not confirm, the oldest first."""

    payments: list[UnconfirmedPaymentResponse]


@get("/api/admin/unconfirmed-payments", **auth.signed_in("reconcile"))
async def read_unconfirmed_payments(request: StrictRequest) -> UnconfirmedPaymentsResponse:
    """List captures that Stripe does not confirm; a timer goes on asking."""
    found, as_of = await request.ports.ledger.unconfirmed_payments()
    return UnconfirmedPaymentsResponse(
        payments=[
            UnconfirmedPaymentResponse(
                booking=each.booking,
                payment=each.payment,
                intent=each.intent,
                amount=wire.MoneyResponse(each.amount, each.currency),
                reason=each.reason,
                captured_at=each.captured_at,
            )
            for each in found
        ],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


ROUTES = (
    read_worklists,
    read_owed_money,
    read_unfinished_attempts,
    read_unconfirmed_payments,
)
