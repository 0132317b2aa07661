"""Values of policies about money that count at the instant of a decision, and the launch's.

Amounts are in minor units. What a decision makes of them is recorded with it: a credit has the end
that it was issued with, whatever is published afterwards.
"""

import datetime as dt

import msgspec

from domain.kernel import money
from domain.policies import rejections

# Credits and cards end within ten years; no table has more currencies.
MOST_DAYS = 3_650
CURRENCY_LIMIT = 40
# The least of a card, in steps of what can be charged.
LEAST_STEPS = 50
# No charge of everyday travel is refused as too small.
LEAST_CHARGE_LIMIT = 10_000
# Eight digits are the most that Stripe charges.
MOST = 99_999_999


class CurrencyLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most in one currency, in minor units."""

    currency: str
    most: int


class ApprovalLimits(
    msgspec.Struct,
    frozen=True,
    tag_field="policy",
    tag="approval_limits",
    forbid_unknown_fields=True,
):
    """What one person may grant of one booking in all, in minor units; of other currencies
    nothing.
    """

    limits: tuple[CurrencyLimit, ...]

    def most(self, currency: str) -> int:
        """Return what one person may grant in this currency."""
        return next((each.most for each in self.limits if each.currency == currency), 0)


class CurrencyLeast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The least in one currency, in minor units."""

    currency: str
    least: int


class LeastCharges(
    msgspec.Struct, frozen=True, tag_field="policy", tag="least_charges", forbid_unknown_fields=True
):
    """The least that is charged at once, in minor units; of other currencies their smallest step.

    Stripe refuses less than the equivalent of 0.50 US dollars.
    """

    charges: tuple[CurrencyLeast, ...]

    def least(self, currency: str) -> int:
        """Return the least amount that is charged in this currency."""
        found = (each.least for each in self.charges if each.currency == currency)
        return next(found, money.charge_step(currency))


