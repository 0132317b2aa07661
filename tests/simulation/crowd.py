"""Many customers over weeks, with faults at Stripe, on its line and in its webhooks.

Finance works, too: it returns parked money and sends failed refunds again. Stripe pays out, and
banks decide disputes. In the end all faults are taken away, and time passes until all is at rest.
"""

import asyncio
import heapq
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from application.booking.resend_refund import ResendRefund
from application.payment.return_parked_funds import ReturnParkedFunds
from domain.kernel.rejections import Rejection
from domain.ledger import accounts
from tests.simulation.airline_process import AirlineProcess
from tests.simulation.customers import DAY, HOUR, Customer, Seat
from tests.simulation.reconciling import Reconciling
from tests.simulation.seeded_breaks import Seeder
from tests.simulation.world import World

# The flight that is booked, a dearer and a cheaper one; in minor units.
FARES = {
    "SAR": (50_000, 60_000, 40_000),
    "KWD": (50_000, 61_000, 40_000),
    "JPY": (30_000, 36_000, 24_000),
}
SEATS = 120
# Customers come within a part of each day, and do hours later what they do at a full hour: a crowd
# of ten thousand then has hardly more steps than a small one.
SALES_DAYS = 12
RUSH_SECONDS = 2 * HOUR
# How far the clock goes at once: what falls due in between is done together.
STEP_SECONDS = 120
# Idle time is passed in longer steps.
LONG_STEP_SECONDS = 6 * HOUR
CALM_DAYS = 20
API_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "refuse", "status": 429},
    {"kind": "refuse", "status": 409},
    {"kind": "refuse", "status": 503},
    {"kind": "refuse_stored", "status": 500},
    {"kind": "fail_after", "status": 500},
    {"kind": "fail_stored", "status": 500},
    {"kind": "lost"},
    {"kind": "lost_before"},
    {"kind": "truncated"},
)
# Most faults would else meet the timers, which ask more often than customers do.
API_PATHS = ("/v1/*", "/v1/checkout/*", "/v1/payment_intents*", "/v1/refunds*", "/v1/disputes*")
ANY_EVENT_FAULTS: tuple[dict[str, Any], ...] = (
    {"action": "delay", "seconds": 2_400.0},
    {"action": "delay", "seconds": 40_000.0},
    {"action": "duplicate", "copies": 3},
    {"action": "reorder", "times": 5},
    {"action": "bad_signature"},
    {"action": "skew", "seconds": -4_000.0},
    {"action": "rewrite", "fields": {"api_version": "2020-08-27"}},
)
# Lost for good are those that timers make up for. The others are sent again on the next day, as
# when somebody asks Stripe for the events that were missed.
LOST_EVENTS = ("checkout.session.", "charge.updated", "payout.")
MISSED_EVENTS = ("payment_intent.", "charge.dispute.", "refund.", "radar.")
DROPPED = (*LOST_EVENTS, *MISSED_EVENTS)
# The simulator takes a hundred of each. Those for what happens seldom must not keep out the others.
FAULTS_OF_ONE_PATH = 18
RULES_FOR_ANY_EVENT = 40
RULES_OF_ONE_TYPE = 6


