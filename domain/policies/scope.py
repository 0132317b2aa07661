"""Which sales a version applies to: every field that is given must be met, none given is all."""

import re
from collections.abc import Collection
from typing import Literal

import msgspec

from domain.policies import rejections

Market = Literal["domestic", "international"]


class Sale(msgspec.Struct, frozen=True):
    """What is sold: a segment of a journey in a currency; the route as `RUH-JED`."""

    market: Market
    route: str
    cabin: str
    fare_class: str
    currency: str


# What the scopes of a policy that is the same for all sales are compared with.
ANY_SALE = Sale(market="domestic", route="", cabin="", fare_class="", currency="")


class Scope(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The sales that a version applies to; a field that is absent admits any.

    The route is origin and destination such as `RUH-JED`, in this direction.
    """

    market: Market | None = None
    route: str | None = None
    cabin: str | None = None
    fare_class: str | None = None
    currency: str | None = None

    @property
    def specificity(self) -> int:
        """How many fields are given: of the versions that apply, the one with most counts."""
        return sum(each is not None for each in _fields(self))

    def covers(self, sale: Sale) -> bool:
        """Whether the sale meets every field that is given."""
        sold = (sale.market, sale.route, sale.cabin, sale.fare_class, sale.currency)
        return all(
            wanted is None or wanted == found
            for wanted, found in zip(_fields(self), sold, strict=True)
        )

    def overlaps(self, other: "Scope") -> bool:
        """Whether a sale could meet both: no field is given in both with different values."""
        return all(
            mine is None or theirs is None or mine == theirs
            for mine, theirs in zip(_fields(self), _fields(other), strict=True)
        )


EVERYWHERE = Scope()
_FORMS = {
    "route": re.compile(r"[A-Z]{3}-[A-Z]{3}"),
    "cabin": re.compile(r"[YJ]"),
    "fare_class": re.compile(r"[A-Z]"),
    "currency": re.compile(r"[A-Z]{3}"),
}


def require_valid(scope: Scope, *, only: Collection[str] | None = None) -> None:
    """Every field that is given has its form and is one of `only`; otherwise InvalidPolicy."""
    for name, text in zip(Scope.__struct_fields__, _fields(scope), strict=True):
        if text is not None and only is not None and name not in only:
            raise rejections.InvalidPolicy(field="scope", reason="scope_not_of_policy", name=name)
    for name, form in _FORMS.items():
        text = getattr(scope, name)
        if text is not None and not form.fullmatch(text):
            raise rejections.InvalidPolicy(field="scope", reason="scope_malformed", name=name)


def _fields(scope: Scope) -> tuple[str | None, ...]:
    return (scope.market, scope.route, scope.cabin, scope.fare_class, scope.currency)
