"""What the use cases of flights need from outside."""

import msgspec

from application.commands.bus import CommandBus
from application.inventory.airports import Airports
from application.ports import Clock, Vault
from application.queries import (
    BookingStatuses,
    OverdueFlights,
    OversoldCabins,
    TasksOfFlight,
    UnansweredFlights,
)


class FlightPorts(msgspec.Struct, frozen=True):
    """The command bus, the airports served, and the queries about flights."""

    bus: CommandBus
    clock: Clock
    vault: Vault
    airports: Airports
    tasks: TasksOfFlight
    booking_statuses: BookingStatuses
    oversold_cabins: OversoldCabins
    overdue_flights: OverdueFlights
    unanswered_cancellations: UnansweredFlights
    unanswered_moves: UnansweredFlights
