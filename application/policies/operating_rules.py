"""What a rule about operations says now: within a decision, and outside of one as the log has it.

A decision reads only the streams of the rules that it needs, from memory; its append checks that
nothing was published meanwhile. What only shows something uses what the process remembers
(`current_policies`).
"""

import datetime as dt
from typing import TypeVar

from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.commands.context import DecisionContext
from application.inventory.airports import Airport
from domain.booking.connections import MinimumTimes
from domain.booking.preconditions import CheckInWindow
from domain.inventory.sales_window import SaleLimits
from domain.inventory.schedule import CABINS, Authorisation
from domain.inventory.state import HOME_COUNTRY, Flight
from domain.policies.book import PolicyBook, rule_in_force
from domain.policies.operating_values import (
    ConnectingTimes,
    GateTimes,
    HoldTimes,
    MaterialChange,
    OperatingValue,
    Overbooking,
    PlacesPerFlight,
    SalesWindow,
)
from domain.policies.scope import Sale
from domain.policies.values import name_of_type, stream_of

Rule = TypeVar("Rule", bound=OperatingValue)

# What the scopes of a policy that is the same for all sales are compared with.
ANY_SALE = Sale(market="domestic", route="", cabin="", fare_class="", currency="")


def on_route(*, at_home: bool, origin: str, destination: str) -> Sale:
    """Return what the scopes of a rule about a flight are compared with."""
    return Sale(
        market="domestic" if at_home else "international",
        route=f"{origin}-{destination}",
        cabin="",
        fare_class="",
        currency="",
    )


def between(origin: Airport, destination: Airport) -> Sale:
    """Return what the scopes of a rule about a flight between these airports are compared with."""
    at_home = origin.country == destination.country == HOME_COUNTRY
    return on_route(at_home=at_home, origin=origin.code, destination=destination.code)


def of_flight(flight: Flight) -> Sale:
    """Return what the scopes of a rule about this flight are compared with."""
    return on_route(at_home=flight.at_home, origin=flight.origin, destination=flight.destination)


def load_rule(context: DecisionContext, kind: type[Rule], sale: Sale) -> Rule:
    """Return the rule at the instant of the decision."""
    policy = context.load(stream_kinds.POLICY, stream_of(name_of_type(kind)))
    return rule_in_force(policy, kind, sale, at=context.now)


def hold_times(context: DecisionContext) -> HoldTimes:
    """Return how long holds, offers and sessions last that are decided now."""
    return load_rule(context, HoldTimes, ANY_SALE)


def limits_of(book: PolicyBook, flight: Flight, *, at: dt.datetime) -> SaleLimits:
    """Return when sales of this flight close, and how many infants it takes, as the book has it."""
    sale = of_flight(flight)
    closes = book.rule(SalesWindow, sale, at=at).closes
    return SaleLimits(closes, book.rule(PlacesPerFlight, sale, at=at).infants)


def sale_limits(context: DecisionContext, flight: Flight) -> SaleLimits:
    """Return when sales of this flight close, and how many infants it takes."""
    closes = load_rule(context, SalesWindow, of_flight(flight)).closes
    return SaleLimits(closes, places(context, flight).infants)


def places(context: DecisionContext, flight: Flight) -> PlacesPerFlight:
    """Return how many passengers with needs of their own the flight takes."""
    return load_rule(context, PlacesPerFlight, of_flight(flight))


def window_of(rule: GateTimes) -> CheckInWindow:
    """Return when passengers check in and board by this rule."""
    return CheckInWindow(
        opens=dt.timedelta(minutes=rule.check_in_opens_minutes),
        closes=dt.timedelta(minutes=rule.check_in_closes_minutes),
        boarding_closes=rule.boarding_closes,
    )


def check_in_window(context: DecisionContext, flight: Flight) -> CheckInWindow:
    """Return when passengers of the flight check in and board."""
    return window_of(load_rule(context, GateTimes, of_flight(flight)))


def minimum_times_of(rule: ConnectingTimes) -> MinimumTimes:
    """Return how long passengers need between two flights by this rule."""
    return MinimumTimes(
        {each.airport: dt.timedelta(minutes=each.minutes) for each in rule.airports},
        dt.timedelta(minutes=rule.elsewhere_minutes),
    )


def connecting_times(context: DecisionContext) -> MinimumTimes:
    """Return how long passengers need between two flights."""
    return minimum_times_of(load_rule(context, ConnectingTimes, ANY_SALE))


def connecting_times_in(book: PolicyBook, *, at: dt.datetime) -> MinimumTimes:
    """Return how long passengers need between two flights, as the book has it."""
    return minimum_times_of(book.rule(ConnectingTimes, ANY_SALE, at=at))


def material_change(context: DecisionContext, flight: Flight) -> dt.timedelta:
    """Return by how much the flight must move for its passengers to be free to leave."""
    return load_rule(context, MaterialChange, of_flight(flight)).least


def authorisation_of(rule: Overbooking) -> Authorisation:
    """Return how many seats may be sold by this rule."""
    return Authorisation({cabin: rule.percent_of(cabin) for cabin in CABINS}, rule.seat_limit)


def authorisation(context: DecisionContext, sale: Sale) -> Authorisation:
    """Return how many seats of a flight may be sold that is put on sale now."""
    return authorisation_of(load_rule(context, Overbooking, sale))


async def read_rule(bus: CommandBus, kind: type[Rule], sale: Sale, *, at: dt.datetime) -> Rule:
    """Return the rule at this instant, as the log has it now; raises Unavailable."""
    policy, _ = await bus.current(stream_kinds.POLICY, stream_of(name_of_type(kind)))
    return rule_in_force(policy, kind, sale, at=at)
