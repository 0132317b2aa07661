"""Breaks of all nine classes, seeded into the crowd, and exactly what the runs must report of them.

They are seeded behind our back, at random moments: in Stripe's own books, in webhooks that never
arrive, in files of the bank, and in a bank that never answers. Our log is never touched.

What must be found is written down where a break is seeded (`break_seeds`), with its day and by
how much both sides differ; of payouts it follows from the books of Stripe and the bank
(`payout_seeds`).
"""

import datetime as dt
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from application.booking.open_checkout import open_checkout
from application.reconciliation.append_from_stripe import append_from_stripe
from domain.booking import states
from domain.kernel import entries, ids
from domain.payment import events
from domain.payment.dispute_events import DisputeFundsWithdrawn
from domain.payment.rejections import SessionEnded
from domain.payment.state import RefundStatus
from domain.settlement.events import TransactionRecorded
from infrastructure.stripe_simulator import refunds
from infrastructure.stripe_simulator.charges import last_digits
from infrastructure.stripe_simulator.configuration import Json
from tests.simulation.airline_process import AWAY, AirlineProcess
from tests.simulation.break_seeds import (
    MISSING_AFTER,
    STALE_AFTER,
    BreakSeeds,
    Difference,
    Sold,
    class_of,
)
from tests.simulation.customers import DAY, Seat
from tests.simulation.payout_seeds import PayoutSeeds
from tests.simulation.world import World

# Requests of the customers that are invited here; those of the crowd are far below.
FIRST_REQUEST = 10**9
# More than faults can be armed.
TRIES_LIMIT = 200
# Stripe repeats a webhook for three days.
QUIET_SECONDS = 5 * DAY
# When Stripe lists charges that were captured just now: soon, and after it should have.
UNLISTED_DAYS = (2, 5)


