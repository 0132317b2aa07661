"""How hard hypothesis tries: fresh inputs on each run, no time limit for a single one.

A failing run prints `@reproduce_failure(...)`; `--hypothesis-seed=N` makes a whole run again.
A machine prints its own seed: `AIS_TEST_SEED=N` makes it take the same steps, and
`AIS_TEST_EFFORT=K` lets it make K times as many runs, as do properties that ask for `effort`.
"""

import os
import secrets

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

# Draws as hypothesis does, but every run anew: by default five of six runs are copies of the one
# before with a part repeated, and a machine meets in a hundred runs what it can in twenty.
INDEPENDENT = "independent runs"
AVAILABLE_PROVIDERS[INDEPENDENT] = HypothesisProvider


class Machine(msgspec.Struct, frozen=True):
    """How often and from which seed a machine runs."""

    seed: int
    settings: settings


def load() -> None:
    """Make this the profile of the test run; loading it again changes nothing."""
    settings.register_profile(
        "ci",
        derandomize=False,
        print_blob=True,
        deadline=None,
        max_examples=60,
        stateful_step_count=40,
    )
    settings.load_profile("ci")


def effort(examples: int) -> int:
    """So many examples, times the effort of the environment."""
    return examples * int(os.environ.get("AIS_TEST_EFFORT", "1"))


def chosen_seed() -> int:
    """The seed of the environment, or a new one; whoever draws from it prints it."""
    return int(os.environ.get("AIS_TEST_SEED") or secrets.randbelow(2**32))


def show(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Print where every run is seen, and where a failure is read: processes of xdist have no
    terminal.
    """
    with capsys.disabled():
        print(f"\n{text}")
    print(text)


def machine(*, examples: int, steps: int) -> Machine:
    """So many independent runs of at most so many steps, from the seed of the environment or a new
    one.
    """
    return Machine(
        seed=chosen_seed(),
        settings=settings(
            backend=INDEPENDENT,
            max_examples=effort(examples),
            stateful_step_count=steps,
            deadline=None,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
