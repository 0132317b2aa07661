"""How a price comes about: passenger shares, tax, charges. Dated policy values live here."""

from collections.abc import Sequence

from domain.kernel import money
from domain.pricing.price import LineKind, PassengerType, Price, PriceLine

# Share of the adult fare in percent (child 2 to 11 years, infant under 2 on a lap).
FARE_PERCENT: dict[PassengerType, int] = {"ADT": 100, "CHD": 75, "INF": 10}
# Infants sit on a lap: they take no seat from capacity.
TAKES_SEAT: dict[PassengerType, bool] = {"ADT": True, "CHD": True, "INF": False}

# KSA: domestic carriage at the standard rate since 2020-07-01, international carriage zero-rated.
DOMESTIC_VAT_PERCENT = 15
# KSA domestic airport charge per airport and passenger since January 2020: 10 SAR, in halalas.
DOMESTIC_CHARGE_PER_AIRPORT = 1000
DOMESTIC_CHARGE_CURRENCY = "SAR"
AIRPORTS_PER_FLIGHT = 2

PASSENGER_TYPES: tuple[PassengerType, ...] = ("ADT", "CHD", "INF")


def seat_count(passengers: Sequence[PassengerType]) -> int:
    """Seats that these passengers take from capacity."""
    return sum(TAKES_SEAT[passenger] for passenger in passengers)


def price_flight(
    *, fare: money.Money, domestic: bool, passengers: Sequence[PassengerType]
) -> Price:
    """The price of one flight for these passengers, from the adult fare without tax (P1 to P3)."""
    lines: list[PriceLine] = []
    for kind in PASSENGER_TYPES:
        count = passengers.count(kind)
        if count:
            lines.extend(_lines(fare=fare, domestic=domestic, kind=kind, count=count))
    return Price(currency=fare.currency, lines=tuple(lines))


def _lines(
    *, fare: money.Money, domestic: bool, kind: PassengerType, count: int
) -> list[PriceLine]:
    percent = FARE_PERCENT[kind]
    single = money.round_to_charge_step(fare.amount * percent, 100, fare.currency)

    def line(line_kind: LineKind, amount: int) -> PriceLine:
        return PriceLine(kind=line_kind, passenger_type=kind, passenger_count=count, amount=amount)

    lines = [line("fare", single.amount * count)]
    if not domestic:
        return lines
    charge = 0
    if fare.currency == DOMESTIC_CHARGE_CURRENCY and TAKES_SEAT[kind]:
        charge = DOMESTIC_CHARGE_PER_AIRPORT * AIRPORTS_PER_FLIGHT
    taxable = single.amount + charge
    vat = money.round_to_charge_step(taxable * DOMESTIC_VAT_PERCENT, 100, fare.currency)
    lines.append(line("vat", vat.amount * count))
    if charge:
        lines.append(line("charge", charge * count))
    return lines