class Seeder:
    """Seeds breaks at random moments; `seeds` has what must be found of them."""

    def __init__(self, world: World, seed: int, *, count: int, seats: Sequence[Seat]) -> None:
        self.world = world
        self.figures: Counter[str] = Counter()
        self._dice = dice = random.Random(f"{seed}:breaks")
        self._account = world.stripe.account
        self._seats = seats
        self._requests = FIRST_REQUEST
        # Bookings with a seed: what becomes of one charge may have the others refunded.
        self._used: set[str] = set()
        self._slow_sessions: dict[str, str] = {}
        self._unlisted: list[Json] = []
        self.seeds = seeds = BreakSeeds(world, dice)
        self._waiting = seeds.into_charges + dice.choices(seeds.into_charges, k=count // 60)
        dice.shuffle(self._waiting)
        self._refund_seeds = seeds.into_refunds * (1 + count // 120)
        self._slow = 1 + count // 300
        self.payouts = PayoutSeeds(world, dice, more=count // 60)

    async def seed_some(self, airline: AirlineProcess, bookings: Iterable[str]) -> None:
        """Seed about a third of what is left into what these bookings paid."""
        free = self._untouched(bookings)
        for seed in list(self._waiting):
            if free and self._dice.random() < 0.3:
                self._waiting.remove(seed)
                await self._seed(seed, free)
        if self._slow and self._dice.random() < 0.3:
            self._slow -= 1
            await self._wait_for_bank(airline)
        if self._refund_seeds and self._dice.random() < 0.3:
            await self._seed_refund()
        if self._dice.random() < 0.2:
            self.payouts.take_from_payout()
        if self._dice.random() < 0.2:
            await self.payouts.return_payout()
        if self._dice.random() < 0.3:
            await self._remedy_one()

    async def seed_rest(self, airline: AirlineProcess, bookings: Iterable[str]) -> None:
        """Seed all that is left."""
        free = self._untouched(bookings)
        for seed in self._waiting:
            await self._seed(seed, free or [await self._sell(airline)])
        self._waiting.clear()
        while self._slow:
            self._slow -= 1
            await self._wait_for_bank(airline)
        while self._refund_seeds and await self._seed_refund():
            pass

    async def _seed(self, seed: Callable[[Sold], object], free: list[Sold]) -> None:
        sold = free.pop(self._dice.randrange(len(free)))
        free[:] = [each for each in free if each.booking != sold.booking]
        self._used.add(sold.booking)
        await self._done(seed, seed(sold))

    async def _done(self, seed: Callable[..., object], done: object) -> None:
        if isinstance(done, Awaitable):
            await done
        self.figures[seed.__name__.strip("_")] += 1

    async def _seed_refund(self) -> bool:
        """Seed into one of the refunds that were settled; return whether there is one.

        No webhook about it is under way any more, which would have the refund looked at again.
        """
        before = self._account.clock.now() - QUIET_SECONDS
        found = [
            each
            for each in self._account.refunds.objects.values()
            if each["status"] == "succeeded"
            and each["created"] < before
            and last_digits(self._account.charges.objects[each["charge"]]) not in refunds.CARDS
            and "payment" in each["metadata"]  # made by us
            and self._is_settled(each)
            and self._booking_of(each) not in self._used
        ]
        if found:
            made = self._dice.choice(found)
            self._used.add(self._booking_of(made))
            seed = self._refund_seeds.pop()
            await self._done(seed, seed(made))
        return bool(found)

    def _booking_of(self, refund: Json) -> str:
        booking: str = self.world.log.state(refund["metadata"]["payment"]).booking
        return booking

    def _is_settled(self, refund: Json) -> bool:
        payment = self.world.log.state(refund["metadata"]["payment"])
        return any(
            each.provider_refund == refund["id"] and each.status is RefundStatus.SETTLED
            for each in payment.refunds
        )

    def _untouched(self, bookings: Iterable[str]) -> list[Sold]:
        """Charges of tickets that are neither refunded nor disputed, and whose fee is booked.

        None by a card whose refunds go on by themselves.
        """
        wanted = set(bookings) - self._used - self._disputed()
        recorded = {
            each.event.transaction.id
            for each in self.world.events(TransactionRecorded)
            if isinstance(each.event, TransactionRecorded)
        }
        found = []
        for each in self.world.events(events.PaymentCaptured):
            assert isinstance(each.event, events.PaymentCaptured)
            payment = self.world.log.state(each.stream)
            charge = self._account.charges.objects[each.event.charge]
            transaction = self._account.balance_transactions.objects.get(
                charge["balance_transaction"] or ""
            )
            if (
                payment.booking in wanted
                and self.world.log.state(payment.booking).status in states.TICKETED
                and last_digits(charge) not in refunds.CARDS
                and not (charge["amount_refunded"] or payment.refunds)
                and transaction is not None
                and transaction["id"] in recorded
            ):
                found.append(Sold(charge, transaction, payment.booking, each.recorded_at))
        return found

    def _disputed(self) -> set[str]:
        """Bookings with a disputed charge, also where its webhook is still to come.

        If the payer of one charge wins, the airline refunds the others.
        """
        return {
            each["metadata"].get("booking", "")
            for each in self._account.charges.objects.values()
            if each["disputed"]
        }

    # Stale hold.

    async def _wait_for_bank(self, airline: AirlineProcess) -> None:
        """A customer pays by a bank that does not answer."""
        session, payment = await self._checkout(airline)
        await self._press(session, "pm_usBankAccount_processing")
        self.world.seeded.add(payment)
        state = self.world.log.state(payment)
        due, ends_at = state.due, state.attempts[-1].expires_at
        id = f"stale_hold:{payment}"
        self.seeds.expected[id] = Difference(
            id, entries.accounting_day(ends_at), ((due.currency, due.amount),)
        )
        self.seeds.due_at[id] = ends_at + STALE_AFTER
        self._slow_sessions[id] = session
        self.figures["stale_hold"] += 1

    async def _press(self, session: str, card: str) -> None:
        assert await self.world.stripe.tried(f"/c/pay/{session}/pay", form=f"card={card}".encode())

    async def _sell(self, airline: AirlineProcess) -> Sold:
        """Sell another ticket, where the crowd has bought too few."""
        session, payment = await self._checkout(airline)
        await self._press(session, "pm_card_visa")
        await airline.rest()
        (sold,) = self._untouched([self.world.log.state(payment).booking])
        return sold

    async def _checkout(self, airline: AirlineProcess) -> tuple[str, str]:
        """Return the session of a new booking, and its payment."""
        booking = await airline.book(self._dice.choice(self._seats).flights[0])
        self._requests += 1
        for _ in range(TRIES_LIMIT):
            try:
                caller = airline.caller(self._requests)
                checkout = await open_checkout(airline.ports, caller, booking)
            except AWAY:
                continue
            except SessionEnded:
                self._requests += 1  # it has failed at Stripe for good, and is begun anew
                continue
            return checkout.session_id, ids.payment_stream(booking, 1)
        raise AssertionError("Stripe is away for good")

    # Timing.

    async def seed_young(self, airline: AirlineProcess, bookings: Iterable[str]) -> None:
        """Seed what waiting explains: a refund by hand of now, and charges that are not listed."""
        free = self._untouched(bookings) or [await self._sell(airline)]
        await self.seeds.refund_by_hand(self._dice.choice(free))
        for days in UNLISTED_DAYS:
            await self.world.stripe.control("settings", settlement_lag_seconds=days * DAY)
            session, _ = await self._checkout(airline)
            await self._press(session, "pm_card_visa")
            await self.world.stripe.control("settings", settlement_lag_seconds=0)
            self._unlisted.append(list(self._account.charges.objects.values())[-1])
        await airline.rest()
        self.figures["timing"] += 1

    def differences(self, until: dt.date) -> set[Difference]:
        """All that must be found now, with the bank's files until that day."""
        now = self.world.clock()
        found = {self._at(each, now) for each in self.seeds.expected.values()}
        for charge in self._unlisted:
            booked_at = self.seeds.booked_at(events.PaymentCaptured, charge["id"])
            if charge["balance_transaction"] is None:
                kind = "timing" if now <= booked_at + MISSING_AFTER else "missing_at_stripe"
                amounts = ((charge["currency"].upper(), charge["amount"]),)
                day = entries.accounting_day(booked_at)
                found.add(Difference(f"{kind}:charge:{charge['id']}", day, amounts))
        return found | set(self.payouts.differences(until))

    def _at(self, expected: Difference, now: dt.datetime) -> Difference:
        if now > self.seeds.due_at[expected.id]:
            return expected
        _, sources = expected.id.split(":", 1)
        return msgspec.structs.replace(expected, id=f"timing:{sources}")

    def drop_found_out(self) -> None:
        """Expect no dispute any more that the airline recorded without its webhook: it reads what
        happened to a payment for other reasons, too, such as a refund that Stripe refuses.
        """
        withdrawn = {
            each.event.transaction
            for each in self.world.log.events
            if isinstance(each.event, DisputeFundsWithdrawn)
        }
        for id in list(self.seeds.lost):
            if class_of(id) == "state" and id.rpartition(":")[2] in withdrawn:
                self._remedied(id)

    async def remedy(self, airline: AirlineProcess) -> None:
        """Lost webhooks arrive, or finance has appended what Stripe proves; slow banks answer."""
        self.drop_found_out()
        for id, lost in list(self.seeds.lost.items()):
            has_events = set(lost.events) <= self._account.events.objects.keys()
            if has_events and self._dice.random() < 0.5:
                await self._send_again(id)
            else:
                await self._append(airline, id)
        for id, session in self._slow_sessions.items():
            intent = self._account.sessions.get(session)["payment_intent"]
            answer = self._dice.random() < 0.5
            await self.world.stripe.control("bank_answers", intent=intent, succeeds=answer)
            self.world.seeded.discard(self.seeds.expected.pop(id).id.removeprefix("stale_hold:"))

    async def _remedy_one(self) -> None:
        """Somebody asks Stripe for the events of a break, of whose class there is another."""
        classes = Counter(class_of(id) for id in self.seeds.lost)
        found = [id for id in self.seeds.lost if classes[class_of(id)] > 1]
        if found:
            await self._send_again(self._dice.choice(found))

    async def _send_again(self, id: str) -> None:
        for event in self.seeds.lost[id].events:
            await self.world.stripe.control("redeliver", event=event)
        await self.world.stripe.deliver()  # before Stripe drops them for their age
        self._remedied(id)

    async def _append(self, airline: AirlineProcess, id: str) -> None:
        self._requests += 1
        await append_from_stripe(
            airline.reconciliation_ports(),
            airline.caller(self._requests, "finance"),
            day=self.seeds.expected[id].day,
            break_id=id,
            reason="lost_event",
        )
        self._remedied(id)

    def _remedied(self, id: str) -> None:
        self.world.seeded -= self.seeds.lost.pop(id).objects
        self.world.seeded_differences.subtract(dict(self.seeds.expected.pop(id).amounts))
        self.figures["remedied"] += 1
