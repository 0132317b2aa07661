"""A schedule is loaded on a real log, compared with a changed one, and that one is carried out."""

import asyncio
import datetime as dt
import uuid

import msgspec

from application.commands import stream_kinds
from application.commands.follow_up import Cause
from application.inventory import export_season, import_season
from application.inventory.cancel_flight import CancelFlight
from application.inventory.import_season import (
    ImportOutcome,
    ImportPlan,
    RefusedChange,
    SeasonImport,
)
from application.inventory.season_files import FileForm
from application.inventory.season_ports import SeasonPorts
from domain.inventory.season import LineError, Season, TimeMode
from domain.inventory.season_changes import Change
from domain.inventory.state import Flight, FlightStatus
from infrastructure.airports.world import load_airports
from infrastructure.schedule_files.schedule_file import read_season, write_season
from interfaces.read_composition import asking
from projections import checking
from projections.flight_availability import departures
from projections.registry import ALL
from tests.integration.projections.airline import Airline
from tests.support import season_files
from tests.support.airline import create_booking
from tests.support.season_files import FLEET

# Every kind of change occurs in the first four numbers.
NUMBERS, EACH = 6, 5
CLIENTS = 16
AVAILABILITY = (ALL["flight_availability"],)


def ports_of(airline: Airline) -> SeasonPorts:
    return SeasonPorts(
        bus=airline.dispatcher,
        clock=airline.clock,
        airports=load_airports(),
        departures=asking(airline.pool, departures.departures_of_carrier),
        read_file=read_season,
        write_file=write_season,
    )


async def planned(airline: Airline, season: Season, *, complete: bool = False) -> ImportPlan:
    text = write_season(season, "ssim")
    return await import_season.plan(ports_of(airline), SeasonImport(text, FLEET, complete))


async def carry_out(airline: Airline, plan: ImportPlan, *, limit: int = 1_000) -> ImportOutcome:
    cause = Cause(uuid.uuid4(), "operator", "c-1")
    asked = SeasonImport("", FLEET)
    return await import_season.carry_out(ports_of(airline), plan, asked, cause=cause, limit=limit)


async def loaded(airline: Airline) -> Season:
    """A small season that is on sale, and in the read model."""
    season = season_files.season_of(numbers=NUMBERS, each=EACH)
    outcome = await carry_out(airline, await planned(airline, season))
    assert (outcome.done, outcome.refused) == (NUMBERS * EACH, ())
    await airline.catch_up(AVAILABILITY)
    return season


async def flight_of(airline: Airline, flight_id: str) -> Flight:
    flight, _ = await airline.dispatcher.current(stream_kinds.FLIGHT, flight_id)
    assert flight is not None
    return flight


async def test_a_schedule_is_put_on_sale_and_is_then_unchanged(airline: Airline) -> None:
    season = await loaded(airline)
    again = await planned(airline, season)
    assert import_season.counts(again.compared) == {
        **dict.fromkeys(("new", "moved", "other_aircraft", "cancelled", "left"), 0),
        "unchanged": NUMBERS * EACH,
    }
    flight = await flight_of(airline, "flight-ZZ2000-2027-02-01")
    assert (flight.origin, flight.destination, flight.aircraft) == ("RUH", "JED", "320")
    economy = flight.cabins["Y"]
    assert economy.authorised_count >= 132
    assert [(each.code, each.seat_limit) for each in economy.buckets] == [("Y", None), ("K", 59)]


async def test_a_changed_schedule_moves_reequips_and_cancels(airline: Airline) -> None:
    season = await loaded(airline)
    booked = (await airline.submit(create_booking("flight-ZZ2001-2027-02-03"))).answer.stream
    await airline.catch_up(AVAILABILITY)
    plan = await planned(airline, season_files.changed(season))
    counts = import_season.counts(plan.compared)
    assert counts["moved"] == counts["other_aircraft"] == EACH
    assert (counts["cancelled"], counts["new"]) == (1, EACH)
    assert plan.compared.changes == tuple(
        sorted(plan.compared.changes, key=lambda each: (_departs_at(each), each.flight_id))
    )
    moved = {each.flight_id: each for each in plan.compared.changes if each.kind == "moved"}
    known = moved["flight-ZZ2001-2027-02-03"].on_sale
    assert known is not None
    assert known.taken == 1
    # The number that the file names no more is left as it is.
    assert import_season.left_by_reason(plan.compared.left) == {"number_not_in_the_file": EACH}

    outcome = await carry_out(airline, plan)
    assert (outcome.done, outcome.refused, outcome.remaining) == (2 * EACH + 1 + EACH, (), 0)
    later = await flight_of(airline, "flight-ZZ2001-2027-02-03")
    assert later.departs_at - known.departs_at == dt.timedelta(hours=3)
    assert [change.reason for change in later.changes] == ["commercial"]
    assert booked in dict(later.allocations.items())
    assert (await flight_of(airline, "flight-ZZ2002-2027-02-04")).aircraft == "789"
    [cancelled] = [each for each in plan.compared.changes if each.kind == "cancelled"]
    assert (await flight_of(airline, cancelled.flight_id)).status is FlightStatus.CANCELLED

    await airline.catch_up(AVAILABILITY)
    assert not (await planned(airline, season_files.changed(season))).compared.changes
    whole = await planned(airline, season_files.changed(season), complete=True)
    assert import_season.counts(whole.compared)["cancelled"] == EACH


