"""Builds what the import and export of schedules run on, for the command line and the web."""

from application.commands.bus import CommandBus
from application.inventory.season_ports import SeasonPorts
from infrastructure.airports.world import load_airports
from infrastructure.schedule_files.schedule_file import read_season, write_season
from interfaces.composition import Core, utc_now
from interfaces.read_composition import asking
from projections.flight_availability import departures


def season_on(core: Core, bus: CommandBus | None = None) -> SeasonPorts:
    """Return the ports, with the dispatcher of the process if no other bus is given."""
    return SeasonPorts(
        bus=bus or core.bus,
        clock=utc_now,
        airports=load_airports(),
        departures=asking(core.pool, departures.departures_of_carrier),
        read_file=read_season,
        write_file=write_season,
    )
