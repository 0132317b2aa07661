"""Breaks of payouts: at Stripe and at the bank, and what must be found of all payouts."""

import datetime as dt
import random
from collections import Counter

from domain.kernel import entries
from domain.reconciliation.bank_leg import RETURN_REACH
from tests.simulation.bank import DAY, LATE_DAYS, Bank, name_of
from tests.simulation.break_seeds import Difference, amounts_of, day_of
from tests.simulation.world import World

BANK_MISTAKES = [
    "missing",
    "short",
    "twice",
    "foreign",
    "foreign beside it",
    "stranger",
    "in two parts",
]


class PayoutSeeds:
    """`bank` makes each of its mistakes, and `more` at random."""

    def __init__(self, world: World, dice: random.Random, *, more: int) -> None:
        mistakes = BANK_MISTAKES + dice.choices(BANK_MISTAKES, k=more)
        dice.shuffle(mistakes)
        self.bank = Bank(world, dice, mistakes)
        self.figures: Counter[str] = Counter()
        self._world = world
        self._dice = dice
        self._account = world.stripe.account

    def take_from_payout(self) -> None:
        """A transaction is no part of the payout that paid it out; the next one pays it again."""
        paid_out = self._account.money.paid_out
        found = [
            name
            for name, payout in paid_out.items()
            if self._account.payouts.objects[payout]["reconciliation_status"] == "completed"
            and self._account.payouts.objects[payout]["balance_transaction"] != name
        ]
        if found:
            del paid_out[self._dice.choice(found)]
            self.figures["take_from_payout"] += 1

    async def return_payout(self) -> None:
        """A payout fails that the bank had booked; the bank returns it, or keeps it by mistake."""
        found = [
            each
            for each in self.bank.received.values()
            if self._account.payouts.objects[each.payout]["status"] == "paid"
            and [line.amount for line in each.lines] == [each.amount]
            and each.lines[0].day <= self.bank.until
            # A return that comes later than this is one of its own.
            and self.bank.until + DAY - each.arrives_on <= RETURN_REACH
        ]
        if found:
            returned = self._dice.choice(found)
            returned.is_returned = True
            if self._dice.random() < 0.6:
                self.bank.return_money(returned)
            await self._world.stripe.control("payout_ends", payout=returned.payout, status="failed")
            self.figures["return_payout"] += 1

    def differences(self, until: dt.date) -> list[Difference]:
        """What must be found of payouts, by the books of Stripe and of the bank until that day."""
        found = [
            Difference(f"payout:{name_of(line)}", line.day, amounts_of((line.amount, -1)))
            for line in self.bank.strangers
            if line.day <= until
        ]
        paid_out = self._paid_out()
        for payout in self._account.payouts.objects.values():
            listed = paid_out.get(payout["id"], 0)
            if payout["reconciliation_status"] == "completed" and listed != payout["amount"]:
                currency = payout["currency"].upper()
                found.append(
                    Difference(
                        f"payout:{payout['id']}:transactions",
                        day_of(payout),
                        ((currency, payout["amount"] - listed),),
                    )
                )
        for each in self.bank.received.values():
            if each.arrives_on > until:
                continue
            lines = [line.amount for line in each.lines if line.day <= until]
            due = (each.amount, 0 if each.is_returned else 1)
            amounts = amounts_of(due, *((amount, -1) for amount in lines))
            is_young = not lines and (until - each.arrives_on).days <= LATE_DAYS
            if amounts:
                kind = "timing" if is_young else "payout"
                day = entries.accounting_day(each.created_at)
                found.append(Difference(f"{kind}:{each.payout}:bank", day, amounts))
        return found

    def _paid_out(self) -> Counter[str]:
        sums: Counter[str] = Counter()
        rows = self._account.balance_transactions.objects
        for transaction, payout in self._account.money.paid_out.items():
            row = rows.get(transaction, {"source": payout})
            currency = self._account.payouts.objects[payout]["currency"]
            if row["source"] != payout and row["currency"] == currency:
                sums[payout] += row["net"]
        return sums
