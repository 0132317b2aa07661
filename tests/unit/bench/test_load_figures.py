"""The load test has the customer's stages, judges what it measured, and names what was short."""

import io

import msgspec
import pytest
from rich.console import Console

from tests.bench import load_cause, load_test
from tests.bench.load_cause import HARNESS, IDLE, OTHERS, Strain
from tests.bench.load_plan import LoadTestResult, Step, customer_stages, users_at
from tests.bench.load_test import Level
from tests.bench.processor_time import Process

CALM = Strain({"web": 0.1, IDLE: 0.9}, 0.0, 0.0, 0, 0, 0)


def result(*, p95: float, requests: int = 1_000, failures: int = 0) -> LoadTestResult:
    search = Step("search", requests, failures, 5.0, p95, 2 * p95, 60.0)
    return LoadTestResult([search, msgspec.structs.replace(search, name="all")], {})


def missed(found: LoadTestResult) -> list[str]:
    return [case.case for case in load_test.cases_of(found) if not case.holds]


def test_fifty_users_come_then_a_hundred_and_all_go_in_sixteen_minutes() -> None:
    stages = customer_stages(16.0)
    minutes = (0.0, 1.0, 2.0, 6.9, 8.0, 9.0, 13.9, 15.0, 15.999)
    found = [users_at(stages, minute * 60) for minute in minutes]
    assert found == [1, 25, 50, 50, 75, 100, 100, 50, 1]
    assert users_at(stages, 16 * 60) is None


def test_a_scaled_test_has_the_same_stages_in_less_time() -> None:
    long, short = customer_stages(16.0), customer_stages(1.6)
    assert [stage.users for stage in short] == [stage.users for stage in long]
    assert users_at(short, 6.9 * 6) == users_at(long, 6.9 * 60)
    assert users_at(short, 96.0) is None


@pytest.mark.parametrize(
    ("found", "bars"),
    [
        (result(p95=49.0), []),
        (result(p95=50.0), ["goal p95"]),
        (result(p95=500.0), ["floor p95", "goal p95"]),
        (result(p95=1.0, failures=1), ["goal errors"]),
        (result(p95=1.0, failures=10), ["floor errors", "goal errors"]),
        (
            result(p95=0.0, requests=0),
            ["floor p95", "floor errors", "goal p95", "goal errors"],
        ),
    ],
)
def test_the_bars_are_those_of_the_customer(found: LoadTestResult, bars: list[str]) -> None:
    assert missed(found) == bars


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "nothing was short"),
        ({"processors": {"web": 0.5, HARNESS: 0.2, OTHERS: 0.25, IDLE: 0.05}}, "processors: 95%"),
        (
            {"processors": {"web": 0.95 / load_cause.PROCESSORS, IDLE: 0.5}},
            "processor" if load_cause.PROCESSORS == 1 else "the web process",
        ),
        ({"lock_share": 0.6}, "locks: statements waited in 60%"),
        ({"pool_share": 0.5}, "connections: all busy in 50%"),
        ({"messages": 900, "stripe_events": 200}, "waiting work: 900 messages"),
    ],
)
def test_what_was_short_is_named(changed: dict[str, object], words: str) -> None:
    assert words in load_cause.cause(msgspec.structs.replace(CALM, **changed))


def test_shares_of_processors_add_up_with_what_others_used() -> None:
    earlier = {1: Process(0, "web", 10.0)}
    later = {1: Process(0, "web", 12.0), 2: Process(1, "postgres", 1.0)}
    capacity = 10.0 * load_cause.PROCESSORS
    found = load_cause.shares(earlier, later, 10.0, capacity - 5.0)
    assert found["web"] == pytest.approx(2 / capacity)
    assert found["postgres"] == pytest.approx(1 / capacity)
    assert found[OTHERS] == pytest.approx(2 / capacity)
    assert sum(found.values()) == pytest.approx(1.0)


def test_a_ramp_says_where_it_broke_and_why() -> None:
    held = Level(100, 80.0, 20.0, 0.0, {}, "nothing was short")
    broken = Level(150, 90.0, 700.0, 0.0, {"book: 503 X": 3}, "processors: 95% used")
    shown = io.StringIO()
    console = Console(file=shown, width=200)
    load_test.show_ramps(console, {"1 web": [held, broken], "2 web": [held]})
    lines = shown.getvalue().splitlines()
    assert lines[0].startswith("1 web: held 80/s; broke at 150 users, 90/s, p95 700 ms")
    assert "processors: 95% used" in lines[0]
    assert lines[1].strip() == "3 times: book: 503 X"
    assert lines[2] == "2 web: did not break at 100 users, 80/s"


def test_a_level_is_broken_by_slow_answers_or_by_errors() -> None:
    for measured, broken in (
        (result(p95=499.0), False),
        (result(p95=500.0), True),
        (result(p95=5.0, failures=10), True),
    ):
        assert load_test.level_of(10, measured, CALM).is_broken is broken
