"""What the timers find due, in read models in memory: the queries of `interfaces/worker/timers`.

Each is given with the period of its timer.
"""

import datetime as dt
from collections.abc import Callable, Sequence

from application import ports
from application.payment.check_captures import CheckCaptures, tasks_of
from application.payment.record_refund import AskAboutDisputes
from application.payment.refund_payment import SendRefund
from application.processes.runner import EXPECTED_WITHIN
from application.settlement.sweep_transactions import SweepTransactions
from domain.kernel.entries import accounting_day
from domain.ledger import accounts
from interfaces.worker.timers import (
    ask_about_disputes,
    ask_about_ended_sessions,
    ask_about_slow_payments,
    check_accepted_refunds,
    check_contradicted_captures,
    check_signed_captures,
    complete_unfinished_attempts,
    follow_payouts,
    release_lapsed_holds,
    run_processes_again,
    send_unanswered_refunds,
    sweep_balance_transactions,
)
from projections.unfinished_refunds.queries import WAITING_ASKED_AFTER
from tests.support.memory_read_models import MemoryReadModels

Due = Callable[[MemoryReadModels, dt.datetime], Sequence[ports.BackgroundTask]]


def lapsed_holds(tables: MemoryReadModels, now: dt.datetime) -> list[ports.BackgroundTask]:
    """Holds and changes that were not paid in time."""
    rows = tables.rows("booking_list")
    found = [row.booking for row in rows if row.lapses_at is not None and row.lapses_at <= now]
    return [release_lapsed_holds.ReleaseHold(each) for each in sorted(found)]


def unfinished_attempts(tables: MemoryReadModels, now: dt.datetime) -> list[ports.BackgroundTask]:
    """Attempts without an answer."""
    before = now - complete_unfinished_attempts.PATIENCE
    return [
        complete_unfinished_attempts.CompleteAttempt(row.payment, row.attempt)
        for row in tables.rows("unfinished_attempts")
        if row.status in ("requested", "unknown") and row.started_at < before
    ]


def ended_sessions(tables: MemoryReadModels, now: dt.datetime) -> list[ports.BackgroundTask]:
    """Sessions that are open by our records and ended lately."""
    before = now - ask_about_ended_sessions.PATIENCE
    return _ended(tables, now - ask_about_ended_sessions.ASKED_OFTEN_FOR, before)


def slow_payments(tables: MemoryReadModels, now: dt.datetime) -> list[ports.BackgroundTask]:
    """Those that ended long ago."""
    ever = dt.datetime.min.replace(tzinfo=dt.UTC)
    return _ended(tables, ever, now - ask_about_ended_sessions.ASKED_OFTEN_FOR)


def _ended(
    tables: MemoryReadModels, since: dt.datetime, until: dt.datetime
) -> list[ports.BackgroundTask]:
    return [
        ask_about_ended_sessions.AskAboutSession(row.payment, row.attempt)
        for row in tables.rows("unfinished_attempts")
        if row.status == "open" and since <= row.ends_at < until
    ]


def unanswered_refunds(tables: MemoryReadModels, now: dt.datetime) -> list[ports.BackgroundTask]:
    """Refunds without an answer of Stripe."""
    before = now - send_unanswered_refunds.PATIENCE
    return [
        SendRefund(row.payment, row.refund)
        for row in tables.rows("unfinished_refunds")
        if row.status in ("requested", "unknown") and row.since < before
    ]


def accepted_refunds(tables: MemoryReadModels, now: dt.datetime) -> list[ports.BackgroundTask]:
    """Refunds that Stripe accepted, and those that wait for the end of a dispute."""
    before = now - check_accepted_refunds.PATIENCE
    return [
        SendRefund(row.payment, row.refund)
        for row in tables.rows("unfinished_refunds")
        if (row.status == "accepted" and row.since < before)
        or (row.status == "waiting" and row.since < before - WAITING_ASKED_AFTER)
    ]


def signed_captures(tables: MemoryReadModels, now: dt.datetime) -> list[CheckCaptures]:
    """Captures that only a signed event reported."""
    before = now - check_signed_captures.PATIENCE
    return tasks_of(_captures(tables, "open", before), size=check_signed_captures.TASK_SIZE)


def contradicted_captures(tables: MemoryReadModels, now: dt.datetime) -> list[CheckCaptures]:
    """Those that Stripe's list contradicted."""
    return tasks_of(_captures(tables, "contradicted", now), size=1)


def _captures(
    tables: MemoryReadModels, status: str, before: dt.datetime
) -> list[tuple[str, str, dt.datetime]]:
    return [
        (row.payment, row.intent, row.captured_at)
        for row in tables.rows("signed_captures")
        if row.status == status and row.captured_at < before
    ]


def disputes(tables: MemoryReadModels, _now: dt.datetime) -> list[ports.BackgroundTask]:
    """Undecided disputes, and those whose money has not come back."""
    found = {
        (row.payment, row.intent)
        for row in tables.rows("disputes")
        if row.stage in ("inquiry", "open") or row.receivable
    }
    return [AskAboutDisputes(*each) for each in sorted(found)]


def payouts(tables: MemoryReadModels, now: dt.datetime) -> list[ports.BackgroundTask]:
    """Payouts that should have arrived, or whose list is not known."""
    today = accounting_day(now)
    return [
        follow_payouts.FollowPayout(row.payout)
        for row in tables.rows("settled_payouts")
        if (row.status == "in_transit" and row.arrives_on <= today)
        or (row.automatic and row.paid_out is None and row.status != "failed")
    ]


def transactions(_tables: MemoryReadModels, _now: dt.datetime) -> list[ports.BackgroundTask]:
    """Always."""
    return [SweepTransactions()]


def processes(tables: MemoryReadModels, now: dt.datetime) -> list[ports.BackgroundTask]:
    """Bookings that should have tickets, their change, or a refund by now."""
    before = now - EXPECTED_WITHIN
    found = {
        row.booking
        for row in tables.rows("booking_list")
        if (row.status == "paid" or row.modification_paid) and row.updated_at < before
    }
    requested: dict[tuple[str, str], int] = {}
    for row in tables.rows("unfinished_refunds"):
        if row.status != "accepted":
            key = (row.booking, row.currency)
            requested[key] = requested.get(key, 0) + row.amount
    found |= {
        row.booking
        for row in tables.rows("ledger_booking_balance")
        if row.account == accounts.REFUNDS_PAYABLE
        and -row.amount > requested.get((row.booking, row.currency), 0)
    }
    return [run_processes_again.RunProcessesAgain(each) for each in sorted(found)]


WORK: tuple[tuple[Due, float], ...] = (
    (lapsed_holds, release_lapsed_holds.TIMER.period_seconds),
    (unfinished_attempts, complete_unfinished_attempts.TIMER.period_seconds),
    (ended_sessions, ask_about_ended_sessions.TIMER.period_seconds),
    (slow_payments, ask_about_slow_payments.TIMER.period_seconds),
    (unanswered_refunds, send_unanswered_refunds.TIMER.period_seconds),
    (accepted_refunds, check_accepted_refunds.TIMER.period_seconds),
    (signed_captures, check_signed_captures.TIMER.period_seconds),
    (contradicted_captures, check_contradicted_captures.TIMER.period_seconds),
    (transactions, sweep_balance_transactions.TIMER.period_seconds),
    (payouts, follow_payouts.TIMER.period_seconds),
    (disputes, ask_about_disputes.TIMER.period_seconds),
    (processes, run_processes_again.TIMER.period_seconds),
)
