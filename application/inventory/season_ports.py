"""What the import and export of schedules need from outside."""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from application.commands.bus import CommandBus
from application.inventory.airports import Airports
from application.inventory.season_files import ReadSeasonFile, WriteSeasonFile
from application.ports import Clock
from application.queries import AsOf
from domain.inventory.season_changes import DepartureOnSale

DeparturesOnSale = Callable[
    [str, dt.date, dt.date], Awaitable[tuple[Sequence[DepartureOnSale], AsOf]]
]
"""Returns all departures of a carrier whose ids have days from the first to the last, by id."""


class SeasonPorts(msgspec.Struct, frozen=True):
    """The command bus, the airports served, what is on sale, and the forms of files."""

    bus: CommandBus
    clock: Clock
    airports: Airports
    departures: DeparturesOnSale
    read_file: ReadSeasonFile
    write_file: WriteSeasonFile
