"""Whatever happens to payments, refunds, disputes and payouts: the sums of the account agree."""

import contextlib
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from infrastructure.stripe_simulator import agenda, balance, disputes, payouts, refunds
from infrastructure.stripe_simulator.account import NO_REQUEST, Account
from infrastructure.stripe_simulator.configuration import Configuration, Exchange, MoneySettings
from infrastructure.stripe_simulator.errors import ApiError
from tests.unit.stripe_simulator.money import DAY, funds, paid, total

ACTIVE = ("pending", "requires_action", "succeeded")
AMOUNTS = {"sar": 50_000, "kwd": 51_240, "jpy": 7_001}


def pick(objects: dict[str, dict[str, Any]], which: int) -> str:
    """Return the id of one of the objects; ValueError if there is none."""
    if not objects:
        raise ValueError("there is nothing yet")
    return list(objects)[which % len(objects)]


class Moves:
    """One account and everything that can happen to its money, by a number that chooses."""

    def __init__(self) -> None:
        self.account = Account(Configuration())
        self.names = sorted(name for name in dir(self) if name.startswith("move_"))

    def make(self, name: str, which: int) -> None:
        """Make one move; one that is impossible now is refused and changes nothing."""
        with contextlib.suppress(ApiError, ValueError):
            getattr(self, name)(which)

    def move_pay(self, which: int) -> None:
        currency = sorted(AMOUNTS)[which % 3]
        paid(self.account, AMOUNTS[currency], currency)

    def move_refund(self, which: int) -> None:
        plans = refunds.RefundPlans()
        states: tuple[Any, ...] = ("pending", "requires_action", "failed")
        if which % 4 < 3:
            plans.add(refunds.Plan(status=states[which % 4]))
        params: dict[str, Any] = {"charge": pick(self.account.charges.objects, which)}
        if which % 3:
            params["amount"] = 10 * (which + 1)
        refunds.create(self.account, params, plans=plans, cause=NO_REQUEST)

    def move_end_refund(self, which: int) -> None:
        endings: tuple[Any, ...] = ("succeeded", "failed", "canceled")
        made = pick(self.account.refunds.objects, which)
        refunds.end(self.account, made, endings[which % 3], reason=None)

    def move_dispute(self, which: int) -> None:
        charge = pick(self.account.charges.objects, which)
        disputes.open_dispute(self.account, disputes.Opening(charge, inquiry=which % 3 == 0))

    def move_escalate(self, which: int) -> None:
        disputes.escalate(self.account, pick(self.account.disputes.objects, which))

    def move_end_dispute(self, which: int) -> None:
        statuses: tuple[Any, ...] = ("won", "lost", "warning_closed")
        dispute = pick(self.account.disputes.objects, which)
        ending = disputes.Ending(dispute, statuses[which % 3], fee_returned=which % 2 == 0)
        disputes.end(self.account, ending)

    def move_pay_out(self, _: int) -> None:
        payouts.pay_out(self.account, payouts.Request())

    def move_end_payout(self, which: int) -> None:
        payout = pick(self.account.payouts.objects, which)
        status: Any = "failed" if which % 2 else "paid"
        payouts.end(self.account, payouts.Ending(payout, status))

    def move_wait(self, which: int) -> None:
        agenda.advance(self.account, (which % 10) * DAY // 2)

    def move_settings(self, which: int) -> None:
        rate = Decimal(25 + which % 5).scaleb(-2)
        self.account.settings = MoneySettings(
            exchanges={"sar": Exchange("usd", rate)} if which % 2 else {},
            refunds_wait_for_balance=which % 3 == 0,
            payouts_daily=which % 5 == 0,
        )


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=40))
@settings(max_examples=60, deadline=None)
def test_the_balance_the_charges_and_the_payouts_agree(steps: list[tuple[int, int]]) -> None:
    moves = Moves()
    for number, which in steps:
        moves.make(moves.names[number % len(moves.names)], which)
        account = moves.account
        assert funds(account) == total(account)
        for charge in account.charges.objects.values():
            made = [
                each["amount"]
                for each in account.refunds.objects.values()
                if each["charge"] == charge["id"] and each["status"] in ACTIVE
            ]
            assert charge["amount_refunded"] == sum(made) <= charge["amount_captured"]
    agenda.run_due(moves.account)
    for payout in moves.account.payouts.objects.values():
        listed = list(balance.matching(moves.account, {"payout": payout["id"]}))
        assert sum(each["net"] for each in listed) == 0
        assert -payout["amount"] in [each["net"] for each in listed if each["type"] == "payout"]
