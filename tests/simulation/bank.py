"""The bank: it books each payout some days after it should arrive, now and then wrongly.

Its statements are files of whole days, with lines about others between those from Stripe.
"""

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal

import msgspec

from domain.kernel import money
from domain.kernel.money import Money
from infrastructure.bank_files.statement import read_statement
from infrastructure.stripe_simulator.configuration import Json
from tests.simulation.world import World

DAY = dt.timedelta(days=1)
# A weekend at most.
LATE_DAYS = 3
STRANGE_TEXT = "STRIPE ADJUSTMENT"


class Line(msgspec.Struct, frozen=True):
    """A line that the bank prints on a day."""

    day: dt.date
    amount: Money
    text: str

    def row(self) -> str:
        """Return it in the form of a CSV statement."""
        figure = Decimal(self.amount.amount).scaleb(-money.exponent(self.amount.currency))
        return f"{self.day},{figure:f},{self.amount.currency},{self.text}\n"


class Received(msgspec.Struct):
    """A payout, the days on which it should arrive and does, and what the bank prints for it."""

    payout: str
    amount: Money
    created_at: dt.datetime
    arrives_on: dt.date
    lines: list[Line]
    is_returned: bool = False


class Bank:
    """`wrong` are the mistakes that it will still make, in this order."""

    def __init__(self, world: World, dice: random.Random, wrong: list[str]) -> None:
        self.until = world.clock().date() - DAY
        self.received: dict[str, Received] = {}
        self.strangers: list[Line] = []
        self.made: list[str] = []
        self._wrong = wrong
        self._world = world
        self._dice = dice
        self._mistakes: dict[str, Callable[[Received], None]] = {
            "missing": lambda each: each.lines.clear(),
            "short": self._short,
            "twice": lambda each: each.lines.append(each.lines[0]),
            "foreign": self._foreign,
            "foreign beside it": self._foreign_beside,
            "stranger": lambda each: self.strangers.append(self._stranger(each)),
            "in two parts": self._in_two_parts,
        }

    def statement(self, until: dt.date, *, hurried: bool = False) -> bytes | None:
        """Return the file of all days since the last one until this one; None without any.

        `hurried`: it makes the mistakes that are left, as far as there are payouts.
        """
        if until <= self.until:
            return None
        for payout in self._world.stripe.account.payouts.objects.values():
            if payout["status"] == "paid" and payout["id"] not in self.received:
                self._receive(payout, hurried=hurried)
        printed = [
            line
            for each in self.received.values()
            for line in each.lines
            if self._is_due(line, until)
        ] + [line for line in self.strangers if self._is_due(line, until)]
        days = [self.until + DAY * number for number in range(1, (until - self.until).days + 1)]
        salaries = [Line(day, Money(-1_000, "SAR"), "Salary of a person") for day in days]
        self.until = until
        rows = [line.row() for line in [*printed, *salaries]]
        self._dice.shuffle(rows)
        return ("date,amount,currency,text\n" + "".join(rows)).encode()

    def return_money(self, received: Received) -> None:
        """Return the money of a payout by a line of the next day."""
        (line,) = received.lines
        received.lines.append(
            msgspec.structs.replace(line, day=self.until + DAY, amount=-line.amount)
        )

    def _is_due(self, line: Line, until: dt.date) -> bool:
        return self.until < line.day <= until

    def _receive(self, payout: Json, *, hurried: bool) -> None:
        arrives_on = dt.datetime.fromtimestamp(payout["arrival_date"], dt.UTC).date()
        day = max(arrives_on + DAY * self._dice.randrange(LATE_DAYS + 1), self.until + DAY)
        amount = Money(payout["amount"], payout["currency"].upper())
        printed = self._dice.choice((payout["id"], payout["trace_id"]["value"].upper()))
        received = Received(
            payout=payout["id"],
            amount=amount,
            created_at=dt.datetime.fromtimestamp(payout["created"], dt.UTC),
            arrives_on=arrives_on,
            lines=[Line(day, amount, f"STRIPE PAYOUT {printed}")],
        )
        self.received[payout["id"]] = received
        if self._wrong and (hurried or self._dice.random() < 0.6):
            self.made.append(self._wrong.pop(0))
            self._mistakes[self.made[-1]](received)

    def _short(self, received: Received) -> None:
        (line,) = received.lines
        less = Money(self._dice.randrange(1, 9), line.amount.currency)
        received.lines = [msgspec.structs.replace(line, amount=line.amount - less)]

    def _foreign(self, received: Received) -> None:
        (line,) = received.lines
        other = Money(line.amount.amount, "USD")
        received.lines = [msgspec.structs.replace(line, amount=other)]

    def _foreign_beside(self, received: Received) -> None:
        (line,) = received.lines
        fee = Money(-self._dice.randrange(1, 9), "USD")
        received.lines = [line, msgspec.structs.replace(line, amount=fee)]

    def _in_two_parts(self, received: Received) -> None:
        """No mistake: the bank corrects itself on the same day."""
        (line,) = received.lines
        part = Money(self._dice.randrange(1, 9), line.amount.currency)
        received.lines = [
            msgspec.structs.replace(line, amount=line.amount - part),
            msgspec.structs.replace(line, amount=part),
        ]

    def _stranger(self, received: Received) -> Line:
        amount = Money(self._dice.randrange(1, 9_999), received.amount.currency)
        return Line(received.lines[0].day, amount, f"{STRANGE_TEXT} {len(self.strangers)}")


def name_of(line: Line) -> str:
    """Return the id of the line, which is the hash of what is printed."""
    (read,) = read_statement(f"date,amount,currency,text\n{line.row()}".encode()).lines
    return read.id
