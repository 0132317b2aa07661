"""What a passenger is entitled to for a flight, by the table of a regime."""

import datetime as dt
import math

import msgspec

from domain.compensation.regimes import Band, Cause, Regime
from domain.kernel import money
from domain.kernel.money import Money

EARTH_RADIUS_KM = 6_371.0088


class Impact(msgspec.Struct, frozen=True):
    """What happened to one passenger on a flight.

    `notice` is the time from the cancellation to the departure, `delay` by how much the flight left
    later than it was sold; `fare` of the passenger's coupon without tax. `reason` is the code of
    operations, "" where none was given.
    """

    passenger: int
    cause: Cause
    fare: Money
    notice: dt.timedelta | None = None
    delay: dt.timedelta = dt.timedelta()
    reason: str = ""


def entitlement(regime: Regime, impact: Impact, *, distance_km: float) -> Money | None:
    """Return what the passenger is owed; None where the regime gives nothing.

    Infants without a fare of their own have no claim. Denied boarding is never excused.
    """
    if not impact.fare.amount:
        return None
    if impact.reason in regime.excused and impact.cause != "denied_boarding":
        return None
    for band in regime.bands:
        if _applies(band, impact, distance_km):
            return band.amount or _share(impact.fare, band.percent)
    return None


def _applies(band: Band, impact: Impact, distance_km: float) -> bool:
    if band.cause != impact.cause or impact.delay < band.delay:
        return False
    if band.notice is not None and (impact.notice is None or impact.notice >= band.notice):
        return False
    return band.distance_km is None or distance_km <= band.distance_km


def _share(fare: Money, percent: int) -> Money:
    return money.round_to_charge_step(fare.amount * percent, 100, fare.currency)


def great_circle_km(origin: tuple[float, float], destination: tuple[float, float]) -> float:
    """Return the distance between two positions in degrees (latitude, longitude), by haversine."""
    (lat1, lon1), (lat2, lon2) = (
        (math.radians(each[0]), math.radians(each[1])) for each in (origin, destination)
    )
    half = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half))
