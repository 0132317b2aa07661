"""The days that the demo, its tour and its documents ask for have flights, whenever it starts."""

import datetime as dt
import os
import re
import subprocess
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.inventory.seed_schedule import DAY_COUNT, seed_schedule
from domain.ledger.rules import accounting_day
from domain.policies.book import LAUNCH_BOOK
from infrastructure.airports.world import load_airports
from interfaces.cli import demo_tour, demo_walk

ROOT = Path(__file__).resolve().parents[3]
NEW_YEAR = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
ZONES_A_DAY_APART = ("Pacific/Kiritimati", "Pacific/Midway")
"""Their clocks are 25 hours apart: at no moment do both show the date of Riyadh."""


def minutes_of_a_week() -> st.SearchStrategy[dt.datetime]:
    return st.integers(0, 7 * 24 * 60).map(lambda minute: NEW_YEAR + dt.timedelta(minutes=minute))


def departures(now: dt.datetime) -> list[dt.datetime]:
    """Of the demo's first route, as `ops/ais demo` schedules them at this moment."""
    flights = seed_schedule(
        today=accounting_day(now),
        carrier="ZZ",
        airports=load_airports(),
        book=LAUNCH_BOOK,
        now=now,
    )
    return [
        flight.scheduled.departs_at
        for flight in flights
        if (flight.scheduled.origin, flight.scheduled.destination) == demo_tour.ROUTE
    ]


@given(minutes_of_a_week())
def test_every_day_that_may_be_asked_for_has_flights(now: dt.datetime) -> None:
    days = {leaves.astimezone(ZoneInfo("Asia/Riyadh")).date() for leaves in departures(now)}
    for ahead in range(1, DAY_COUNT + 1):
        assert dt.date.fromisoformat(demo_walk.day_of_departure(ahead, now=now)) in days


@given(minutes_of_a_week())
def test_check_in_is_open_for_the_last_flight_of_the_next_day(now: dt.datetime) -> None:
    tomorrow = demo_walk.day_of_departure(1, now=now)
    last = max(
        leaves
        for leaves in departures(now)
        if leaves.astimezone(ZoneInfo("Asia/Riyadh")).date().isoformat() == tomorrow
    )
    assert demo_tour.CHECK_IN_UNTIL < last - now < dt.timedelta(hours=48)


@pytest.mark.parametrize("zone", ZONES_A_DAY_APART)
@pytest.mark.parametrize(
    "script",
    [
        ". docs/how-to/tools.sh; day 3",
        *re.findall(
            r"^DAY=\$\(.*?\)$",
            (ROOT / "docs/tutorial/first-booking.md").read_text("utf-8"),
            re.MULTILINE | re.DOTALL,
        ),
    ],
)
def test_documents_count_days_by_the_calendar_of_riyadh(script: str, zone: str) -> None:
    def expected() -> str:
        return demo_walk.day_of_departure(3, now=dt.datetime.now(dt.UTC))

    before = expected()
    shown = subprocess.run(
        ["bash", "-euc", script + "; echo ${DAY:-}"],
        cwd=ROOT,
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert shown.strip() in {before, expected()}
