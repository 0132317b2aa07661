"""A schedule finds its aircraft and fares in the fleet, by type, configuration and route."""

import msgspec
import pytest

from application.inventory import fleet
from application.inventory.cabin_plan import PlannedCabin
from application.inventory.fleet import Fleet, FleetAircraft
from application.inventory.fleet_file import read_fleet
from domain.inventory.season import LineError
from tests.support import season_files
from tests.support.season_files import FLEET
from tests.unit.inventory.test_season_changes import PLANNED

DENSE = FleetAircraft("320", (PlannedCabin("Y", 174, 1, "ABCDEF"),))
MIXED = msgspec.structs.replace(FLEET, aircraft=(*FLEET.aircraft, DENSE))


@pytest.mark.parametrize(
    ("configuration", "seats"),
    [("", 144), ("J012Y132", 144), ("Y132J12", 144), ("Y174", 174), ("Y174J000", 174)],
)
def test_the_configuration_selects_an_aircraft_of_the_type(configuration: str, seats: int) -> None:
    planned = msgspec.structs.replace(PLANNED, configuration=configuration)
    found = MIXED.aircraft_of(planned)
    assert found is not None
    assert sum(each.seat_count for each in found.cabins) == seats


@pytest.mark.parametrize(
    ("values", "lacking", "error"),
    [
        ({"configuration": "Y180"}, MIXED, ("aircraft", "not_in_the_fleet")),
        ({"aircraft": "77W"}, MIXED, ("aircraft", "not_in_the_fleet")),
        ({"destination": "TUU"}, MIXED, ("to", "route_without_fares")),
        (
            {},
            Fleet(
                FLEET.aircraft,
                (msgspec.structs.replace(FLEET.fares[0], classes=FLEET.fares[0].classes[:2]),),
            ),
            ("aircraft", "cabin_without_fares"),
        ),
    ],
)
def test_what_is_lacking_is_found_once_for_each_line(
    values: dict[str, str], lacking: Fleet, error: tuple[str, str]
) -> None:
    planned = msgspec.structs.replace(PLANNED, **values)
    later = msgspec.structs.replace(planned, line=9)
    assert fleet.missing([planned, planned, later], lacking) == [
        LineError(3, *error),
        LineError(9, *error),
    ]
    assert fleet.missing([PLANNED], FLEET) == []


def test_a_cabin_that_the_aircraft_lacks_has_no_fares_on_sale() -> None:
    planned = msgspec.structs.replace(PLANNED, configuration="Y174")
    departure = fleet.departure_of(planned, MIXED)
    assert [(each.code, each.seat_limit) for each in departure.fares] == [("Y", None), ("K", 78)]


def test_the_fleet_of_a_file_has_the_codes_of_cabins() -> None:
    assert read_fleet(season_files.fleet_file()) == FLEET
    with pytest.raises(msgspec.ValidationError, match=r"\$.aircraft"):
        read_fleet(b'{"aircraft": [], "fares": []}')
