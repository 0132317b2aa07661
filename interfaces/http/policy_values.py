"""What a version of a policy says, as staff write and read it: the members of all policies."""

import datetime as dt
from typing import Annotated, Literal

import msgspec

from interfaces.http import wire

Route = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}-[A-Z]{3}$(?!\n)")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Country = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$(?!\n)")]
Figure = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
FamilyText = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
IsoWeekday = Annotated[int, msgspec.Meta(ge=1, le=7)]


class PolicyBandRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """With at least `fromHours` before departure, so many percent are kept."""

    from_hours: Annotated[int, msgspec.Meta(ge=0, le=8784)]
    percent: Percent


class PolicyExtraRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What an extra costs in a currency, in minor units without tax."""

    code: Annotated[str, msgspec.Meta(max_length=12)]
    currency: Currency
    net: Annotated[int, msgspec.Meta(ge=1, le=99_999_999)]


class PolicyTaxRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What is collected for an authority, per departure, arrival or coupon, from each passenger of
    these types; no airports are all, and no kind of travel is any.
    """

    code: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{2}$(?!\n)")]
    authority: Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Z0-9-]{1,15}$(?!\n)")]
    per: Literal["departure", "arrival", "coupon"]
    amount: Annotated[int, msgspec.Meta(ge=1, le=9_999_999)]
    currency: Currency
    travel: Literal["domestic", "international"] | None = None
    airports: Annotated[list[wire.AirportCode], msgspec.Meta(max_length=100)] = []
    passengers: Annotated[list[wire.PassengerType], msgspec.Meta(min_length=1, max_length=3)] = (
        msgspec.field(default_factory=lambda: ["ADT", "CHD"])
    )
    refundable: bool = True
    travel_from: dt.date | None = None
    travel_until: dt.date | None = None


class PolicyLimitRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The most in a currency, in minor units."""

    currency: Currency
    most: Annotated[int, msgspec.Meta(ge=0, le=99_999_999)]


class PolicyCardRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What a gift card may be worth in a currency, in minor units."""

    currency: Currency
    least: Annotated[int, msgspec.Meta(ge=1, le=99_999_999)]
    most: Annotated[int, msgspec.Meta(ge=1, le=99_999_999)]


class PolicyChargeRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The least that is charged at once in a currency, in minor units."""

    currency: Currency
    least: Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class PolicyCompensationRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What is owed where all limits are met: an amount in its currency, or percent of the fare."""

    cause: Literal["cancelled", "delayed", "denied_boarding"]
    amount: Annotated[int, msgspec.Meta(ge=1, le=99_999_999)] | None = None
    currency: Currency | None = None
    percent: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 0
    delay_hours: Figure = 0
    notice_hours: Figure | None = None
    distance_km: Figure | None = None


class PolicyRegimeRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The law of some countries from a day on; the first row of a cause that applies counts."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2,6}[0-9]{0,4}$(?!\n)")]
    since: dt.date
    origins: Annotated[list[Country], msgspec.Meta(max_length=250)]
    destinations: Annotated[list[Country], msgspec.Meta(max_length=250)]
    excused: Annotated[
        list[Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z_]{1,29}$(?!\n)")]],
        msgspec.Meta(max_length=20),
    ]
    bands: Annotated[list[PolicyCompensationRequest], msgspec.Meta(max_length=40)]


class PolicyAirportRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """How long passengers need between two flights at an airport."""

    airport: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
    minutes: Figure


Bands = Annotated[list[PolicyBandRequest], msgspec.Meta(max_length=12)]


class PolicyFamilyNameRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What travellers read."""

    en: FamilyText
    ar: FamilyText


class PolicyBaggageRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Bags of a passenger with a seat, in the hold and in the cabin, and what each may weigh."""

    checked_pieces: Annotated[int, msgspec.Meta(ge=0, le=10)]
    checked_kilograms: Annotated[int, msgspec.Meta(ge=0, le=32)]
    cabin_pieces: Annotated[int, msgspec.Meta(ge=0, le=10)]
    cabin_kilograms: Annotated[int, msgspec.Meta(ge=0, le=32)]


class PolicyFamilyRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A brand of a cabin, by its code (Y or J). One family of each cabin names no `fareClasses`: it
    has all that no other has. Fees and `residue` that are null are those of the other policies, and
    of the fare class."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Z0-9]{0,11}$(?!\n)")]
    name: PolicyFamilyNameRequest
    cabin: Literal["Y", "J"]
    fare_basis: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,7}$(?!\n)")]
    baggage: PolicyBaggageRequest
    fare_classes: Annotated[tuple[wire.FareClassCode, ...], msgspec.Meta(max_length=26)] = ()
    modifiable: bool = True
    cancellation: Bands | None = None
    after_departure_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 100
    modification: Bands | None = None
    residue: Literal["cash", "credit"] | None = None


class PolicyFareRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """One adult's fare of a class on a route without taxes, in minor units. What is null or empty
    may be anything; `days` are 1 for Monday to 7 (ISO 8601)."""

    route: Route
    cabin: Literal["Y", "J"]
    fare_class: wire.FareClassCode
    currency: Currency
    amount: Annotated[int, msgspec.Meta(ge=1, le=99_999_999)]
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    days: Annotated[tuple[IsoWeekday, ...], msgspec.Meta(max_length=7)] = ()
    trip: Literal["one_way", "round_trip"] | None = None


class PolicyValue(msgspec.Struct, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """What a version says, in requests and answers: the members of its policy and no others. Fees
    have bands from the longest notice down to 0, and those of cancellations the share after
    departure, too."""

    bands: Bands | None = None
    after_departure_percent: Percent | None = None
    child_percent: Percent | None = None
    infant_percent: Percent | None = None
    prices: Annotated[list[PolicyExtraRequest], msgspec.Meta(max_length=200)] | None = None
    rows: Annotated[list[PolicyTaxRequest], msgspec.Meta(max_length=400)] | None = None
    issued_days: Figure | None = None
    returned_days: Figure | None = None
    grace_days: Figure | None = None
    payable_hours: Figure | None = None
    lifetime_days: Figure | None = None
    refundable_days: Figure | None = None
    reinstated_days: Figure | None = None
    amounts: Annotated[list[PolicyCardRequest], msgspec.Meta(max_length=40)] | None = None
    limits: Annotated[list[PolicyLimitRequest], msgspec.Meta(max_length=40)] | None = None
    charges: Annotated[list[PolicyChargeRequest], msgspec.Meta(max_length=40)] | None = None
    regimes: Annotated[list[PolicyRegimeRequest], msgspec.Meta(max_length=20)] | None = None
    letter_limit: Figure | None = None
    letters_per_correction: Figure | None = None
    hold_minutes: Figure | None = None
    offer_minutes: Figure | None = None
    session_minutes: Figure | None = None
    extension_minutes: Figure | None = None
    longest_extension_minutes: Figure | None = None
    extended_below_minutes: Figure | None = None
    closes_minutes: Figure | None = None
    economy_percent: Percent | None = None
    business_percent: Percent | None = None
    seat_limit: Figure | None = None
    least_minutes: Figure | None = None
    infants: Figure | None = None
    wheelchairs: Figure | None = None
    reseats_minutes: Figure | None = None
    remind_minutes: Figure | None = None
    refund_minutes: Figure | None = None
    airports: Annotated[list[PolicyAirportRequest], msgspec.Meta(max_length=500)] | None = None
    elsewhere_minutes: Figure | None = None
    longest_minutes: Figure | None = None
    check_in_opens_minutes: Figure | None = None
    check_in_closes_minutes: Figure | None = None
    boarding_starts_minutes: Figure | None = None
    boarding_closes_minutes: Figure | None = None
    families: Annotated[list[PolicyFamilyRequest], msgspec.Meta(max_length=20)] | None = None
    fares: Annotated[list[PolicyFareRequest], msgspec.Meta(max_length=200)] | None = None
