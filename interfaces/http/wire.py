"""JSON types that several routes share: money, parties, seats; camelCase."""

from typing import Annotated, Literal

import msgspec

from domain.kernel import ids, money

PassengerType = Literal["ADT", "CHD", "INF"]
AIRPORT_PATTERN = r"^[A-Z]{3}$(?!\n)"
AirportCode = Annotated[str, msgspec.Meta(pattern=AIRPORT_PATTERN)]
FlightId = Annotated[str, msgspec.Meta(pattern=ids.FLIGHT_ID_PATTERN)]
BookingMode = Literal["hold", "draft", "waitlist"]
CabinName = Literal["economy", "business"]
CABIN_CODES: dict[CabinName, str] = {"economy": "Y", "business": "J"}
CABIN_NAMES: dict[str, CabinName] = {code: name for name, code in CABIN_CODES.items()}

FareClassCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]$(?!\n)")]
SeatNumber = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]?[A-Z]$(?!\n)")]
PassengerIndex = Annotated[int, msgspec.Meta(ge=0, le=8)]
SegmentIndex = Annotated[int, msgspec.Meta(ge=0, le=3)]
ExtraCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{2,12}$(?!\n)")]
QuoteId = Annotated[str, msgspec.Meta(max_length=16_384)]
# `strict_request` takes no control characters in any text: each of these is one line.
NameText = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
ArabicNameText = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
# What staff write in their own words: sealed in the log.
ReasonText = Annotated[str, msgspec.Meta(min_length=3, max_length=200)]
CurrencyText = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
EmailText = Annotated[str, msgspec.Meta(min_length=3, max_length=254)]


class ReadModelResponse(msgspec.Struct, rename="camel", kw_only=True):
    """Root of answers that come from a read model, which follows the log within a moment.

    The answer contains the log up to position `asOfPosition`; `lagSeconds` is the age of the
    oldest event that it may not contain, 0 when it contains all.
    """

    as_of_position: int
    lag_seconds: float


class ExtraRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """An extra for one passenger on one flight, both counted from 0."""

    code: ExtraCode
    passenger: PassengerIndex
    segment: SegmentIndex = 0


class SeatRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A seat such as `12A` for one passenger on one flight, both counted from 0."""

    seat: SeatNumber
    passenger: PassengerIndex
    segment: SegmentIndex = 0


class MoneyResponse(msgspec.Struct, rename="camel"):
    """Minor units of an ISO 4217 currency."""

    amount: int
    currency: str


class MoneyRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """More than nothing, in minor units of an ISO 4217 currency."""

    amount: Annotated[int, msgspec.Meta(ge=1, le=10**12)]
    currency: CurrencyText

    def money(self) -> money.Money:
        """Return the amount."""
        return money.Money(self.amount, self.currency)


class PriceLineResponse(msgspec.Struct, rename="camel"):
    """A line of a price: fare, extra, vat or charge, for all passengers of a type.

    A charge is collected for an authority, by its code on the ticket.
    """

    kind: str
    passenger_type: PassengerType
    passenger_count: int
    amount: int
    code: str | None
    authority: str | None


def money_response(amount: money.Money) -> MoneyResponse:
    """Return the amount as JSON."""
    return MoneyResponse(amount.amount, amount.currency)


def optional_money_response(amount: money.Money | None) -> MoneyResponse | None:
    """Return the amount as JSON; null where there is none."""
    return None if amount is None else money_response(amount)
