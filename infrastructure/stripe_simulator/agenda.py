"""What the account does as its clock goes on: expiries, settlements, payouts and deadlines."""

import heapq
from collections.abc import Callable

from infrastructure.stripe_simulator import (
    balance,
    card_consequences,
    charges,
    checkout,
    disputes,
    payouts,
    refunds,
)
from infrastructure.stripe_simulator.account import Account

DAY_SECONDS = 24 * 3600
ADVANCE_LIMIT_SECONDS = 3660 * DAY_SECONDS

STEPS: dict[str, Callable[[Account, str], None]] = {
    balance.SETTLE_CHARGE: balance.settle_charge,
    charges.FOLLOW_CARD: card_consequences.follow,
    disputes.DECIDE: disputes.decide,
    disputes.MISS_DEADLINE: disputes.miss_deadline,
    refunds.SUCCEED: refunds.succeed,
    refunds.FAIL: refunds.fail,
    payouts.SUBMIT: payouts.submit,
    payouts.RECONCILE: payouts.reconcile,
    payouts.ARRIVE: payouts.arrive,
}


def run_due(account: Account) -> None:
    """Do everything whose time has come; cheap when there is nothing."""
    checkout.expire_due(account)
    agenda, now = account.money.agenda, account.clock.now()
    while agenda and agenda[0].at <= now:
        due = heapq.heappop(agenda)
        STEPS[due.step](account, due.id)
    balance.make_available(account)
    refunds.send_waiting(account)
    payouts.pay_daily(account)
    account.drop_old_events()


def advance(account: Account, seconds: int) -> None:
    """Move the clock forward, with a stop at each midnight UTC on the way."""
    if not 0 <= seconds <= ADVANCE_LIMIT_SECONDS:
        raise ValueError("time runs forwards, by at most ten years")
    end = account.clock.now() + seconds
    while (left := end - account.clock.now()) > 0:
        account.clock.advance(min(left, DAY_SECONDS - account.clock.now() % DAY_SECONDS))
        run_due(account)
    run_due(account)
