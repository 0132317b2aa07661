"""A departure as clients see it: times in UTC and on the airports' clocks, price, conditions.

The members of an offer are only ever added to.
"""

import datetime as dt
import functools
from collections.abc import Sequence
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec

from application.booking.booking_details import BookedFlight, BookingDetails
from application.flight_searches import ANSWERS_REMEMBERED, FlightOffer, Remembered
from application.pricing.fare_conditions import FareConditions, fare_basis
from application.pricing.find_connections import Connection
from application.pricing.find_flights import PricedFlight
from application.pricing.quote_journey import QuotedJourney, QuotedSegment
from interfaces.http import wire

_MINUTE = dt.timedelta(minutes=1)
_RENAMED = {"origin": "from", "destination": "to"}


def _member(field: str) -> str:
    head, *tail = field.split("_")
    return _RENAMED.get(field, head + "".join(each.capitalize() for each in tail))


class FeeBandResponse(msgspec.Struct, rename="camel"):
    """With at least `fromHours` before departure, the fee is so many percent."""

    from_hours: int
    percent: int


class FamilyNameResponse(msgspec.Struct):
    """The name of a family in English and Arabic."""

    en: str
    ar: str


class FareFamilyResponse(msgspec.Struct, rename="camel"):
    """The brand of the cabin that a fare class is sold as, with its name in two languages."""

    code: str
    name: FamilyNameResponse


class FareConditionsResponse(msgspec.Struct, rename="camel"):
    """What a change, a cancellation and a missed flight cost.

    Fees are in percent of fare and extras with their tax, by the notice in whole hours; airport
    charges come back in any case. A departed flight is not changed, and a fare that is not
    `modifiable` never is, unless the airline disrupts the flight; `refundable` is whether a
    cancellation long before departure leaves something of fare and extras. `noShow`
    charges_refunded: of a missed flight only those charges come back. `residue` is where money goes
    when a change is cheaper: cash, or travel credit.
    """

    family: FareFamilyResponse
    refundable: bool
    modifiable: bool
    modification: list[FeeBandResponse]
    cancellation: list[FeeBandResponse]
    cancellation_percent_after_departure: int
    no_show: str
    residue: str


class BaggageResponse(msgspec.Struct, rename="camel"):
    """Bags of a passenger with a seat, in the hold and in the cabin, and what each may weigh."""

    checked_pieces: int
    checked_kilograms: int
    cabin_pieces: int
    cabin_kilograms: int


class TimetableResponse(msgspec.Struct, rename=_member, kw_only=True):
    """Root of answers about one flight: which, from where to where, when.

    Times are UTC; the local ones are those of the airport's clocks, whose IANA zone is beside them.
    `aircraft` is IATA's code of the type; it and the terminals are null where they are not known.
    """

    flight_number: str
    origin: str
    destination: str
    departure_time: dt.datetime
    departure_local_time: dt.datetime
    departure_zone: str
    departure_terminal: str | None
    arrival_time: dt.datetime
    arrival_local_time: dt.datetime
    arrival_zone: str
    arrival_terminal: str | None
    duration_minutes: int
    aircraft: str | None


class FlightResponse(TimetableResponse, rename=_member, kw_only=True):
    """One departure; `price` is one adult's with taxes and charges, in minor units."""

    id: str
    price: int
    currency: str
    available_seats: int
    cabin: wire.CabinName
    fare_class: str
    fare_basis: str
    conditions: FareConditionsResponse
    baggage: BaggageResponse


class SegmentResponse(TimetableResponse, rename=_member, kw_only=True):
    """One flight of a booked journey; `flightStatus` is scheduled, cancelled or departed.

    `conditions` are those that it was sold under, whatever is sold now.
    """

    flight_id: str
    cabin: wire.CabinName
    fare_class: str
    fare_basis: str
    flight_status: str
    conditions: FareConditionsResponse
    baggage: BaggageResponse


class QuotedSegmentResponse(msgspec.Struct, rename="camel"):
    """A flight of a quoted journey, with the class that was found and its conditions."""

    flight_id: str
    cabin: wire.CabinName
    fare_class: str
    fare_basis: str
    conditions: FareConditionsResponse
    baggage: BaggageResponse


class ConnectionResponse(msgspec.Struct, rename="camel"):
    """A journey of two flights; `price` is one adult's for both, which may be less than their sum.

    `durationMinutes` is from the first departure to the last arrival, `connectionMinutes` the time
    at the airport between.
    """

    flights: list[FlightResponse]
    price: int
    currency: str
    available_seats: int
    duration_minutes: int
    connection_minutes: int


