"""The fare of a class on a departure: the filed one, or that of the flight itself."""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from application.flight_searches import FlightOffer
from domain.inventory.state import Bucket, Flight
from domain.kernel import money
from domain.policies.filed_fares import Departure, FiledFares
from domain.pricing.price import Leg


def fare_of_class(
    fares: FiledFares, flight: Flight, cabin: str, bucket: Bucket, *, round_trip: bool
) -> money.Money:
    """Return one adult's fare of a class on a flight, in the currency of the flight."""
    filed = fares.fare_of(
        Departure(
            route=f"{flight.origin}-{flight.destination}",
            cabin=cabin,
            fare_class=bucket.code,
            currency=bucket.fare.currency,
            day=_local_day(flight.departs_at, flight.origin_zone),
            round_trip=round_trip,
        )
    )
    return bucket.fare if filed is None else money.Money(filed, bucket.fare.currency)


def with_filed_fare(offer: FlightOffer, cabin: str, fares: FiledFares) -> FlightOffer:
    """Return the offer of a search at the filed fare of one way, if there is one."""
    if not fares.fares:
        return offer
    filed = fares.fare_of(
        Departure(
            route=f"{offer.origin}-{offer.destination}",
            cabin=cabin,
            fare_class=offer.fare_class,
            currency=offer.currency,
            day=_local_day(offer.departs_at, offer.origin_zone),
        )
    )
    return offer if filed is None else msgspec.structs.replace(offer, fare_amount=filed)


def is_round_trip(legs: Sequence[Leg]) -> bool:
    """Whether the journey ends where it begins."""
    return len(legs) > 1 and legs[0].origin == legs[-1].destination


def _local_day(departs_at: dt.datetime, zone: str) -> dt.date:
    return departs_at.astimezone(ZoneInfo(zone)).date()
