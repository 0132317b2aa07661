"""Put a departure on sale."""

import datetime as dt
from zoneinfo import ZoneInfo

import msgspec

from application.caller import Caller
from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.inventory import cabin_plan, operated_flight
from application.inventory.airports import Airport, Airports
from application.inventory.cabin_plan import PlannedCabin
from application.inventory.operated_flight import OperatedFlight
from application.inventory.ports import FlightPorts
from application.policies import operating_rules
from application.policies.rules_now import read_rule
from application.ports import Clock
from domain.inventory import rejections, schedule
from domain.inventory.events import (
    HOME_COUNTRY,
    CapacityMove,
    FareClass,
    FlightScheduled,
    Residue,
)
from domain.inventory.schedule import Authorisation
from domain.kernel import ids, money
from domain.policies.operating_values import Overbooking
from domain.policies.scope import Sale
from domain.pricing import exchange


class PlannedFare(msgspec.Struct, frozen=True):
    """A fare class of a cabin; `fare` in minor units of the departure's currency."""

    code: str
    cabin: str
    fare: int
    seat_limit: int | None
    residue: Residue


class Departure(msgspec.Struct, frozen=True):
    """A departure to put on sale; times in any time zone, `fares` from the highest to the lowest.

    How many seats may be sold follows from the cabins by the overbooking rule. Aircraft type and
    terminals are "" where they are not known.
    """

    number: str
    origin: str
    destination: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    currency: str
    fares: tuple[PlannedFare, ...]
    cabins: tuple[PlannedCabin, ...]
    aircraft: str = ""
    departure_terminal: str = ""
    arrival_terminal: str = ""


async def schedule_flight(
    ports: FlightPorts, caller: Caller, departure: Departure
) -> OperatedFlight:
    """Put a departure on sale under the id made of its number and its date, local at the origin.

    Leading zeros of a number do not count; a letter behind it marks another departure of a number
    on one day (IATA operational suffix). Rejects AirportNotServed and what the command does.
    """
    command = await command_of(ports.bus, ports.clock, ports.airports, departure)
    return await operated_flight.carry_out_and_read(ports, caller, command)


async def command_of(
    bus: CommandBus, clock: Clock, airports: Airports, departure: Departure
) -> "ScheduleFlight":
    """Return the command that puts a departure on sale, with as many seats as the policy
    `overbooking` allows now. Rejects AirportNotServed; raises Unavailable.
    """
    origin = _served(airports, "origin", departure.origin)
    destination = _served(airports, "destination", departure.destination)
    day = departure.departs_at.astimezone(ZoneInfo(origin.zone)).date()
    number = ids.flight_number(departure.number)
    departure = msgspec.structs.replace(departure, number=number)
    route = operating_rules.between(origin, destination)
    rule = await read_rule(bus, Overbooking, route, clock=clock)
    return ScheduleFlight(
        flight_id=ids.flight_stream(number, day.isoformat()),
        scheduled=_scheduled(
            departure, origin, destination, by=operating_rules.authorisation_of(rule)
        ),
    )


def _served(airports: Airports, field: str, code: str) -> Airport:
    airport = airports.get(code)
    if airport is None:
        raise rejections.AirportNotServed(field=field, reason="not an airport that is served")
    return airport


def _scheduled(
    departure: Departure, origin: Airport, destination: Airport, *, by: Authorisation
) -> FlightScheduled:
    layouts = cabin_plan.layouts(departure.cabins)
    return FlightScheduled(
        number=departure.number,
        origin=origin.code,
        destination=destination.code,
        origin_zone=origin.zone,
        destination_zone=destination.zone,
        departs_at=departure.departs_at.astimezone(dt.UTC),
        arrives_at=departure.arrives_at.astimezone(dt.UTC),
        domestic=origin.country == destination.country,
        country=origin.country,
        fares=tuple(
            FareClass(
                each.code,
                each.cabin,
                money.Money(each.fare, departure.currency),
                each.seat_limit,
                each.residue,
            )
            for each in departure.fares
        ),
        moves=tuple(
            CapacityMove(each.cabin, authorised=by.seats(each.cabin, each.seat_count))
            for each in layouts
        ),
        layouts=layouts,
        aircraft=departure.aircraft,
        departure_terminal=departure.departure_terminal,
        arrival_terminal=departure.arrival_terminal,
    )


class ScheduleFlight(Command, frozen=True):
    """`flight_id` is made by `ids.flight_stream`."""

    flight_id: str
    scheduled: FlightScheduled

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects FlightAlreadyScheduled and InvalidSchedule.

        The same departure again records nothing.
        """
        flight = context.load(stream_kinds.FLIGHT, self.flight_id)
        if flight is None:
            _require_sold_currencies(self.scheduled)
        scheduled = schedule.schedule(
            flight,
            scheduled=self.scheduled,
            by=operating_rules.authorisation(context, _sale_of(self.scheduled)),
            now=context.now,
        )
        context.record(self.flight_id, scheduled)
        return Reply(self.flight_id)


def _sale_of(scheduled: FlightScheduled) -> Sale:
    return operating_rules.on_route(
        at_home=scheduled.domestic and scheduled.country == HOME_COUNTRY,
        origin=scheduled.origin,
        destination=scheduled.destination,
    )


def _require_sold_currencies(scheduled: FlightScheduled) -> None:
    """Every sale would refuse fares in a currency without a rate."""
    for each in scheduled.fares:
        currency = each.fare.currency
        if money.is_currency(currency) and not exchange.is_sold(currency):
            raise rejections.InvalidSchedule(field="currency", reason="not_sold")
