"""Lines of a tax document by category, and which of them are credited or debited.

T4  Amounts in a document are never negative: what a booking costs less is credited, what it costs
    more is debited, each in a document of its own.

Sources: EN 16931 (categories S, Z, O), ZATCA e-invoicing (reasons VATEX-SA-…), KSA VAT
implementing regulations, article 34 (carriage abroad).
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

# Standard rate, zero rate, and outside the scope of the kingdom's tax.
Category = Literal["S", "Z", "O"]
LineKind = Literal["fare", "extra", "charge", "fee", "goodwill", "difference"]

CATEGORIES: tuple[Category, ...] = ("S", "Z", "O")
PASSENGER_CARRIAGE = "VATEX-SA-34-2"
CARRIAGE_EXTRAS = "VATEX-SA-34-3"
OUT_OF_SCOPE = "VATEX-SA-OOS"
REASONS: dict[str, str] = {
    PASSENGER_CARRIAGE: "international transport of passengers",
    CARRIAGE_EXTRAS: (
        "services directly connected and incidental to a Supply of "
        "international passenger transport"
    ),
    OUT_OF_SCOPE: "Not subject to VAT",
}


class TaxLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line: `net` without tax and `vat`, in minor units of the document's currency.

    `flight` where the line belongs to one flight; None where several are summed up. `code` is that
    of a charge by the airline's table of taxes; None for the charge of the launch.
    """

    kind: LineKind
    category: Category
    net: int
    vat: int
    flight: str | None = None
    code: str | None = None

    @property
    def total(self) -> int:
        """The amount with its tax."""
        return self.net + self.vat

    @property
    def reason(self) -> str | None:
        """The code of why no tax is due (VATEX); None where it is due."""
        if self.category == "S":
            return None
        if self.category == "O":
            return OUT_OF_SCOPE
        return CARRIAGE_EXTRAS if self.kind == "extra" else PASSENGER_CARRIAGE


class Subtotal(msgspec.Struct, frozen=True):
    """The lines of one category together, in minor units; `reason` as of a line."""

    category: Category
    reason: str | None
    net: int
    vat: int


def subtotals(lines: Sequence[TaxLine]) -> tuple[Subtotal, ...]:
    """Return the sums by category, in the order of CATEGORIES.

    One for each category, as EN 16931 has it (BR-Z-08): extras that are sold with carriage have its
    reason, as parts of one supply; their own is that of a document about extras alone.
    """
    found = []
    for category in CATEGORIES:
        of = [line for line in lines if line.category == category]
        if of:
            main = next((line for line in of if line.kind != "extra"), of[0])
            net, vat = sum(line.net for line in of), sum(line.vat for line in of)
            found.append(Subtotal(category, main.reason, net, vat))
    return tuple(found)


def credited_and_debited(
    change: Iterable[TaxLine],
) -> tuple[tuple[TaxLine, ...], tuple[TaxLine, ...]]:
    """Return what a change of the price takes back, as positive amounts, and what it adds (T4).

    A category in which some lines fall and others rise is summed up in one line: a cancellation
    credits what is refunded, not the price with a debit for the fee.
    """
    credited: list[TaxLine] = []
    debited: list[TaxLine] = []
    change = [line for line in change if line.net or line.vat]
    for category in CATEGORIES:
        lines = [line for line in change if line.category == category]
        if _mixed(lines):
            net, vat = sum(line.net for line in lines), sum(line.vat for line in lines)
            lines = [TaxLine("difference", category, net, vat)]
        for line in lines:
            down, up = (_part(line, sign) for sign in (-1, 1))
            credited += [down] if down.net or down.vat else []
            debited += [up] if up.net or up.vat else []
    return tuple(credited), tuple(debited)


def _mixed(lines: Sequence[TaxLine]) -> bool:
    amounts = [amount for line in lines for amount in (line.net, line.vat)]
    return min(amounts, default=0) < 0 < max(amounts, default=0)


def _part(line: TaxLine, sign: int) -> TaxLine:
    """Return what of the line goes in this direction, as positive amounts."""
    net, vat = max(0, sign * line.net), max(0, sign * line.vat)
    return msgspec.structs.replace(line, net=net, vat=vat)
