"""Each kind of break: how it comes about behind our back, and what must be found of it then."""

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable

import msgspec

from application.settlement.sweep_transactions import CHECKPOINT
from domain.kernel import entries
from domain.kernel.events import DomainEvent
from domain.kernel.money import Money
from domain.payment.events import RefundAccepted
from infrastructure.stripe_simulator.configuration import Json
from tests.simulation import provider_books
from tests.simulation.customers import DAY, HOUR
from tests.simulation.world import World

OTHER_CURRENCY = {"sar": "kwd", "kwd": "jpy", "jpy": "sar"}
# What docs/explanation/reconciliation.md promises: from then on a break is no longer timing.
RECORDED_WITHIN = dt.timedelta(hours=1)
MISSING_AFTER = dt.timedelta(days=3)
STALE_AFTER = dt.timedelta(hours=2)
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
    booking: str
    booked_at: dt.datetime

    @property
    def day(self) -> dt.date:
        """The day on which Stripe listed it."""
        return day_of(self.transaction)


class Lost(msgspec.Struct, frozen=True):
    """The events that did not arrive, and what at Stripe is as we know it once they do."""

    events: list[str]
    objects: set[str]


class BreakSeeds:
    """The kinds that are seeded into a charge or a refund; `expected` is what must be found.

    `due_at` is when each is found in its class: before, it is timing. `lost` are those that are
    there because webhooks never arrived.
    """

    def __init__(self, world: World, dice: random.Random) -> None:
        self.expected: dict[str, Difference] = {}
        self.due_at: dict[str, dt.datetime] = {}
        self.lost: dict[str, Lost] = {}
        self._world = world
        self._dice = dice
        self._account = world.stripe.account
        self.into_charges: list[Callable[[Sold], object]] = [
            self._vanish, self.refund_by_hand, self._charge_elsewhere, self._adjust,
            self._change_amount, self._change_fee, self._change_currency, self._settle_elsewhere,
            self._charge_twice, self._list_twice, self._dispute, self._dispute, self._list_late,
            self.refund_by_hand, self._reported_refund_by_hand,
        ]  # fmt: skip
        self.into_refunds: list[Callable[[Json], object]] = [
            self._fail_refund, self._vanish_refund,
        ]  # fmt: skip

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
        booked_at = self.booked_at(RefundAccepted, refund["id"])
        self._expect(
            f"missing_at_stripe:refund:{refund['id']}",
            entries.accounting_day(booked_at),
            (row["currency"], row["net"]),
            due_at=booked_at + MISSING_AFTER,
        )

    # Missing in the ledger.

    async def refund_by_hand(self, sold: Sold) -> None:
        """A part is refunded at the dashboard, and no webhook arrives."""
        part = self._part(sold)
        charge = sold.charge["id"]
        with provider_books.webhooks_lost(self._world) as lost:
            made = await self._world.stripe.control("refunds", charge=charge, amount=part)
        self._world.seeded.add(made["id"])
        self._expect(
            f"missing_in_ledger:refund:{made['id']}",
            self._today(),
            (sold.transaction["currency"], part),
            lost=Lost(lost, set()),
        )

    async def _reported_refund_by_hand(self, sold: Sold) -> None:
        """As before, but the webhooks arrive: this is no break."""
        made = await self._world.stripe.control(
            "refunds", charge=sold.charge["id"], amount=self._part(sold)
        )
        self._world.seeded.add(made["id"])

    def _list_late(self, sold: Sold) -> None:
        """Stripe lists a fee among others that were read long before."""
        read_until = self._world.checkpoints.positions[CHECKPOINT]
        row = provider_books.list_again(
            self._account, sold.transaction, amount=-self._dice.randrange(1, 9), fee=0,
            source=None, type="stripe_fee", reporting_category="fee",
            created=read_until - HOUR, available_on=read_until + NEVER_SECONDS, status="pending",
        )  # fmt: skip
        self._expect(
            f"missing_in_ledger:fee:{row['id']}", day_of(row), (row["currency"], -row["amount"])
        )

    def _charge_elsewhere(self, sold: Sold) -> None:
        """Another program charges on the same account."""
        charge, row = provider_books.charge_again(
            self._account, sold.charge, payment_intent=None, metadata={}
        )
        self._world.seeded.add(charge["id"])
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
        self._world.seeded.add(sold.charge["id"])

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
        self._world.seeded.add(charge["id"])
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
        with provider_books.webhooks_lost(self._world) as lost:
            made = await self._world.stripe.control(
                "disputes", charge=sold.charge["id"], due_seconds=NEVER_SECONDS
            )
        (row,) = made["balance_transactions"]
        self._expect(
            f"state:dispute:{row['id']}",
            self._today(),
            (row["currency"], -row["net"]),
            lost=Lost(lost, {made["id"], row["id"]}),
        )

    async def _fail_refund(self, refund: Json) -> None:
        """The bank returns the money of a refund, and no webhook arrives."""
        with provider_books.webhooks_lost(self._world) as lost:
            await self._world.stripe.control("refund_ends", refund=refund["id"], status="failed")
        row = self._account.balance_transactions.objects[refund["failure_balance_transaction"]]
        self._expect(
            f"state:refund_failure:{refund['id']}",
            self._today(),
            (row["currency"], -row["net"]),
            lost=Lost(lost, {refund["id"]}),
        )

    def booked_at(self, kind: type[DomainEvent], object_id: str) -> dt.datetime:
        (found,) = [
            each
            for each in self._world.events(kind)
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
        lost: Lost | None = None,
    ) -> None:
        """Write down a difference from Stripe; one of a movement of now is timing at first."""
        named = tuple(sorted((currency.upper(), amount) for currency, amount in amounts))
        self.expected[id] = Difference(id, day, named)
        self.due_at[id] = due_at or self._world.clock() + RECORDED_WITHIN
        self._world.seeded_differences.update(dict(named))
        if lost is not None:
            self.lost[id] = lost
            self._world.seeded |= lost.objects

    def _part(self, sold: Sold) -> int:
        """A part of the charge that Stripe refunds, also of a currency with three decimals."""
        most: int = sold.charge["amount"] // 10
        return 10 * self._dice.randint(1, min(50, most))

    def _some(self) -> int:
        return self._dice.choice((-1, 1)) * self._dice.randrange(1, 9)

    def _today(self) -> dt.date:
        return entries.accounting_day(self._world.clock())


def class_of(id: str) -> str:
    """Return the class of a break by its id."""
    return id.split(":")[0]


def day_of(row: Json) -> dt.date:
    return entries.accounting_day(dt.datetime.fromtimestamp(row["created"], dt.UTC))


def amounts_of(*signed: tuple[Money, int]) -> tuple[tuple[str, int], ...]:
    sums: Counter[str] = Counter()
    for amount, sign in signed:
        sums[amount.currency] += sign * amount.amount
    return tuple(sorted((currency, amount) for currency, amount in sums.items() if amount))