def flights(found: Sequence[PricedFlight]) -> list[FlightResponse]:
    """Return departures as JSON; those of a remembered answer are encoded once."""
    if isinstance(found, Remembered):
        # msgspec writes it as it stands, in the place of the list.
        return cast(list[FlightResponse], _encoded(found))
    return [flight(each) for each in found]


@functools.lru_cache(ANSWERS_REMEMBERED)
def _encoded(found: Remembered[PricedFlight]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode([flight(each) for each in found]))


def flight(found: PricedFlight) -> FlightResponse:
    """Return a departure as JSON."""
    offer = found.offer
    return FlightResponse(
        id=offer.flight,
        price=found.price.amount,
        currency=found.price.currency,
        available_seats=offer.free_count,
        cabin=wire.CABIN_NAMES[found.cabin],
        fare_class=offer.fare_class,
        fare_basis=fare_basis(offer.fare_class, found.conditions.family),
        conditions=_conditions(found.conditions),
        baggage=_baggage(found.conditions),
        **_timetable(offer),
    )


def segments(details: BookingDetails) -> list[SegmentResponse]:
    """Return the flights of a booking as JSON, as they are now."""
    return [
        SegmentResponse(
            flight_id=segment.flight,
            cabin=wire.CABIN_NAMES[segment.cabin],
            fare_class=segment.fare_class,
            fare_basis=fare_basis(segment.fare_class, conditions.family),
            flight_status=flight.status.value,
            conditions=_conditions(conditions),
            baggage=_baggage(conditions),
            **_timetable(flight),
        )
        for segment, flight, conditions in zip(
            details.booking.segments, details.flights, details.conditions, strict=True
        )
    ]


def quoted_segments(quoted: QuotedJourney) -> list[QuotedSegmentResponse]:
    """Return the flights of a quote as JSON."""
    return [
        quoted_segment(segment, conditions)
        for segment, conditions in zip(quoted.segments, quoted.conditions, strict=True)
    ]


def quoted_segment(segment: QuotedSegment, conditions: FareConditions) -> QuotedSegmentResponse:
    """Return a flight of a quote as JSON."""
    return QuotedSegmentResponse(
        flight_id=segment.flight,
        cabin=wire.CABIN_NAMES[segment.cabin],
        fare_class=segment.fare_class,
        fare_basis=fare_basis(segment.fare_class, conditions.family),
        conditions=_conditions(conditions),
        baggage=_baggage(conditions),
    )


def connection(found: Connection) -> ConnectionResponse:
    """Return a journey of two flights as JSON."""
    first, second = found.first.offer, found.second.offer
    return ConnectionResponse(
        flights=[flight(found.first), flight(found.second)],
        price=found.price.amount,
        currency=found.price.currency,
        available_seats=found.free_count,
        duration_minutes=_minutes(second.arrives_at - first.departs_at),
        connection_minutes=_minutes(second.departs_at - first.arrives_at),
    )


def _timetable(flight: FlightOffer | BookedFlight) -> dict[str, Any]:
    """Return the members of `TimetableResponse`."""
    return {
        "flight_number": flight.number,
        "origin": flight.origin,
        "destination": flight.destination,
        "departure_time": flight.departs_at,
        "departure_local_time": flight.departs_at.astimezone(ZoneInfo(flight.origin_zone)),
        "departure_zone": flight.origin_zone,
        "departure_terminal": flight.departure_terminal or None,
        "arrival_time": flight.arrives_at,
        "arrival_local_time": flight.arrives_at.astimezone(ZoneInfo(flight.destination_zone)),
        "arrival_zone": flight.destination_zone,
        "arrival_terminal": flight.arrival_terminal or None,
        "duration_minutes": _minutes(flight.arrives_at - flight.departs_at),
        "aircraft": flight.aircraft or None,
    }


def _minutes(duration: dt.timedelta) -> int:
    return duration // _MINUTE


@functools.lru_cache(256)
def _baggage(known: FareConditions) -> BaggageResponse:
    """Return an allowance as JSON."""
    allowed = known.baggage
    return BaggageResponse(
        allowed.checked_pieces,
        allowed.checked_kilograms,
        allowed.cabin_pieces,
        allowed.cabin_kilograms,
    )


@functools.lru_cache(256)
def _conditions(known: FareConditions) -> FareConditionsResponse:
    modification, cancellation = (
        [FeeBandResponse(each.from_hours, each.percent) for each in bands]
        for bands in (known.modification, known.cancellation)
    )
    return FareConditionsResponse(
        family=FareFamilyResponse(
            known.family.code, FamilyNameResponse(known.family.name.en, known.family.name.ar)
        ),
        refundable=known.refundable,
        modifiable=known.family.modifiable,
        modification=modification,
        cancellation=cancellation,
        cancellation_percent_after_departure=known.cancellation_percent_after_departure,
        no_show="charges_refunded",
        residue=known.residue,
    )
