"""Breaks of all nine classes, seeded into the crowd, and exactly what the runs must report of them.

They are seeded behind our back, at random moments: in Stripe's own books, in webhooks that never
arrive, in files of the bank, and in a bank that never answers. Our log is never touched.

What is expected is written down where a break is seeded, with its day and by how much both sides
differ; only of payouts it follows from the books of Stripe and of the bank at the end.
"""

import datetime as dt
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from application.booking.open_checkout import open_checkout
from application.settlement.sweep_transactions import CHECKPOINT
from domain.booking import states
from domain.kernel import entries, ids
from domain.kernel.events import DomainEvent
from domain.kernel.money import Money
from domain.payment import events
from domain.payment.events import RefundAccepted
from domain.payment.state import RefundStatus
from domain.reconciliation.matching import MISSING_AFTER, RECORDED_WITHIN
from domain.settlement.events import TransactionRecorded
from infrastructure.stripe_simulator import refunds
from infrastructure.stripe_simulator.charges import last_digits
from infrastructure.stripe_simulator.configuration import Json
from interfaces.reconciliation_composition import STALE_AFTER
from tests.simulation import provider_books
from tests.simulation.airline_process import AWAY, AirlineProcess
from tests.simulation.bank import LATE_DAYS, Bank, name_of
from tests.simulation.customers import DAY, HOUR, Seat
from tests.simulation.world import World

OTHER_CURRENCY = {"sar": "kwd", "kwd": "jpy", "jpy": "sar"}
BANK_MISTAKES = ["missing", "short", "twice", "foreign", "stranger", "in two parts"]
# Requests of the customers that are invited here; those of the crowd are far below.
FIRST_REQUEST = 10**9
# More than faults can be armed.
TRIES_LIMIT = 200
# When Stripe lists charges that were captured just now: soon, and after it should have.
UNLISTED_DAYS = (2, 5)
# Long enough that no decision of a bank or of Stripe comes before the end.
NEVER_SECONDS = 400 * DAY


class Difference(msgspec.Struct, frozen=True, order=True):
    """A break: its id, its accounting day, and by currency what we have beyond the other side."""

    id: str
    day: dt.date
    amounts: tuple[tuple[str, int], ...]


class Sold(msgspec.Struct, frozen=True):
    """A charge and its balance transaction, which nobody will touch any more."""

    charge: Json
    transaction: Json
    booked_at: dt.datetime

    @property
    def day(self) -> dt.date:
        """The day on which Stripe listed it."""
        return _day(self.transaction)


