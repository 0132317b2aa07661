"""The aircraft and fares that an airline's schedule is sold with: what SSIM does not contain.

A schedule names aircraft types; here are their cabins with seat maps, and for each route the fare
classes of its departures. A type may be listed several times with other cabins: the configuration
of the schedule, such as J012Y132, selects one, and the first is taken where it has none.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec

from application.inventory.cabin_plan import PlannedCabin
from application.inventory.schedule_flight import Departure, PlannedFare
from domain.inventory.events import Residue
from domain.inventory.season import LineError, SeasonDeparture

_cabins = re.compile(r"([A-Z])([0-9]+)").findall


class FleetAircraft(msgspec.Struct, frozen=True):
    """An aircraft type by IATA's code, with the seats of its cabins."""

    code: str
    cabins: tuple[PlannedCabin, ...]

    @property
    def configuration(self) -> str:
        """Return SSIM's name of the cabins, as in J012Y132; without empty ones."""
        seats = sorted((each.cabin, each.seat_count) for each in self.cabins if each.seat_count)
        return "".join(f"{cabin}{count:03}" for cabin, count in seats)


class FareLevel(msgspec.Struct, frozen=True):
    """A fare class; `seat_percent` of the seats of its cabin may be taken in it and the classes
    below, None for all that are on sale. `fare` in minor units.
    """

    code: str
    cabin: str
    fare: int
    seat_percent: int | None = None
    residue: Residue = "cash"


class RouteFares(msgspec.Struct, frozen=True):
    """The fare classes of these routes, such as RUH-JED; each cabin's from the highest down."""

    routes: tuple[str, ...]
    currency: str
    classes: tuple[FareLevel, ...]


class Fleet(msgspec.Struct, frozen=True):
    """All types and fares."""

    aircraft: tuple[FleetAircraft, ...]
    fares: tuple[RouteFares, ...]

    def aircraft_of(self, planned: SeasonDeparture) -> FleetAircraft | None:
        """Return the aircraft that a departure is planned with; None if the fleet has none."""
        wanted = sorted_configuration(planned.configuration)
        for each in self.aircraft:
            if each.code == planned.aircraft and wanted in ("", each.configuration):
                return each
        return None

    def fares_of(self, planned: SeasonDeparture) -> RouteFares | None:
        """Return the fares of the route of a departure; None if there are none."""
        route = f"{planned.origin}-{planned.destination}"
        return next((each for each in self.fares if route in each.routes), None)


def sorted_configuration(text: str) -> str:
    """Return a configuration in the one form that two are compared in: Y132J12 is J012Y132."""
    cabins: dict[str, int] = {}
    for letter, digits in _cabins(text):
        cabins[letter] = cabins.get(letter, 0) + int(digits)
    return "".join(f"{letter}{count:03}" for letter, count in sorted(cabins.items()) if count)


def missing(departures: Iterable[SeasonDeparture], fleet: Fleet) -> list[LineError]:
    """Return, once for each line, what the departures need and the fleet lacks."""
    errors: dict[LineError, None] = {}
    for each in departures:
        aircraft, fares = fleet.aircraft_of(each), fleet.fares_of(each)
        if aircraft is None:
            errors[LineError(each.line, "aircraft", "not_in_the_fleet")] = None
        elif fares is None:
            errors[LineError(each.line, "to", "route_without_fares")] = None
        elif {cabin.cabin for cabin in aircraft.cabins} - {level.cabin for level in fares.classes}:
            errors[LineError(each.line, "aircraft", "cabin_without_fares")] = None
    return list(errors)


def departure_of(planned: SeasonDeparture, fleet: Fleet) -> Departure:
    """Return what is put on sale; the fleet lacks nothing that it needs."""
    aircraft, fares = fleet.aircraft_of(planned), fleet.fares_of(planned)
    assert aircraft is not None
    assert fares is not None
    seats = {each.cabin: each.seat_count for each in aircraft.cabins}
    return Departure(
        number=planned.number,
        origin=planned.origin,
        destination=planned.destination,
        departs_at=planned.departs_at,
        arrives_at=planned.arrives_at,
        currency=fares.currency,
        fares=tuple(_fare(each, seats) for each in fares.classes if each.cabin in seats),
        cabins=aircraft.cabins,
        aircraft=aircraft.code,
        departure_terminal=planned.departure_terminal,
        arrival_terminal=planned.arrival_terminal,
    )


def _fare(level: FareLevel, seats: Mapping[str, int]) -> PlannedFare:
    percent = level.seat_percent
    limit = None if percent is None else seats[level.cabin] * percent // 100
    return PlannedFare(level.code, level.cabin, level.fare, limit, level.residue)
