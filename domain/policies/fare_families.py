"""Fare families: the brands of each cabin with their conditions, as the value of a policy.

A family is sold as the fare classes that it names; one family of each cabin names none, and has
all its other classes. What a family leaves out is as the policies about fees, and the fare class,
say.
"""

import re
from collections import Counter
from typing import Literal

import msgspec

from domain.policies import bands, rejections
from domain.policies.bands import FeeBand

FAMILY_LIMIT = 20
NAME_LENGTH = 40
MOST_PIECES = 10
# The heaviest bag that a handler lifts (IATA).
HEAVIEST_KILOGRAMS = 32
# The launch's cabins: economy and business.
CABINS = ("Y", "J")
_CODE = re.compile(r"[A-Z][A-Z0-9]{0,11}")
_FARE_CLASS = re.compile(r"[A-Z]")
# With the letter of the class before it, a fare basis has at most eight characters (IATA).
_FARE_BASIS = re.compile(r"[A-Z0-9]{1,7}")


class BaggageAllowance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pieces of a passenger with a seat, and what each of them may weigh, in kilograms."""

    checked_pieces: int
    checked_kilograms: int
    cabin_pieces: int
    cabin_kilograms: int


class FamilyName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What travellers read."""

    en: str
    ar: str


class FareFamily(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A brand of a cabin.

    `fare_basis` follows the letter of the class on tickets. `cancellation` and `modification` are
    bands of fees in place of those of the policies; `after_departure_percent` belongs to the bands
    of cancellations. Who bought a fare that is not `modifiable` may change it only where the
    airline has disrupted the flight or waives the price. `residue` is where money goes when a
    change is cheaper, in place of the rule of the fare class.
    """

    code: str
    name: FamilyName
    cabin: Literal["Y", "J"]
    fare_basis: str
    baggage: BaggageAllowance
    fare_classes: tuple[str, ...] = ()
    modifiable: bool = True
    cancellation: tuple[FeeBand, ...] | None = None
    after_departure_percent: int = 100
    modification: tuple[FeeBand, ...] | None = None
    residue: Literal["cash", "credit"] | None = None


class FareFamilies(
    msgspec.Struct,
    frozen=True,
    tag_field="policy",
    tag="fare_families",
    forbid_unknown_fields=True,
):
    """The brands of each cabin, with baggage, fare basis and, where they differ from the rest of
    the book, their fees, whether they may be changed, and where the money of a cheaper change goes.
    """

    families: tuple[FareFamily, ...]

    def family_of(self, cabin: str, fare_class: str) -> FareFamily:
        """Return the family that a class of a cabin is sold as."""
        in_cabin = [each for each in self.families if each.cabin == cabin]
        for each in in_cabin:
            if fare_class in each.fare_classes:
                return each
        return next(each for each in in_cabin if not each.fare_classes)


# Figures of the airline since the launch, when a cabin was sold as one brand: one bag of 23 kg in
# economy, two of 32 kg in business, and a piece of 7 kg or two for the cabin.
LAUNCH_FAMILIES = FareFamilies(
    (
        FareFamily(
            code="ECONOMY",
            name=FamilyName("Economy", "السياحية"),
            cabin="Y",
            fare_basis="OW",
            baggage=BaggageAllowance(1, 23, 1, 7),
        ),
        FareFamily(
            code="BUSINESS",
            name=FamilyName("Business", "رجال الأعمال"),
            cabin="J",
            fare_basis="OW",
            baggage=BaggageAllowance(2, 32, 2, 7),
        ),
    )
)


def require_valid(value: FareFamilies) -> None:
    """Each class of each cabin belongs to one family, whose conditions are possible; otherwise
    InvalidPolicy.
    """
    if len(value.families) > FAMILY_LIMIT:
        raise _refused("too_many_families", limit=FAMILY_LIMIT)
    for each in value.families:
        _require_family(each)
    codes = Counter(each.code for each in value.families)
    if any(count > 1 for count in codes.values()):
        raise _refused("family_twice", code=codes.most_common(1)[0][0])
    for cabin in CABINS:
        in_cabin = [each for each in value.families if each.cabin == cabin]
        classes = Counter(letter for each in in_cabin for letter in each.fare_classes)
        if any(count > 1 for count in classes.values()):
            raise _refused("class_in_two_families", fareClass=classes.most_common(1)[0][0])
        if sum(not each.fare_classes for each in in_cabin) != 1:
            raise _refused("no_family_of_the_rest", cabin=cabin)


def _require_family(family: FareFamily) -> None:
    names = (family.name.en, family.name.ar)
    if (
        not _CODE.fullmatch(family.code)
        or not _FARE_BASIS.fullmatch(family.fare_basis)
        or not all(_FARE_CLASS.fullmatch(each) for each in family.fare_classes)
        or not all(0 < len(each) <= NAME_LENGTH and each.isprintable() for each in names)
    ):
        raise _refused("family_malformed", code=family.code[:NAME_LENGTH])
    bags = family.baggage
    pieces, weights = (
        (bags.checked_pieces, bags.cabin_pieces),
        (bags.checked_kilograms, bags.cabin_kilograms),
    )
    if not all(0 <= each <= MOST_PIECES for each in pieces) or not all(
        0 <= each <= HEAVIEST_KILOGRAMS for each in weights
    ):
        raise _refused("baggage_out_of_range", code=family.code)
    percents = [family.after_departure_percent]
    for table in (family.cancellation, family.modification):
        if table is not None:
            bands.require_valid(table, field="value.families")
            percents += [each.percent for each in table]
    bands.require_percents(percents, field="value.families")


def _refused(reason: str, **facts: str | int) -> rejections.InvalidPolicy:
    return rejections.InvalidPolicy(field="value.families", reason=reason, **facts)
