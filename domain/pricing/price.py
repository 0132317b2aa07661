"""A price: its lines by kind, and their sum."""

from typing import Literal

import msgspec

from domain.kernel import money

LineKind = Literal["fare", "vat", "charge"]
PassengerType = Literal["ADT", "CHD", "INF"]


class PriceLine(msgspec.Struct, frozen=True):
    """One line for all passengers of a type; `amount` in minor units of the price's currency."""

    kind: LineKind
    passenger_type: PassengerType
    passenger_count: int
    amount: int


class Price(msgspec.Struct, frozen=True):
    """Lines in one currency."""

    currency: str
    lines: tuple[PriceLine, ...]

    def total(self) -> money.Money:
        """The amount due (P1)."""
        return money.Money(sum(line.amount for line in self.lines), self.currency)

    def of(self, kind: LineKind) -> money.Money:
        """The sum of the lines of a kind."""
        amount = sum(line.amount for line in self.lines if line.kind == kind)
        return money.Money(amount, self.currency)
