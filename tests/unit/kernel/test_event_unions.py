"""Every event belongs to the union of its capability, so that mypy finds a missing fold step.

The root class of an event (`SaleFact`) selects the fold, the union (`SaleEvent`) shows mypy which
steps it needs: the two are kept equal here.
"""

import importlib
import sys
from types import ModuleType
from typing import Any, get_args

import pytest

from domain.booking import events as booking_events
from domain.inventory import events as flight_events
from domain.kernel.events import DomainEvent
from domain.payment import events as payment_events

# The module, the name of its union, and the event that begins every stream.
CONTEXTS = [
    (booking_events, "BookingEvent", booking_events.BookingInitiated),
    (flight_events, "FlightEvent", flight_events.FlightScheduled),
    (payment_events, "PaymentEvent", payment_events.PaymentRequested),
]
NAMES = ["booking", "flight", "payment"]


def defined(module: ModuleType) -> list[type[DomainEvent]]:
    """All events and roots of a module, and those that it takes from others of its package."""
    package = module.__name__.removesuffix("events")
    others = [other for name, other in sys.modules.items() if name.startswith(package)]
    return list(
        dict.fromkeys(
            each
            for other in others
            for each in vars(other).values()
            if isinstance(each, type)
            and issubclass(each, DomainEvent)
            and each.__module__.startswith(package)
        )
    )


def _types(values: list[Any]) -> list[type]:
    return [each for each in values if isinstance(each, type)]


@pytest.mark.parametrize(("module", "union", "first"), CONTEXTS, ids=NAMES)
def test_the_union_of_each_root_holds_exactly_its_events(
    module: ModuleType, union: str, first: Any
) -> None:
    roots: list[Any] = [each for each in defined(module) if each.__name__.endswith("Fact")]
    assert len(roots) > 2
    for root in roots:
        found = getattr(module, root.__name__.replace("Fact", "Event"))
        events = get_args(found) or (found,)  # of one event, it is that event
        assert set(events) == set(root.__subclasses__())
        assert not hasattr(root, "tag")
        package = module.__name__.removesuffix(".events")
        assert callable(importlib.import_module(f"{package}.{root.capability}").evolve)
    assert first.capability == "start"
    rooted = {event for root in roots for event in root.__subclasses__()}
    assert set(get_args(getattr(module, union))) == rooted | {first}


@pytest.mark.parametrize(("module", "union", "first"), CONTEXTS, ids=NAMES)
def test_every_event_that_is_defined_has_a_tag_of_its_own_and_is_in_the_union(
    module: ModuleType, union: str, first: type[DomainEvent]
) -> None:
    tagged = [each for each in defined(module) if hasattr(each, "tag")]
    assert set(get_args(getattr(module, union))) == set(tagged)
    assert len({each.tag for each in tagged}) == len(tagged)
