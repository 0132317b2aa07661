"""The seeded week reads like a printed timetable, and its instants are right."""

import datetime as dt
from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from application.inventory import seed_network
from application.inventory.schedule_flight import ScheduleFlight
from application.inventory.seed_schedule import departure_instant, seed_schedule
from domain.inventory import sales_window, schedule
from domain.inventory.events import FlightScheduled
from domain.inventory.fold import evolve
from domain.kernel import ids, money
from domain.policies.book import LAUNCH_BOOK
from infrastructure.airports import world
from tests.support.launch_rules import AUTHORISED, CLOSES
from tests.unit.schedule.great_circle import distance_km

MONDAY = dt.date(2026, 11, 23)
AIRPORTS = world.load_airports()
# Monday of the week in which the clocks of the place change, and an ordinary week each side.
WEEKS = [
    MONDAY,
    dt.date(2026, 3, 23),  # London springs forward on Sunday 29 March
    dt.date(2026, 4, 20),  # Cairo springs forward on Friday 24 April
    dt.date(2026, 10, 19),  # London falls back on Sunday 25 October
    dt.date(2026, 10, 26),  # Cairo falls back on Friday 30 October
    dt.date(2026, 12, 28),
]


def week(today: dt.date = MONDAY) -> list[ScheduleFlight]:
    now = dt.datetime.combine(today, dt.time(), dt.UTC)
    return seed_schedule(today=today, carrier="ZZ", airports=AIRPORTS, book=LAUNCH_BOOK, now=now)


def flight(name: str, today: dt.date = MONDAY) -> FlightScheduled:
    return next(c.scheduled for c in week(today) if c.flight_id == name)


def local(instant: dt.datetime, zone: str) -> str:
    return instant.astimezone(ZoneInfo(zone)).strftime("%a %d %H:%M")


@pytest.mark.parametrize("today", WEEKS)
def test_a_week_has_two_to_three_hundred_departures_each_with_an_id_of_its_own(
    today: dt.date,
) -> None:
    commands = week(today)
    assert 200 <= len(commands) <= 300
    assert len({command.flight_id for command in commands}) == len(commands)
    per_day = Counter(command.flight_id[-10:] for command in commands)
    assert len(per_day) == 7
    assert min(per_day.values()) >= 25


def test_the_same_day_gives_the_same_commands_in_the_order_of_departure() -> None:
    assert week() == week()
    instants = [command.scheduled.departs_at for command in week()]
    assert instants == sorted(instants)


@pytest.mark.parametrize("today", WEEKS)
def test_the_id_carries_number_and_local_day_at_origin(today: dt.date) -> None:
    for command in week(today):
        scheduled = command.scheduled
        day = scheduled.departs_at.astimezone(ZoneInfo(scheduled.origin_zone)).date()
        assert command.flight_id == ids.flight_stream(scheduled.number, day.isoformat())
        assert today < day <= today + dt.timedelta(days=7)


@pytest.mark.parametrize("today", WEEKS)
def test_every_departure_leaves_at_the_printed_local_time_also_when_clocks_change(
    today: dt.date,
) -> None:
    legs = {
        f"ZZ{leg.number}": leg for r in seed_network.ROTATIONS for leg in (r.outbound, r.inbound)
    }
    for command in week(today):
        scheduled = command.scheduled
        shown = scheduled.departs_at.astimezone(ZoneInfo(scheduled.origin_zone))
        assert shown.time() == legs[scheduled.number].departs
        assert scheduled.departs_at.utcoffset() == dt.timedelta(0)
        assert scheduled.arrives_at - scheduled.departs_at == legs[scheduled.number].block


def test_london_is_an_hour_nearer_to_utc_after_its_clocks_fall_back() -> None:
    summer = flight("flight-ZZ702-2026-10-24", dt.date(2026, 10, 19))
    winter = flight("flight-ZZ702-2026-10-25", dt.date(2026, 10, 19))
    assert summer.departs_at == dt.datetime(2026, 10, 24, 14, 30, tzinfo=dt.UTC)
    assert winter.departs_at == dt.datetime(2026, 10, 25, 15, 30, tzinfo=dt.UTC)


def test_cairo_leaves_an_hour_earlier_in_utc_after_its_clocks_spring_forward() -> None:
    winter = flight("flight-ZZ502-2026-04-23", dt.date(2026, 4, 20))
    summer = flight("flight-ZZ502-2026-04-24", dt.date(2026, 4, 20))
    assert winter.departs_at == dt.datetime(2026, 4, 23, 11, 5, tzinfo=dt.UTC)
    assert summer.departs_at == dt.datetime(2026, 4, 24, 10, 5, tzinfo=dt.UTC)


def test_a_night_flight_to_tokyo_arrives_on_the_next_local_day() -> None:
    tokyo = flight("flight-ZZ731-2026-11-24")
    assert local(tokyo.departs_at, tokyo.origin_zone) == "Tue 24 20:10"
    assert local(tokyo.arrives_at, tokyo.destination_zone) == "Wed 25 12:50"


