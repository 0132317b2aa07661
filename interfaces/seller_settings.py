"""The settings of tax documents: the seller that they name, and rates of other currencies.

The values here are those of the demo: no such company is registered.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated

import msgspec

from domain.invoicing.parties import (
    BUILDING_PATTERN,
    POSTAL_CODE_PATTERN,
    REGISTRATION_PATTERN,
    SELLER_NAME_LENGTH,
    VAT_NUMBER_PATTERN,
    Address,
    Seller,
)
from domain.invoicing.rates import TaxRate, displayed
from domain.kernel.money import is_currency
from interfaces.operations_settings import OperationsSettings

SellerName = Annotated[str, msgspec.Meta(min_length=1, max_length=SELLER_NAME_LENGTH)]
AddressText = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
RATE_DECIMALS = 6


class RateOfTax:
    """The value of a currency in riyals since a day, as `KWD 12.21 2026-01-01 SAMA`."""

    __slots__ = ("rate",)

    def __init__(self, text: str) -> None:
        currency, riyals, since, source = text.split(maxsplit=3)
        whole, _, fraction = riyals.partition(".")
        if not is_currency(currency) or not whole.isdecimal() or len(fraction) > RATE_DECIMALS:
            raise ValueError(text)
        millionths = int(whole + fraction.ljust(RATE_DECIMALS, "0"))
        if not millionths:
            raise ValueError(text)
        self.rate = TaxRate(currency, millionths, dt.date.fromisoformat(since), source)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RateOfTax) and self.rate == other.rate

    def __hash__(self) -> int:
        return hash(self.rate)

    def __repr__(self) -> str:
        rate = self.rate
        return f"{rate.currency} {displayed(rate)} {rate.since} {rate.source}"


# For the demo: an airline that sells in other currencies sets the rates of the central bank.
DEMO_TAX_RATES = (
    RateOfTax("KWD 12.21 2026-01-01 demo"),
    RateOfTax("JPY 0.0245 2026-01-01 demo"),
)


# Settings are one struct, which has one parent: it has those of operation through this one.
class SellerSettings(OperationsSettings, frozen=True, kw_only=True):
    """The seller by its registered names, numbers and national address, and the rates of tax."""

    seller_name: SellerName = "Rimal Air Company"
    seller_arabic_name: SellerName = "شركة طيران رمال"
    seller_vat_number: Annotated[str, msgspec.Meta(pattern=VAT_NUMBER_PATTERN)] = "300000000000003"
    seller_registration: Annotated[str, msgspec.Meta(pattern=REGISTRATION_PATTERN)] = "1010000000"
    seller_street: AddressText = "طريق الملك فهد"
    seller_building: Annotated[str, msgspec.Meta(pattern=BUILDING_PATTERN)] = "1234"
    seller_district: AddressText = "العليا"
    seller_city: AddressText = "الرياض"
    seller_postal_code: Annotated[str, msgspec.Meta(pattern=POSTAL_CODE_PATTERN)] = "12211"
    tax_rates: tuple[RateOfTax, ...] = DEMO_TAX_RATES

    @property
    def seller(self) -> Seller:
        """Return the seller as tax documents name it."""
        return Seller(
            name=self.seller_name,
            arabic_name=self.seller_arabic_name,
            vat_number=self.seller_vat_number,
            registration=self.seller_registration,
            address=Address(
                street=self.seller_street,
                building=self.seller_building,
                district=self.seller_district,
                city=self.seller_city,
                postal_code=self.seller_postal_code,
            ),
        )


# What each setting means, and the form of its text where that is not obvious.
SELLER_ABOUT: Mapping[str, tuple[str, str]] = {
    "seller_name": ("registered name of the airline on tax documents, in English", ""),
    "seller_arabic_name": ("registered name of the airline on tax documents, in Arabic", ""),
    "seller_vat_number": (
        "VAT registration number of the airline",
        "15 digits, the first and last a 3",
    ),
    "seller_registration": ("commercial registration (CR) of the airline", "ten digits"),
    "seller_street": ("street of the airline's national address", ""),
    "seller_building": ("building number of that address", "four digits"),
    "seller_district": ("district of that address", ""),
    "seller_city": ("city of that address", ""),
    "seller_postal_code": ("postal code of that address", "five digits"),
    "tax_rates": (
        "value of other currencies in riyals, by which tax documents state the tax of their sales",
        "rates such as `KWD 12.21 2026-01-01 SAMA`, separated by commas",
    ),
}
