"""What an example of the OpenAPI document says could be said by the system."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any, get_args
from zoneinfo import ZoneInfo

from domain.booking.actions import Action
from domain.booking.values import Destination
from interfaces.http.openapi.actions import OPERATIONS_OF
from tests.support.openapi_document import openapi_document

DOCUMENT: dict[str, Any] = openapi_document()


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _objects(each)


OPERATIONS = {
    operation["operationId"]: operation
    for of_path in DOCUMENT["paths"].values()
    for operation in of_path.values()
}
EXAMPLES = [found["example"] for found in _objects(DOCUMENT["paths"]) if "example" in found]


def _with(*members: str) -> list[dict[str, Any]]:
    """The objects of all examples that have these members."""
    found = [each for each in _objects(EXAMPLES) if each.keys() >= set(members)]
    assert found, members
    return found


def test_a_flight_of_an_example_has_airports_and_one_time_said_twice() -> None:
    for flight in _with("departureTime", "departureLocalTime", "durationMinutes"):
        times = []
        for end in ("departure", "arrival"):
            instant = dt.datetime.fromisoformat(flight[f"{end}Time"])
            local = dt.datetime.fromisoformat(flight[f"{end}LocalTime"])
            assert local == instant
            zone = ZoneInfo(flight[f"{end}Zone"])
            assert local.replace(tzinfo=None) == instant.astimezone(zone).replace(tzinfo=None)
            times.append(instant)
        assert times[1] - times[0] == dt.timedelta(minutes=flight["durationMinutes"])
        assert re.fullmatch("[A-Z]{3}", flight["from"])
        assert re.fullmatch("[A-Z]{3}", flight["to"])


def test_a_connection_of_an_example_costs_something() -> None:
    assert all(each["price"] > 0 for each in _with("connectionMinutes", "price"))


def test_the_destination_of_a_refund_is_one_that_the_domain_has() -> None:
    quotes = _with("feePercent", "destination")
    assert {each["destination"] for each in quotes} <= set(get_args(Destination))
    described = DOCUMENT["components"]["schemas"]["CancellationQuoteResponse"]["properties"]
    named = set(re.findall(r"\w+", described["destination"]["description"]))
    assert set(get_args(Destination)) <= named


def test_links_of_a_booking_are_paths_below_it() -> None:
    for booking in _with("links", "availableActions"):
        for path in booking["links"].values():
            assert path.startswith(f"/api/bookings/{booking['id']}/")


def test_every_action_of_a_booking_has_the_operations_that_carry_it_out() -> None:
    actions = set(get_args(Action))
    assert OPERATIONS_OF.keys() == actions
    named = {name for names in OPERATIONS_OF.values() for name in names}
    assert named <= OPERATIONS.keys()
    for booking in _with("availableActions"):
        assert set(booking["availableActions"]) <= actions