def test_a_time_that_the_clocks_skip_is_an_hour_later_and_a_repeated_one_is_the_first() -> None:
    half_past_one = dt.time(1, 30)
    skipped = departure_instant(dt.date(2026, 3, 29), half_past_one, zone="Europe/London")
    repeated = departure_instant(dt.date(2026, 10, 25), half_past_one, zone="Europe/London")
    assert local(skipped, "Europe/London") == "Sun 29 02:30"
    assert repeated == dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize("today", WEEKS)
def test_an_aircraft_is_on_the_ground_long_enough_before_it_comes_back(today: dt.date) -> None:
    by_name = {command.flight_id: command.scheduled for command in week(today)}
    checked = 0
    for rotation in seed_network.ROTATIONS:
        for offset in range(1, 8):
            out_day = today + dt.timedelta(days=offset)
            back_day = out_day + dt.timedelta(days=rotation.return_day_offset)
            out = by_name.get(ids.flight_stream(f"ZZ{rotation.outbound.number}", f"{out_day}"))
            back = by_name.get(ids.flight_stream(f"ZZ{rotation.inbound.number}", f"{back_day}"))
            if out is not None and back is not None:
                ground = back.departs_at - out.arrives_at
                assert dt.timedelta(minutes=40) <= ground <= dt.timedelta(hours=4)
                checked += 1
    assert checked > 100


def test_block_times_are_plausible_for_the_distance() -> None:
    for rotation in seed_network.ROTATIONS:
        for leg in (rotation.outbound, rotation.inbound):
            distance = distance_km(AIRPORTS[leg.origin], AIRPORTS[leg.destination])
            hours = leg.block.total_seconds() / 3600
            # Half an hour of taxi and climb; between a turboprop's and a tail wind's speed.
            assert 480 <= distance / (hours - 0.5) <= 950, leg


def test_every_route_is_flown_both_ways_and_the_return_mirrors_the_way_out() -> None:
    for rotation in seed_network.ROTATIONS:
        out, back = rotation.outbound, rotation.inbound
        assert (out.origin, out.destination) == (back.destination, back.origin)
        assert (out.number % 2, back.number) == (1, out.number + 1)
    routes = {(c.scheduled.origin, c.scheduled.destination) for c in week()}
    assert {(b, a) for a, b in routes} == routes
    assert {"RUH", "JED", "DMM", "MED", "AHB", "DXB", "CAI", "KWI"} <= {a for a, _ in routes}
    assert {"DOH", "AMM", "IST", "LHR", "NRT"} <= {a for a, _ in routes}


def test_every_fare_can_be_charged_and_business_costs_more() -> None:
    for command in week():
        *economy, business = command.scheduled.fares
        assert {fare.cabin for fare in economy} == {"Y"}
        assert business.cabin == "J"
        assert all(money.is_chargeable(fare.fare) for fare in command.scheduled.fares)
        assert len({fare.fare.currency for fare in command.scheduled.fares}) == 1
        amounts = [fare.fare.amount for fare in economy]
        assert amounts == sorted(amounts, reverse=True)
        limits = [fare.seat_limit for fare in economy[1:] if fare.seat_limit is not None]
        assert limits == sorted(limits, reverse=True)
        assert business.fare.amount > 2 * amounts[-1]


def test_currencies_with_two_three_and_no_decimals_are_sold() -> None:
    sold = {(c.scheduled.origin, c.scheduled.fares[0].fare.currency) for c in week()}
    assert {pair for pair in sold if pair[1] != "SAR"} == {("KWI", "KWD"), ("NRT", "JPY")}
    assert {money.exponent(currency) for _, currency in sold} == {0, 2, 3}


def test_thursday_and_friday_cost_a_tenth_more() -> None:
    plain = flight("flight-ZZ322-2026-11-25").fares[2].fare
    busy = flight("flight-ZZ322-2026-11-26").fares[2].fare
    assert (plain, busy) == (money.Money(37_500, "KWD"), money.Money(41_250, "KWD"))


def test_only_flights_within_one_country_are_domestic() -> None:
    for command in week():
        scheduled = command.scheduled
        countries = {AIRPORTS[scheduled.origin].country, AIRPORTS[scheduled.destination].country}
        assert scheduled.domestic == (countries == {"SA"})
    assert any(c.scheduled.domestic for c in week())


@pytest.mark.parametrize("today", WEEKS)
def test_the_inventory_takes_every_departure_and_all_are_on_sale_until_midnight_at_home(
    today: dt.date,
) -> None:
    midnight = departure_instant(today + dt.timedelta(days=1), dt.time(), zone="Asia/Riyadh")
    for command in week(today):
        events = schedule.schedule(None, scheduled=command.scheduled, by=AUTHORISED, now=midnight)
        state = evolve(None, command.scheduled)
        assert events == [command.scheduled]
        again = schedule.schedule(state, scheduled=command.scheduled, by=AUTHORISED, now=midnight)
        assert again == []
        assert state.cabins["Y"].free_count > state.cabins["J"].free_count > 0
        assert sales_window.is_on_sale(state.departs_at, closes=CLOSES, now=midnight)
