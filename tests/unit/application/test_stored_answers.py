"""Every use case that a client can repeat asks for the stored answer before anything else."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import pytest

from application import booking
from application.booking import create_booking
from application.booking.booking_details import BookingDetails

# They carry a command out for a use case, or only after the log has been asked.
PARTS_OF_USE_CASES = frozenset({"carry_out_and_read", "details"})


def use_cases() -> list[Callable[..., Any]]:
    """Public functions that take a caller and return a booking."""
    found = []
    for module in pkgutil.iter_modules(booking.__path__, "application.booking."):
        for name, value in vars(importlib.import_module(module.name)).items():
            own = inspect.iscoroutinefunction(value) and value.__module__ == module.name
            if not own or name.startswith("_") or name in PARTS_OF_USE_CASES:
                continue
            signature = inspect.signature(inspect.unwrap(value))
            if "caller" in signature.parameters and signature.return_annotation is BookingDetails:
                found.append(value)
    return found


def test_there_are_use_cases_to_look_at() -> None:
    assert len(use_cases()) >= 16


@pytest.mark.parametrize("use_case", use_cases(), ids=lambda each: each.__name__)
def test_a_repeated_request_gets_its_stored_answer_first(use_case: Callable[..., Any]) -> None:
    if use_case is create_booking.create_booking:
        # The append finds its answer; only a refused quote has to ask, as its own test shows.
        assert "stored_answer(" in inspect.getsource(use_case)
        return
    assert use_case.__code__.co_name == "carried_out_once"
