"""The rules of passenger rights as a table of regimes, and that of the launch.

All amounts are from public sources and have to be confirmed by the airline. The version that was in
force at the departure counts; of several regimes of one name in it, the latest in force on the day
of the flight.
"""

import datetime as dt
import re
from typing import Literal, get_args

import msgspec

from domain.kernel import money
from domain.policies import rejections

Cause = Literal["cancelled", "delayed", "denied_boarding"]
COUNTRY = re.compile(r"[A-Z]{2}")
NAME = re.compile(r"[A-Z]{2,6}[0-9]{0,4}")
# Why operations cancel, delay and refuse: the codes that a regime may excuse.
REASON_CODES = frozenset(
    {"weather", "technical", "crew", "air_traffic", "airport", "security", "late_inbound"}
    | {"commercial", "operational"}
)
# Limits of one table, so that a version stays small enough to be read at once.
REGIME_LIMIT = 20
BAND_LIMIT = 40
COUNTRY_LIMIT = 250
# A delay that is shorter than an hour is not assessed.
LEAST_DELAY_HOURS = 1
MOST = 99_999_999


class CompensationBand(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One line of a table: it applies where all its limits are met.

    `delay_hours` is the least delay, `notice_hours` the notice before departure that is too short,
    `distance_km` the longest great-circle distance. What is paid is a fixed `amount` in minor units
    of its `currency`, or `percent` of the fare of the flight.
    """

    cause: Cause
    amount: int | None = None
    currency: str | None = None
    percent: int = 0
    delay_hours: int = 0
    notice_hours: int | None = None
    distance_km: int | None = None


class CompensationRegime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body of law from the day `since` on; the first band of a cause that applies counts.

    It covers flights from a country of `origins`, and those to a country of `destinations` (ISO
    3166). For the reasons of operations in `excused` nothing is owed. The `name` is that of the law
    and of nobody: the log keeps it for ever.
    """

    name: str
    since: dt.date
    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    excused: tuple[str, ...]
    bands: tuple[CompensationBand, ...]


class Compensation(
    msgspec.Struct, frozen=True, tag_field="policy", tag="compensation", forbid_unknown_fields=True
):
    """What passengers are owed for a flight that was cancelled, late or refused to board them, by
    the law of the countries between which it goes; of the regimes that cover a flight the first.
    """

    regimes: tuple[CompensationRegime, ...]


# Member states, and those that apply the regulation by treaty.
# fmt: off
_EU = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO", "CH",
)
# fmt: on
# Reasons of operations for which a regime lets the airline off.
_EXTRAORDINARY = ("air_traffic", "airport", "security", "weather")
_FORTNIGHT_HOURS = 14 * 24


def _by_distance(currency: str, short: int, middle: int, long: int) -> tuple[CompensationBand, ...]:
    """Return the bands of Article 7: up to 1,500 km, up to 3,500 km, and farther."""
    causes: tuple[tuple[Cause, int, int | None], ...] = (
        ("denied_boarding", 0, None),
        ("cancelled", 0, _FORTNIGHT_HOURS),
        ("delayed", 3, None),
    )
    return tuple(
        CompensationBand(
            cause,
            amount=amount * 100,
            currency=currency,
            delay_hours=delay,
            notice_hours=notice,
            distance_km=distance,
        )
        for cause, delay, notice in causes
        for distance, amount in ((1_500, short), (3_500, middle), (None, long))
    )


COMPENSATION = Compensation(
    (
        # Regulation (EC) No 261/2004, Articles 3 to 7; three hours: CJEU C-402/07.
        CompensationRegime(
            name="EU261",
            since=dt.date(2005, 2, 17),
            origins=_EU,
            destinations=(),
            excused=_EXTRAORDINARY,
            bands=_by_distance("EUR", 250, 400, 600),
        ),
        # The Air Passenger Rights (EU Exit) Regulations 2019.
        CompensationRegime(
            name="UK261",
            since=dt.date(2021, 1, 1),
            origins=("GB",),
            destinations=(),
            excused=_EXTRAORDINARY,
            bands=_by_distance("GBP", 220, 350, 520),
        ),
        # GACA, Passengers' Rights Protection Regulations, in force 20 November 2023.
        CompensationRegime(
            name="GACA",
            since=dt.date(2023, 11, 20),
            origins=("SA",),
            destinations=("SA",),
            excused=_EXTRAORDINARY,
            bands=(
                CompensationBand("denied_boarding", percent=200),
                CompensationBand("cancelled", percent=150, notice_hours=4),
                CompensationBand("cancelled", percent=100, notice_hours=24),
                CompensationBand("cancelled", percent=50, notice_hours=_FORTNIGHT_HOURS),
                # 150 and 50 special drawing rights, as the regulation gives them in riyals.
                CompensationBand("delayed", amount=750_00, currency="SAR", delay_hours=6),
                CompensationBand("delayed", amount=250_00, currency="SAR", delay_hours=3),
            ),
        ),
    )
)


def require_valid(value: Compensation) -> None:
    """The table is one that a claim can be assessed by; otherwise InvalidPolicy."""
    if len(value.regimes) > REGIME_LIMIT:
        raise _refused("table_too_long", limit=REGIME_LIMIT)
    named = [(each.name, each.since) for each in value.regimes]
    if len(set(named)) < len(named):
        raise _refused("twice_in_the_table")
    for regime in value.regimes:
        countries = (*regime.origins, *regime.destinations)
        if len(countries) > COUNTRY_LIMIT or len(regime.bands) > BAND_LIMIT:
            raise _refused("table_too_long", limit=BAND_LIMIT)
        if not countries or not all(COUNTRY.fullmatch(each) for each in countries):
            raise _refused("not_a_country")
        if not NAME.fullmatch(regime.name):
            raise _refused("not_a_regime")
        if not set(regime.excused) <= REASON_CODES:
            raise _refused("unknown_reason", name=regime.name)
        for band in regime.bands:
            _require_band(regime, band)


def _require_band(regime: CompensationRegime, band: CompensationBand) -> None:
    """It gives an amount that can be paid, or a percentage, and its limits are possible."""
    assert band.cause in get_args(Cause)
    if (band.amount is None) != (band.currency is None) or (band.amount is None) == (
        band.percent == 0
    ):
        raise _refused("amount_or_percent", name=regime.name)
    if band.currency is not None and not money.is_currency(band.currency):
        raise _refused("unknown_currency", currency=band.currency)
    if band.currency is not None and (band.amount or 0) % money.charge_step(band.currency):
        raise _refused("not_chargeable", name=regime.name)
    least_delay = LEAST_DELAY_HOURS if band.cause == "delayed" else 0
    figures = (
        (band.amount or 1, 1, MOST),
        (band.percent, 0, 1_000),
        (band.delay_hours, least_delay, 240),
        (band.notice_hours or 0, 0, 9_999),
        (band.distance_km or 1, 1, 50_000),
    )
    if not all(least <= figure <= most for figure, least, most in figures):
        raise _refused("figure_out_of_range", name=regime.name)


def _refused(reason: str, **parameters: str | int) -> rejections.InvalidPolicy:
    return rejections.InvalidPolicy(field="value.regimes", reason=reason, **parameters)
