"""The form in which aircraft and fares are given: JSON, with the API's names."""

from typing import Annotated, Literal

import msgspec

from application.inventory.cabin_plan import PlannedCabin
from application.inventory.fleet import FareLevel, Fleet, FleetAircraft, RouteFares
from domain.inventory.events import Residue

CABINS: dict[str, str] = {"economy": "Y", "business": "J"}

CabinName = Literal["economy", "business"]
AircraftCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{3}$(?!\n)")]
Letters = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{1,10}$(?!\n)")]
Row = Annotated[int, msgspec.Meta(ge=1, le=999)]
SeatCount = Annotated[int, msgspec.Meta(ge=0, le=600)]
Amount = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Route = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}-[A-Z]{3}$(?!\n)")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
FareClassCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]$(?!\n)")]
Aircraft = Annotated[list["FleetAircraftRequest"], msgspec.Meta(min_length=1, max_length=200)]
Fares = Annotated[list["RouteFaresRequest"], msgspec.Meta(min_length=1, max_length=2_000)]


class FleetCabinRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Physical seats of a cabin; without `exitRows` economy has one over the wings."""

    cabin: CabinName
    seat_count: SeatCount
    first_row: Annotated[int, msgspec.Meta(ge=1, le=60)]
    letters: Letters
    exit_rows: Annotated[tuple[Row, ...], msgspec.Meta(max_length=10)] | None = None


class FleetAircraftRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """An aircraft type by IATA's code; one may be listed several times, with other cabins."""

    code: AircraftCode
    cabins: Annotated[list[FleetCabinRequest], msgspec.Meta(min_length=1, max_length=2)]


class FareLevelRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A fare class; `seatPercent` of its cabin may be sold in it and the classes below."""

    code: FareClassCode
    cabin: CabinName
    fare: Amount
    seat_percent: Percent | None = None
    residue: Residue = "cash"


class RouteFaresRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The classes of these routes, each cabin's from the highest to the lowest."""

    routes: Annotated[list[Route], msgspec.Meta(min_length=1, max_length=500)]
    currency: Currency
    classes: Annotated[list[FareLevelRequest], msgspec.Meta(min_length=1, max_length=20)]


class FleetRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """All aircraft types and fares that the schedule needs."""

    aircraft: Aircraft
    fares: Fares


def fleet_of(given: FleetRequest) -> Fleet:
    """Return the fleet with the codes of cabins that events have."""
    return Fleet(
        aircraft=tuple(
            FleetAircraft(each.code, tuple(_cabin(cabin) for cabin in each.cabins))
            for each in given.aircraft
        ),
        fares=tuple(
            RouteFares(
                tuple(each.routes), each.currency, tuple(_level(level) for level in each.classes)
            )
            for each in given.fares
        ),
    )


def read_fleet(file: bytes) -> Fleet:
    """Return the fleet of a JSON file; raises msgspec.MsgspecError with the place."""
    return fleet_of(msgspec.json.decode(file, type=FleetRequest))


def _cabin(given: FleetCabinRequest) -> PlannedCabin:
    return PlannedCabin(
        CABINS[given.cabin], given.seat_count, given.first_row, given.letters, given.exit_rows
    )


def _level(given: FareLevelRequest) -> FareLevel:
    return FareLevel(given.code, CABINS[given.cabin], given.fare, given.seat_percent, given.residue)