class Crowd:
    """So many customers from one seed; `figures` says what became of them."""

    def __init__(self, count: int, seed: int) -> None:
        self.world = World(seed)
        self.figures: Counter[str] = Counter()
        self._count = count
        self._seed = seed
        self._dice = random.Random(seed)
        self._due: list[tuple[int, int, AsyncIterator[int]]] = []
        self._customers: list[Customer] = []
        self._sent_again: set[str] = set()
        self._finished: set[int] = set()
        self._seats: list[Seat] = []
        self._seeder = Seeder(self.world, seed, count=count, seats=self._seats)
        self._reconciling = Reconciling(self._seeder, self._dice)
        self._airline: AirlineProcess

    async def live(self) -> None:
        """From the first sale until all is at rest."""
        self._airline = AirlineProcess(self.world)
        await self._open_sales()
        day = self._now() // DAY
        while self._due:
            await self._step()
            if self._now() // DAY > day:
                day = self._now() // DAY
                await self._end_day()
        await self._calm_down()

    async def _open_sales(self) -> None:
        groups = -(-self._count // SEATS)
        for number in range(groups):
            for currency, fares in FARES.items():
                names = [
                    await self._airline.schedule(
                        f"{currency[0]}V{number * 3 + index + 1}", in_days=200 + index, seats=SEATS,
                        fare=fare, currency=currency, domestic=False,
                    )
                    for index, fare in enumerate(fares)
                ]  # fmt: skip
                self._seats.append(Seat(currency, tuple(names)))
                self._invite(number, self._seats[-1])
        heapq.heapify(self._due)

    def _invite(self, group: int, seat: Seat) -> None:
        """A third of a group of customers for each currency."""
        start = self._now()
        place = list(FARES).index(seat.currency)
        for number in range(group * SEATS + place, min((group + 1) * SEATS, self._count), 3):
            customer = Customer(lambda: self._airline, number + 1, seat, seed=self._seed)
            self._customers.append(customer)
            begins = (
                start + self._dice.randrange(SALES_DAYS) * DAY + self._dice.randrange(RUSH_SECONDS)
            )
            self._due.append((begins, number, customer.steps()))

    async def _step(self) -> None:
        """Pass time to the next customer, and let those who are due act together."""
        wait = max(STEP_SECONDS, min(self._due[0][0] - self._now(), LONG_STEP_SECONDS))
        self.world.stripe.move(wait)
        due = []
        while self._due and self._due[0][0] <= self._now():
            due.append(heapq.heappop(self._due))
        await self._arm(len(due))
        await asyncio.gather(*(self._act(number, steps) for _, number, steps in due))
        await self._airline.rest(periods=True)

    async def _act(self, number: int, steps: AsyncIterator[int]) -> None:
        try:
            seconds = await anext(steps)
        except StopAsyncIteration:
            self._finished.add(number + 1)
            return
        until = self._now() + seconds
        if seconds >= HOUR:
            until = -(-until // HOUR) * HOUR
        heapq.heappush(self._due, (until, number, steps))

    async def _arm(self, actions: int) -> None:
        """About one fault of the API and one of a webhook for every third action."""
        dice, simulator = self._dice, self.world.stripe.simulator
        for _ in range(actions):
            paths = Counter(each.path for each in simulator.faults.armed)
            types = Counter(each.type for each in simulator.courier.rules)
            fault = {**dice.choice(API_FAULTS), "path": dice.choice(API_PATHS)}
            if dice.random() < 0.3 and paths[fault["path"]] < FAULTS_OF_ONE_PATH:
                await self._arm_one("faults", fault)
            if dice.random() < 0.3 and types[""] < RULES_FOR_ANY_EVENT:
                await self._arm_one("rules", dice.choice(ANY_EVENT_FAULTS))
            kind = dice.choice(DROPPED)
            if dice.random() < 0.15 and types[kind] < RULES_OF_ONE_TYPE:
                await self._arm_one("rules", {"action": "drop", "type": kind})

    async def _arm_one(self, path: str, fault: dict[str, Any]) -> None:
        self.figures[str(fault.get("kind") or fault["action"])] += 1
        await self.world.stripe.control(path, **fault)

    async def _end_day(self) -> None:
        """Finance, banks and Stripe."""
        dice, stripe = self._dice, self.world.stripe
        for dispute in list(stripe.account.disputes.objects.values()):
            open_here = dispute["id"] not in self.world.seeded
            if open_here and dispute["status"] == "needs_response" and dice.random() < 0.3:
                status = dice.choice(("won", "lost"))
                await stripe.control("dispute_ends", dispute=dispute["id"], status=status)
        if dice.random() < 0.4:
            await stripe.control("payouts")
        for payout in list(stripe.account.payouts.objects.values()):
            if payout["status"] == "in_transit" and dice.random() < 0.2:
                await stripe.control("payout_ends", payout=payout["id"], status="failed")
        await self._send_missed_events()
        await self._return_parked_money()
        await self._send_again()
        await self._seeder.seed_some(self._airline, self._idle())
        await self._reconciling.end_day(self._airline)

    def _idle(self) -> list[str]:
        return [each.booking for each in self._customers if each.number in self._finished]

    async def _send_missed_events(self) -> None:
        account = self.world.stripe.account
        for delivery in list(self.world.stripe.simulator.courier.deliveries.values()):
            missed = delivery.state == "dropped" and delivery.type.startswith(MISSED_EVENTS)
            lost = delivery.event in self.world.lost_events
            if missed and not lost and delivery.event not in self._sent_again:
                self._sent_again.add(delivery.event)
                if delivery.event in account.events.objects:
                    await self.world.stripe.control("redeliver", event=delivery.event)

    async def _return_parked_money(self) -> None:
        tables = self.world.follow()
        unapplied = {
            row.booking
            for row in tables.rows("ledger_booking_balance")
            if row.account == accounts.UNAPPLIED_FUNDS and row.amount
        }
        for row in tables.rows("ledger_parked_funds"):
            booking = self.world.log.state(row.payment).booking
            if booking in unapplied and self._dice.random() < 0.7:
                await self._finance(ReturnParkedFunds(payment_id=row.payment, intent=row.intent))

    async def _send_again(self) -> None:
        for row in self.world.follow().rows("unfinished_refunds"):
            if row.status in ("failed", "refused") and self._dice.random() < 0.5:
                await self._finance(ResendRefund(row.booking, row.refund))

    async def _finance(self, command: Any) -> None:
        try:
            await self._airline.submit(command)
            self.figures[type(command).__name__] += 1
        except Rejection as rejection:
            self.figures[rejection.code] += 1

    async def _calm_down(self) -> None:
        """No faults any more; repeats, answers of banks and decisions about disputes end."""
        simulator = self.world.stripe.simulator
        simulator.faults.armed.clear()
        simulator.courier.rules.clear()
        simulator.courier.release("shuffled")
        await self._send_missed_events()
        await self._airline.rest()
        await self._seeder.seed_rest(self._airline, self._idle())
        await self._pass_days(CALM_DAYS)
        await self.world.stripe.control("payouts")
        await self._pass_days(3)
        await self._seeder.seed_young(self._airline, self._idle())
        await self._reconciling.check_all_classes(self._airline)
        await self._pass_days(4)
        await self._reconciling.check(self._airline)
        await self._seeder.remedy(self._airline)
        await self._pass_days(4)
        await self._reconciling.check(self._airline)

    async def _pass_days(self, days: int) -> None:
        for _ in range(days):
            self.world.stripe.move(DAY)
            await self._airline.rest()
            await self._reconciling.end_day(self._airline)

    def count(self) -> Counter[str]:
        """What customers did, and what there is in the end."""
        for customer in self._customers:
            self.figures.update(customer.done)
        self.figures.update(self._seeder.figures)
        self.figures.update(self._seeder.payouts.figures)
        account = self.world.stripe.account
        self.figures["charges"] = sum(
            1 for each in account.charges.objects.values() if each["paid"]
        )
        self.figures["refunds"] = len(account.refunds.objects)
        self.figures["disputes"] = len(account.disputes.objects)
        self.figures["payouts"] = len(account.payouts.objects)
        self.figures["events"] = len(self.world.log.events)
        self.figures["webhooks"] = len(self.world.inbox.rows)
        return self.figures

    def _now(self) -> int:
        return self.world.stripe.account.clock.now()