def _departs_at(change: Change) -> dt.datetime:
    departure = change.planned or change.on_sale
    assert departure is not None
    return departure.departs_at


async def test_what_is_exported_changes_nothing_when_it_is_imported(airline: Airline) -> None:
    season = await loaded(airline)
    await carry_out(airline, await planned(airline, season_files.changed(season)))
    await airline.catch_up(AVAILABILITY)
    forms: tuple[tuple[FileForm, TimeMode], ...] = (
        *(("ssim", "local"), ("ssim", "utc"), ("csv", "local"), ("csv", "utc")),
    )
    for form, times in forms:
        exported = await export_season.export_season(
            ports_of(airline),
            carrier="ZZ",
            first_day=season.first_day,
            last_day=season.last_day,
            times=times,
            form=form,
        )
        assert exported.departures == NUMBERS * EACH + EACH - 1
        asked = SeasonImport(exported.text, FLEET, complete=True)
        plan = await import_season.plan(ports_of(airline), asked)
        assert plan.errors == ()
        assert not plan.compared.changes
        assert plan.compared.unchanged == exported.departures


async def test_a_run_that_was_stopped_is_begun_again_and_goes_on(airline: Airline) -> None:
    season = season_files.season_of(numbers=NUMBERS, each=EACH)
    plan = await planned(airline, season)
    part = await carry_out(airline, plan, limit=10)
    assert (part.done, part.remaining) == (10, NUMBERS * EACH - 10)
    # Although the read model has nothing of it yet, and another run carries the whole out.
    whole = await carry_out(airline, await planned(airline, season))
    assert (whole.done, whole.refused) == (NUMBERS * EACH, ())
    await airline.catch_up(AVAILABILITY)
    assert (await planned(airline, season)).compared.unchanged == NUMBERS * EACH
    [(scheduled,)] = airline.query(
        "SELECT count(*) FROM ledger.event WHERE tag = 'flight.scheduled.1' "
        "AND stream LIKE 'flight-ZZ%%' AND %s",
        True,
    )
    assert scheduled == NUMBERS * EACH


async def test_a_change_that_is_refused_is_reported_and_stops_no_other(airline: Airline) -> None:
    season = await loaded(airline)
    plan = await planned(airline, season_files.changed(season))
    gone = "flight-ZZ2001-2027-02-03"
    await airline.submit(CancelFlight(gone, "technical"))
    outcome = await carry_out(airline, plan)
    assert outcome.refused == (RefusedChange("moved", gone, "INVALID_STATE_TRANSITION", "", ""),)
    assert outcome.done == len(plan.compared.changes) - 1


async def test_a_schedule_is_carried_out_while_clients_book(airline: Airline) -> None:
    """Every booking is on a flight as it was promised, or as its passengers are informed of."""
    season = await loaded(airline)
    plan = await planned(airline, season_files.changed(season))
    kinds = {each.kind: each.flight_id for each in plan.compared.changes}
    flights = [kinds["moved"], kinds["other_aircraft"], "flight-ZZ2000-2027-02-01"]

    async def client(number: int) -> str:
        booked = await airline.submit(create_booking(flights[number % len(flights)]))
        return booked.answer.stream

    booked, outcome = await asyncio.gather(
        asyncio.gather(*(client(number) for number in range(CLIENTS))), carry_out(airline, plan)
    )
    assert (outcome.done, outcome.refused) == (len(plan.compared.changes), ())
    held = {
        booking
        for flight_id in flights
        for booking, _ in (await flight_of(airline, flight_id)).allocations.items()
    }
    assert held == set(booked)
    await airline.catch_up()
    found = await asyncio.to_thread(checking.check_all, airline.projector_dsn)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert not (await planned(airline, season_files.changed(season))).compared.changes


async def _on_sale(airline: Airline) -> set[str]:
    found, _ = await departures.departures_of_carrier(
        airline.pool, "ZZ", dt.date(2027, 1, 1), dt.date(2027, 12, 31)
    )
    return {each.flight_id for each in found}


async def test_what_the_fleet_lacks_is_an_error_of_its_line(airline: Airline) -> None:
    season = season_files.season_of(numbers=2, each=1)
    small = msgspec.structs.replace(FLEET, aircraft=FLEET.aircraft[1:])
    text = write_season(season, "csv")
    plan = await import_season.plan(ports_of(airline), SeasonImport(text, small))
    assert plan.errors == (LineError(2, "aircraft", "not_in_the_fleet"),)
    bare = msgspec.structs.replace(FLEET, fares=())
    plan = await import_season.plan(ports_of(airline), SeasonImport(text, bare))
    assert {each.reason for each in plan.errors} == {"route_without_fares"}
    assert await _on_sale(airline) == set()
