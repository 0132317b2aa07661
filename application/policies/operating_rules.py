"""What the rules about operations say now of a flight, in the terms of inventory and booking.

What only shows something uses what the process remembers (`current_policies`).
"""

import datetime as dt

from application.commands import stream_kinds
from application.commands.context import DecisionContext
from application.inventory.airports import Airport
from application.policies.rules_now import load_rule
from domain.booking.connections import MinimumTimes
from domain.booking.preconditions import CheckInWindow
from domain.inventory.events import HOME_COUNTRY
from domain.inventory.sales_window import SaleLimits
from domain.inventory.schedule import CABINS, Authorisation
from domain.inventory.state import Flight
from domain.policies.book import PolicyBook
from domain.policies.operating_values import (
    ConnectingTimes,
    GateTimes,
    HoldTimes,
    MaterialChange,
    Overbooking,
    PlacesPerFlight,
    SalesWindow,
)
from domain.policies.scope import Sale
from domain.policies.values import stream_of

_OF_HOLDS = tuple(stream_of(name) for name in ("hold_times", "sales_window", "places_per_flight"))


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


def load_for_holds(context: DecisionContext) -> None:
    """Load the rules of holds by one read, before a decision draws what it can draw only once."""
    context.load_all(stream_kinds.POLICY, _OF_HOLDS)


def hold_times(context: DecisionContext) -> HoldTimes:
    """Return how long holds, offers and sessions last that are decided now."""
    return load_rule(context, HoldTimes)


def limits_of(book: PolicyBook, flight: Flight, *, at: dt.datetime) -> SaleLimits:
    """Return when sales of this flight close, and how many infants it takes, as the book has it."""
    sale = of_flight(flight)
    closes = book.value_in_force(SalesWindow, sale, at=at).closes
    return SaleLimits(closes, book.value_in_force(PlacesPerFlight, sale, at=at).infants)


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
    return minimum_times_of(load_rule(context, ConnectingTimes))


def connecting_times_in(book: PolicyBook, *, at: dt.datetime) -> MinimumTimes:
    """Return how long passengers need between two flights, as the book has it."""
    return minimum_times_of(book.value_now(ConnectingTimes, at=at))


def material_change(context: DecisionContext, flight: Flight) -> dt.timedelta:
    """Return by how much the flight must move for its passengers to be free to leave."""
    return load_rule(context, MaterialChange, of_flight(flight)).least


def authorisation_of(rule: Overbooking) -> Authorisation:
    """Return how many seats may be sold by this rule."""
    return Authorisation({cabin: rule.percent_of(cabin) for cabin in CABINS}, rule.seat_limit)


def authorisation(context: DecisionContext, sale: Sale) -> Authorisation:
    """Return how many seats of a flight may be sold that is put on sale now."""
    return authorisation_of(load_rule(context, Overbooking, sale))