class Seeder:
    """Seeds breaks; `expected` are those of which it is written down what must be found."""

    def __init__(self, world: World, seed: int, *, count: int, seats: Sequence[Seat]) -> None:
        self.world = world
        self.expected: dict[str, Difference] = {}
        # From when on each is found in its class.
        self.due_at: dict[str, dt.datetime] = {}
        # The events whose loss is the reason of a break, with the objects at Stripe.
        self._lost: dict[str, tuple[list[str], set[str]]] = {}
        self._slow_sessions: dict[str, str] = {}
        self._unlisted: list[Json] = []
        self.figures: Counter[str] = Counter()
        self._dice = dice = random.Random(f"{seed}:breaks")
        self._account = world.stripe.account
        self._seats = seats
        self._requests = FIRST_REQUEST
        self._used: set[str] = set()
        seeds: list[Callable[[Sold], object]] = [
            self._vanish, self._refund_by_hand, self._charge_elsewhere, self._adjust,
            self._change_amount, self._change_fee, self._change_currency, self._settle_elsewhere,
            self._charge_twice, self._list_twice, self._dispute, self._list_late,
            self._hear_of_refund_by_hand,
        ]  # fmt: skip
        self._waiting = seeds + dice.choices(seeds, k=count // 60)
        dice.shuffle(self._waiting)
        refund_seeds: list[Callable[[Json], object]] = [self._fail_refund, self._vanish_refund]
        self._refund_seeds = refund_seeds * (1 + count // 120)
        self._slow = 1 + count // 300
        mistakes = BANK_MISTAKES + dice.choices(BANK_MISTAKES, k=count // 60)
        dice.shuffle(mistakes)
        self.bank = Bank(world, dice, mistakes)

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
            self._take_from_payout()
        if self._dice.random() < 0.2:
            await self._return_payout()

    async def seed_rest(self, airline: AirlineProcess, bookings: Iterable[str]) -> None:
        """Seed all that is left."""
        free = self._untouched(bookings)
        for seed in self._waiting:
            await self._seed(seed, free)
        self._waiting.clear()
        while self._slow:
            self._slow -= 1
            await self._wait_for_bank(airline)
        while self._refund_seeds and await self._seed_refund():
            pass

    async def _seed(self, seed: Callable[[Sold], object], free: list[Sold]) -> None:
        sold = free.pop(self._dice.randrange(len(free)))
        self._used.add(sold.charge["id"])
        await self._done(seed, seed(sold))

    async def _done(self, seed: Callable[..., object], done: object) -> None:
        if isinstance(done, Awaitable):
            await done
        self.figures[seed.__name__.strip("_")] += 1

    async def _seed_refund(self) -> bool:
        """Seed into one of the refunds that were settled; return whether there is one."""
        found = [
            each
            for each in self._account.refunds.objects.values()
            if each["status"] == "succeeded"
            and each["charge"] not in self._used
            and last_digits(self._account.charges.objects[each["charge"]]) not in refunds.CARDS
            and self._is_settled(each)
        ]
        if found:
            made = self._dice.choice(found)
            self._used.add(made["charge"])
            seed = self._refund_seeds.pop()
            await self._done(seed, seed(made))
        return bool(found)

    def _is_settled(self, refund: Json) -> bool:
        payment = self.world.log.state(refund["metadata"].get("payment", ""))
        return payment is not None and any(
            each.provider_refund == refund["id"] and each.status is RefundStatus.SETTLED
            for each in payment.refunds
        )

    def _untouched(self, bookings: Iterable[str]) -> list[Sold]:
        """Charges of tickets that are neither refunded nor disputed, and whose fee is booked.

        None by a card whose refunds go on by themselves.
        """
        wanted = set(bookings)
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
                and charge["id"] not in self._used
                and last_digits(charge) not in refunds.CARDS
                and not (charge["amount_refunded"] or charge["disputed"] or payment.refunds)
                and transaction is not None
                and transaction["id"] in recorded
            ):
                found.append(Sold(charge, transaction, each.recorded_at))
        return found

    # Missing at Stripe.

    def _vanish(self, sold: Sold) -> None:
        """Stripe lists the charge no more."""
        provider_books.remove(self._account, sold.transaction["id"])
        self._expect(
            f"missing_at_stripe:charge:{sold.charge['id']}",
            entries.accounting_day(sold.booked_at),
            (sold.transaction["currency"], sold.transaction["net"]),
            due_at=sold.booked_at + MISSING_AFTER,
        )

    def _vanish_refund(self, refund: Json) -> None:
        """Stripe lists the refund no more."""
        row = self._account.balance_transactions.objects[refund["balance_transaction"]]
        provider_books.remove(self._account, row["id"])
        booked_at = self._booked_at(RefundAccepted, refund["id"])
        self._expect(
            f"missing_at_stripe:refund:{refund['id']}",
            entries.accounting_day(booked_at),
            (row["currency"], row["net"]),
            due_at=booked_at + MISSING_AFTER,
        )

    # Missing in the ledger.

    async def _refund_by_hand(self, sold: Sold) -> None:
        """A part is refunded at the dashboard, and no webhook arrives."""
        part = self._dice.randrange(1, 50) * 10
        with provider_books.webhooks_lost(self.world):
            made = await self.world.stripe.control("refunds", charge=sold.charge["id"], amount=part)
        self.world.seeded.add(made["id"])
        self._expect(
            f"missing_in_ledger:refund:{made['id']}",
            self._today(),
            (sold.transaction["currency"], part),
        )

    async def _hear_of_refund_by_hand(self, sold: Sold) -> None:
        """As before, but the webhooks arrive: this is no break."""
        made = await self.world.stripe.control("refunds", charge=sold.charge["id"], amount=100)
        self.world.seeded.add(made["id"])

    def _list_late(self, sold: Sold) -> None:
        """Stripe lists a fee among others that were read long before."""
        read_until = self.world.checkpoints.positions[CHECKPOINT]
        row = provider_books.list_again(
            self._account, sold.transaction, amount=-self._dice.randrange(1, 9), fee=0,
            source=None, type="stripe_fee", reporting_category="fee",
            created=read_until - HOUR, available_on=read_until + NEVER_SECONDS, status="pending",
        )  # fmt: skip
        self._expect(
            f"missing_in_ledger:fee:{row['id']}", _day(row), (row["currency"], -row["amount"])
        )

    def _charge_elsewhere(self, sold: Sold) -> None:
        """Another program charges on the same account."""
        charge, row = provider_books.charge_again(
            self._account, sold.charge, payment_intent=None, metadata={}
        )
        self.world.seeded.add(charge["id"])
        self._expect(
            f"missing_in_ledger:charge:{charge['id']}",
            self._today(),
            (row["currency"], -row["amount"]),
        )

    def _adjust(self, sold: Sold) -> None:
        """Stripe moves money for a reason that we do not know."""
        row = provider_books.list_again(
            self._account, sold.transaction, amount=self._some(), fee=0, source=None,
            type="adjustment", reporting_category="other_adjustment",
        )  # fmt: skip
        self._expect(
            f"missing_in_ledger:other_adjustment:{row['id']}",
            self._today(),
            (row["currency"], -row["amount"]),
        )

    # Amount.

    def _change_amount(self, sold: Sold) -> None:
        """Stripe corrects the amount after it was booked."""
        more = self._some()
        self._change(sold, amount=sold.transaction["amount"] + more)
        self._expect(
            f"amount:charge:{sold.charge['id']}", sold.day, (sold.transaction["currency"], -more)
        )

    def _change_fee(self, sold: Sold) -> None:
        """Stripe corrects the fee after it was booked."""
        more = self._some()
        self._change(sold, fee=sold.transaction["fee"] + more)
        self._expect(
            f"amount:charge:{sold.charge['id']}", sold.day, (sold.transaction["currency"], more)
        )

    # Currency.

    def _change_currency(self, sold: Sold) -> None:
        """The charge turns out to be one in another currency."""
        self._settle_elsewhere(sold)
        sold.charge["currency"] = sold.transaction["currency"]
        self.world.seeded.add(sold.charge["id"])

    def _settle_elsewhere(self, sold: Sold) -> None:
        """The charge turns out to be settled in another currency."""
        before, net = sold.transaction["currency"], sold.transaction["net"]
        other = OTHER_CURRENCY[before]
        self._change(sold, currency=other)
        self._expect(f"currency:charge:{sold.charge['id']}", sold.day, (before, net), (other, -net))

    # Duplicate.

    def _charge_twice(self, sold: Sold) -> None:
        """The payer is charged again for the same intent."""
        charge, row = provider_books.charge_again(self._account, sold.charge)
        self.world.seeded.add(charge["id"])
        self._expect(
            f"duplicate:charge:{charge['id']}", self._today(), (row["currency"], -row["amount"])
        )

    def _list_twice(self, sold: Sold) -> None:
        """Stripe lists the same charge again."""
        row = provider_books.list_again(self._account, sold.transaction)
        self._expect(
            f"duplicate:charge:{sold.charge['id']}",
            self._today(),
            (row["currency"], -row["amount"]),
        )

    # State.

    async def _dispute(self, sold: Sold) -> None:
        """The payer disputes the charge, and no webhook arrives."""
        with provider_books.webhooks_lost(self.world) as lost:
            made = await self.world.stripe.control(
                "disputes", charge=sold.charge["id"], due_seconds=NEVER_SECONDS
            )
        (row,) = made["balance_transactions"]
        self._expect(
            f"state:dispute:{row['id']}",
            self._today(),
            (row["currency"], -row["net"]),
            lost=(lost, {made["id"], row["id"]}),
        )

    async def _fail_refund(self, refund: Json) -> None:
        """The bank returns the money of a refund, and no webhook arrives."""
        with provider_books.webhooks_lost(self.world) as lost:
            await self.world.stripe.control("refund_ends", refund=refund["id"], status="failed")
        row = self._account.balance_transactions.objects[refund["failure_balance_transaction"]]
        self._expect(
            f"state:refund_failure:{refund['id']}",
            self._today(),
            (row["currency"], -row["net"]),
            lost=(lost, {refund["id"]}),
        )

    # Stale hold.

    async def _wait_for_bank(self, airline: AirlineProcess) -> None:
        """A customer pays by a bank that does not answer."""
        session, payment = await self._checkout(airline)
        await self._press(session, "pm_usBankAccount_processing")
        self.world.seeded.add(payment)
        state = self.world.log.state(payment)
        due, ends_at = state.due, state.attempts[-1].expires_at
        id = f"stale_hold:{payment}"
        self.expected[id] = Difference(
            id, entries.accounting_day(ends_at), ((due.currency, due.amount),)
        )
        self.due_at[id] = ends_at + STALE_AFTER
        self._slow_sessions[id] = session
        self.figures["stale_hold"] += 1

    async def _press(self, session: str, card: str) -> None:
        assert await self.world.stripe.tried(f"/c/pay/{session}/pay", form=f"card={card}".encode())

    async def _checkout(self, airline: AirlineProcess) -> tuple[str, str]:
        """Return the session of a new booking, and its payment."""
        booking = await airline.book(self._dice.choice(self._seats).flights[0])
        self._requests += 1
        caller = airline.caller(self._requests)
        for _ in range(TRIES_LIMIT):
            try:
                checkout = await open_checkout(airline.ports, caller, booking)
            except AWAY:
                continue
            return checkout.session_id, ids.payment_stream(booking, 1)
        raise AssertionError("Stripe is away for good")

    # Timing.

    async def seed_young(self, airline: AirlineProcess, bookings: Iterable[str]) -> None:
        """Seed what waiting explains: a refund by hand of now, and charges that are not listed."""
        free = self._untouched(bookings)
        if free:
            await self._refund_by_hand(self._dice.choice(free))
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
        found = {self._at(each, now) for each in self.expected.values()}
        for charge in self._unlisted:
            booked_at = self._booked_at(events.PaymentCaptured, charge["id"])
            if charge["balance_transaction"] is None:
                kind = "timing" if now <= booked_at + MISSING_AFTER else "missing_at_stripe"
                amounts = ((charge["currency"].upper(), charge["amount"]),)
                day = entries.accounting_day(booked_at)
                found.add(Difference(f"{kind}:charge:{charge['id']}", day, amounts))
        return found | set(self.payouts(until))

    def _at(self, expected: Difference, now: dt.datetime) -> Difference:
        if now > self.due_at[expected.id]:
            return expected
        _, sources = expected.id.split(":", 1)
        return msgspec.structs.replace(expected, id=f"timing:{sources}")

    async def remedy(self) -> None:
        """The webhooks that were lost arrive after all, as far as Stripe has them, and banks answer."""
        for id, (lost, objects) in self._lost.items():
            if not set(lost) <= self._account.events.objects.keys():
                continue
            for event in lost:
                await self.world.stripe.control("redeliver", event=event)
            self.world.seeded -= objects
            self.world.seeded_differences.subtract(dict(self.expected.pop(id).amounts))
            self.figures["remedied"] += 1
        for id, session in self._slow_sessions.items():
            intent = self._account.sessions.get(session)["payment_intent"]
            answer = self._dice.random() < 0.5
            await self.world.stripe.control("bank_answers", intent=intent, succeeds=answer)
            self.world.seeded.discard(self.expected.pop(id).id.removeprefix("stale_hold:"))

    # Payouts.

    def _take_from_payout(self) -> None:
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

    async def _return_payout(self) -> None:
        """The bank returns a payout that it had booked: this is no break."""
        found = [
            each
            for each in self.bank.received.values()
            if self._account.payouts.objects[each.payout]["status"] == "paid"
            and [line.amount for line in each.lines] == [each.amount]
            and each.lines[0].day <= self.bank.until
        ]
        if found:
            returned = self._dice.choice(found)
            self.bank.give_back(returned)
            await self.world.stripe.control("payout_ends", payout=returned.payout, status="failed")
            self.figures["return_payout"] += 1

    def payouts(self, until: dt.date) -> list[Difference]:
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
                        _day(payout),
                        ((currency, payout["amount"] - listed),),
                    )
                )
        for each in self.bank.received.values():
            if each.arrives_on > until or each.is_returned:
                continue
            lines = [line.amount for line in each.lines if line.day <= until]
            amounts = amounts_of((each.amount, 1), *((amount, -1) for amount in lines))
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

    def _booked_at(self, kind: type[DomainEvent], object_id: str) -> dt.datetime:
        (found,) = [
            each
            for each in self.world.events(kind)
            if object_id
            in (getattr(each.event, name, None) for name in ("provider_refund", "charge"))
        ]
        return found.recorded_at

    def _change(self, sold: Sold, **fields: object) -> None:
        provider_books.change(self._account, sold.transaction["id"], **fields)

    def _expect(
        self,
        id: str,
        day: dt.date,
        *amounts: tuple[str, int],
        due_at: dt.datetime | None = None,
        lost: tuple[list[str], set[str]] | None = None,
    ) -> None:
        """Write down a difference from Stripe; one of a movement of now is timing at first."""
        named = tuple(sorted((currency.upper(), amount) for currency, amount in amounts))
        self.expected[id] = Difference(id, day, named)
        self.due_at[id] = due_at or self.world.clock() + RECORDED_WITHIN
        self.world.seeded_differences.update(dict(named))
        if lost is not None:
            self._lost[id] = lost
            self.world.seeded |= lost[1]

    def _some(self) -> int:
        return self._dice.choice((-1, 1)) * self._dice.randrange(1, 9)

    def _today(self) -> dt.date:
        return entries.accounting_day(self.world.clock())


def _day(row: Json) -> dt.date:
    return entries.accounting_day(dt.datetime.fromtimestamp(row["created"], dt.UTC))


def amounts_of(*signed: tuple[Money, int]) -> tuple[tuple[str, int], ...]:
    sums: Counter[str] = Counter()
    for amount, sign in signed:
        sums[amount.currency] += sign * amount.amount
    return tuple(sorted((currency, amount) for currency, amount in sums.items() if amount))
