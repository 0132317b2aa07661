"""Write what is on sale as a season's schedule, in the forms that can be imported."""

import datetime as dt

import msgspec

from application.inventory.season_files import FileForm
from application.inventory.season_ports import SeasonPorts
from application.queries import AsOf
from domain.inventory import rejections, season_legs
from domain.inventory.season import Season, SeasonDeparture, TimeMode
from domain.inventory.season_changes import DepartureOnSale
from domain.inventory.state import FlightStatus


class ExportedSeason(msgspec.Struct, frozen=True):
    """The file, how many legs and departures it has, and how far the read model was.

    `without_aircraft` departures have no known aircraft type, which a schedule must name: they are
    left out.
    """

    text: str
    legs: int
    departures: int
    without_aircraft: int
    as_of: AsOf


async def export_season(
    ports: SeasonPorts,
    *,
    carrier: str,
    first_day: dt.date,
    last_day: dt.date,
    times: TimeMode,
    form: FileForm,
) -> ExportedSeason:
    """Return the departures that are to operate on these days, local at their origin.

    Rejects NoDepartures; raises Unavailable.
    """
    found, as_of = await ports.departures(carrier, first_day, last_day)
    operating = [each for each in found if each.status == FlightStatus.SCHEDULED]
    departures = [_planned(each) for each in operating if each.aircraft]
    if not departures:
        raise rejections.NoDepartures(carrier=carrier)
    zones = {code: airport.zone for code, airport in ports.airports.items()}
    legs = season_legs.legs_of(departures, times=times, zones=zones)
    days = [day for leg in legs for day in (leg.first_day, leg.last_day)]
    exported = Season(carrier, times, min(days), max(days), legs)
    return ExportedSeason(
        text=ports.write_file(exported, form),
        legs=len(legs),
        departures=len(departures),
        without_aircraft=len(operating) - len(departures),
        as_of=as_of,
    )


def _planned(on_sale: DepartureOnSale) -> SeasonDeparture:
    return SeasonDeparture(
        flight_id=on_sale.flight_id,
        number=on_sale.number,
        origin=on_sale.origin,
        destination=on_sale.destination,
        departs_at=on_sale.departs_at,
        arrives_at=on_sale.arrives_at,
        aircraft=on_sale.aircraft,
        configuration="",
        departure_terminal=on_sale.departure_terminal,
        arrival_terminal=on_sale.arrival_terminal,
        line=0,
    )