class NameCorrections(
    msgspec.Struct,
    frozen=True,
    tag_field="policy",
    tag="name_corrections",
    forbid_unknown_fields=True,
):
    """How many letters a correction adds, drops or exchanges, first and last name together: of a
    short name one in `letters_per_correction`, so that it stays that name.
    """

    letter_limit: int
    letters_per_correction: int

    def limit(self, letters: int) -> int:
        """Return how many letters of a name with so many may be corrected."""
        return min(self.letter_limit, max(1, letters // self.letters_per_correction))


class CreditLifetimes(
    msgspec.Struct,
    frozen=True,
    tag_field="policy",
    tag="credit_lifetimes",
    forbid_unknown_fields=True,
):
    """How many days a credit can be spent; and at least, after it came back because of the airline,
    or for another reason, that once: not again of what is spent in it.
    """

    issued_days: int
    returned_days: int
    grace_days: int

    @property
    def issued(self) -> dt.timedelta:
        """How long a credit can be spent that is issued now."""
        return dt.timedelta(days=self.issued_days)

    @property
    def returned(self) -> dt.timedelta:
        """How long at least after it came back because of the airline."""
        return dt.timedelta(days=self.returned_days)

    @property
    def grace(self) -> dt.timedelta:
        """How long at least after it came back for another reason."""
        return dt.timedelta(days=self.grace_days)


class CardAmounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one card may be worth in a currency, least and most in minor units."""

    currency: str
    least: int
    most: int


class GiftCards(
    msgspec.Struct, frozen=True, tag_field="policy", tag="gift_cards", forbid_unknown_fields=True
):
    """Which gift cards are sold, and for how long: an order can be paid, a paid card can be claimed
    and spent, its buyer may have the money back while nobody has claimed it, and at least it lasts
    after a bank has returned what its lost dispute took.
    """

    payable_hours: int
    lifetime_days: int
    refundable_days: int
    reinstated_days: int
    amounts: tuple[CardAmounts, ...]

    @property
    def payable(self) -> dt.timedelta:
        """How long an order can be paid."""
        return dt.timedelta(hours=self.payable_hours)

    @property
    def lifetime(self) -> dt.timedelta:
        """How long a card can be claimed and spent that is paid now."""
        return dt.timedelta(days=self.lifetime_days)

    @property
    def refundable(self) -> dt.timedelta:
        """How long the buyer of a card that is paid now may have the money back."""
        return dt.timedelta(days=self.refundable_days)

    @property
    def reinstated(self) -> dt.timedelta:
        """How long at least a card lasts that a bank has given back now."""
        return dt.timedelta(days=self.reinstated_days)

    @property
    def sold(self) -> dict[str, tuple[int, int]]:
        """The least and the most of a card, by currency."""
        return {each.currency: (each.least, each.most) for each in self.amounts}


# Of all these a decision uses the version that is in force when it is made.
MoneyValue = ApprovalLimits | NameCorrections | CreditLifetimes | GiftCards | LeastCharges

APPROVAL_LIMITS = ApprovalLimits(
    (
        CurrencyLimit("SAR", 5_000_00),
        CurrencyLimit("KWD", 400_000),
        CurrencyLimit("JPY", 200_000),
    )
)
# Stripe lists 50 yen; riyals and dinars are the airline's, above the equivalent.
LEAST_CHARGES = LeastCharges(
    (CurrencyLeast("SAR", 2_00), CurrencyLeast("KWD", 200), CurrencyLeast("JPY", 50))
)
NAME_CORRECTIONS = NameCorrections(letter_limit=3, letters_per_correction=3)
# The airline has to confirm these.
CREDIT_LIFETIMES = CreditLifetimes(issued_days=365, returned_days=90, grace_days=14)
GIFT_CARDS = GiftCards(
    payable_hours=24,
    lifetime_days=365,
    refundable_days=14,
    reinstated_days=90,
    amounts=(
        CardAmounts("SAR", 50_00, 5_000_00),
        CardAmounts("KWD", 5_000, 400_000),
        CardAmounts("JPY", 2_000, 200_000),
    ),
)


def require_valid(value: MoneyValue) -> None:
    """The value is one that its policy may have; otherwise InvalidPolicy."""
    match value:
        case ApprovalLimits():
            require_currencies("value.limits", [each.currency for each in value.limits])
            for each in value.limits:
                require_within("value.limits", each.most, 0, MOST)
        case LeastCharges():
            require_currencies("value.charges", [each.currency for each in value.charges])
            for charge in value.charges:
                require_within("value.charges", charge.least, 1, LEAST_CHARGE_LIMIT)
        case NameCorrections():
            require_within("value.letterLimit", value.letter_limit, 1, 10)
            require_within("value.lettersPerCorrection", value.letters_per_correction, 1, 30)
        case CreditLifetimes():
            require_within("value.issuedDays", value.issued_days, 1, MOST_DAYS)
            require_within("value.returnedDays", value.returned_days, 0, MOST_DAYS)
            require_within("value.graceDays", value.grace_days, 0, MOST_DAYS)
        case GiftCards():
            _require_cards(value)


def _require_cards(value: GiftCards) -> None:
    """Each amount can be charged; the money comes back no longer than the card lasts."""
    require_within("value.payableHours", value.payable_hours, 1, 168)
    require_within("value.lifetimeDays", value.lifetime_days, 1, MOST_DAYS)
    require_within("value.refundableDays", value.refundable_days, 0, value.lifetime_days)
    require_within("value.reinstatedDays", value.reinstated_days, 0, MOST_DAYS)
    require_currencies("value.amounts", [each.currency for each in value.amounts])
    for each in value.amounts:
        step = money.charge_step(each.currency)
        require_within("value.amounts", each.least, step * LEAST_STEPS, MOST)
        require_within("value.amounts", each.most, each.least, MOST)
        if each.least % step or each.most % step:
            raise rejections.InvalidPolicy(
                field="value.amounts", reason="not_chargeable", currency=each.currency
            )


def require_currencies(field: str, currencies: list[str]) -> None:
    """Each currency exists and is in the table once; otherwise InvalidPolicy."""
    if len(currencies) > CURRENCY_LIMIT:
        raise rejections.InvalidPolicy(field=field, reason="table_too_long", limit=CURRENCY_LIMIT)
    if len(set(currencies)) < len(currencies):
        raise rejections.InvalidPolicy(field=field, reason="twice_in_the_table")
    for each in currencies:
        if not money.is_currency(each):
            raise rejections.InvalidPolicy(field=field, reason="unknown_currency", currency=each)


def require_within(field: str, figure: int, least: int, most: int) -> None:
    """The figure is from `least` to `most`; otherwise InvalidPolicy."""
    if not least <= figure <= most:
        raise rejections.InvalidPolicy(
            field=field, reason="figure_out_of_range", least=least, most=most
        )
