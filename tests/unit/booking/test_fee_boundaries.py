"""Fees at the edges of their bands: counted in hours between instants, not in days or by a clock.

Lower bounds are inclusive (conditions of carriage): exactly 168 hours before departure is free.
Where clocks change on the way, or the day does, the hours that pass are what counts.
"""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from application.booking.cancel_booking import Part
from domain.booking import rejections
from tests.support.memory_airline import MemoryAirline

SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
# Hours before departure, share kept of a cancelled and of a changed booking just before (more
# notice), exactly then, and just after; None: no change any more.
EDGES = [
    (168, (0, 0, 25), (0, 0, 5)),
    (72, (25, 25, 50), (5, 5, 10)),
    (24, (50, 50, 75), (10, 10, 15)),
    (0, (75, 75, 100), (15, 15, None)),
]
# Departures as people write them: each local time has one of the edges on the other side of a
# change of clocks, a midnight, a month or a year.
DEPARTURES = {
    "utc": dt.datetime(2027, 6, 15, 12, 0, tzinfo=dt.UTC),
    "riyadh, just after midnight": dt.datetime(2027, 3, 1, 0, 15, tzinfo=ZoneInfo("Asia/Riyadh")),
    "riyadh, new year": dt.datetime(2027, 1, 1, 0, 0, tzinfo=ZoneInfo("Asia/Riyadh")),
    "london, clocks forward a day before": dt.datetime(
        2027, 3, 28, 23, 0, tzinfo=ZoneInfo("Europe/London")
    ),
    "london, clocks back within three days": dt.datetime(
        2027, 11, 2, 6, 0, tzinfo=ZoneInfo("Europe/London")
    ),
    "cairo, clocks forward in april": dt.datetime(
        2027, 5, 1, 1, 0, tzinfo=ZoneInfo("Africa/Cairo")
    ),
    "cairo, clocks back": dt.datetime(2027, 10, 31, 1, 0, tzinfo=ZoneInfo("Africa/Cairo")),
    "tokyo, the day before in utc": dt.datetime(2027, 9, 1, 0, 30, tzinfo=ZoneInfo("Asia/Tokyo")),
    "auckland, clocks forward": dt.datetime(2027, 9, 27, 8, 0, tzinfo=ZoneInfo("Pacific/Auckland")),
    "new york, clocks back": dt.datetime(2027, 11, 8, 0, 0, tzinfo=ZoneInfo("America/New_York")),
}


def ticketed(departs_at: dt.datetime) -> tuple[MemoryAirline, str, dt.datetime]:
    """A booking on a flight that leaves then; the log keeps the instant."""
    airline = MemoryAirline()
    flight = airline.schedule("SV1", departs_at=departs_at)
    booking = airline.ticketed(flight)
    instant = airline.flight(flight).departs_at
    assert instant == departs_at
    return airline, booking, instant.astimezone(dt.UTC)


@pytest.mark.parametrize("departs_at", DEPARTURES.values(), ids=DEPARTURES.keys())
@pytest.mark.parametrize(("hours", "kept", "_changed"), EDGES)
def test_what_is_kept_of_a_cancelled_booking_changes_exactly_at_the_hour(
    departs_at: dt.datetime,
    hours: int,
    kept: tuple[int, int, int],
    _changed: tuple[int, int, int | None],
) -> None:
    airline, booking, instant = ticketed(departs_at)
    edge = instant - hours * HOUR
    total = airline.booking(booking).price.total()
    # Charges of both airports and their tax, 23.00, go back whatever is kept of the rest.
    base = total.amount - 2_300
    found = []
    for moment in (edge - SECOND, edge, edge + SECOND):
        airline.clock.now = moment
        quote = airline.quote_cancellation(booking)
        assert quote.fee == (base * quote.percent + 50) // 100
        assert quote.fee + quote.refund == total.amount
        found.append(quote.percent)
    assert tuple(found) == kept


@pytest.mark.parametrize("departs_at", DEPARTURES.values(), ids=DEPARTURES.keys())
@pytest.mark.parametrize(("hours", "_kept", "changed"), EDGES)
def test_what_a_change_costs_changes_exactly_at_the_hour(
    departs_at: dt.datetime,
    hours: int,
    _kept: tuple[int, int, int],
    changed: tuple[int, int, int | None],
) -> None:
    airline, booking, instant = ticketed(departs_at)
    other = airline.schedule("SV2", departs_at=instant + 100 * HOUR)
    edge = instant - hours * HOUR
    found: list[int | None] = []
    for moment in (edge - SECOND, edge, edge + SECOND):
        airline.clock.now = moment
        try:
            found.append(airline.quote_modification(booking, other).percent)
        except rejections.ModificationRefused:
            found.append(None)
    assert tuple(found) == changed


@pytest.mark.parametrize("zone", ["UTC", "Asia/Riyadh", "Africa/Cairo", "Pacific/Auckland"])
@pytest.mark.parametrize(("hours", "kept", "_changed"), EDGES)
def test_the_instant_may_be_given_in_any_zone(
    zone: str, hours: int, kept: tuple[int, int, int], _changed: tuple[int, int, int | None]
) -> None:
    """The instant counts, whatever time zone it is given in."""
    departs_at = DEPARTURES["cairo, clocks back"]
    airline, booking, instant = ticketed(departs_at)
    found = []
    for offset in (-SECOND, 0 * SECOND, SECOND):
        airline.clock.now = (instant - hours * HOUR + offset).astimezone(ZoneInfo(zone))
        found.append(airline.quote_cancellation(booking).percent)
    assert tuple(found) == kept


def test_the_night_when_clocks_go_back_has_its_hour_twice_and_both_count() -> None:
    """Wall clocks show 24 hours between the two, but 25 pass: the fee is that of 25."""
    departs_at = dt.datetime(2027, 10, 31, 12, 0, tzinfo=ZoneInfo("Europe/London"))
    airline, booking, _ = ticketed(departs_at)
    wall = dt.datetime(2027, 10, 30, 12, 0, tzinfo=ZoneInfo("Europe/London"))
    airline.clock.now = wall + HOUR
    assert airline.quote_cancellation(booking).percent == 50
    airline.clock.now = wall.astimezone(dt.UTC) + HOUR + SECOND
    assert airline.quote_cancellation(booking).percent == 75


def test_of_a_round_trip_the_first_cancelled_flight_counts() -> None:
    airline = MemoryAirline()
    out = airline.schedule("SV1", in_days=2)
    back = airline.schedule("SV2", in_days=9, route=("JED", "RUH"))
    booking = airline.ticketed((out, back))
    assert airline.quote_cancellation(booking).percent == 50
    assert airline.quote_cancellation(booking, Part(segments=(1,))).percent == 0
    assert airline.quote_cancellation(booking, Part(segments=(0,))).percent == 50
