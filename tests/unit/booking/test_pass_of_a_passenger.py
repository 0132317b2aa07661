"""What the pass of a checked-in passenger says follows from booking, flight, people and caller."""

import datetime as dt
from typing import get_args

import pytest

from application.booking import read_boarding_passes, read_manifest
from application.booking.cancel_booking import Part
from application.booking.channels import CHANNELS
from application.booking.check_in import Board
from application.booking.choose_seats import ReviewSeats
from application.identity.ports import Principal
from application.inventory.change_equipment import ChangeEquipment
from application.inventory.reschedule_flight import RescheduleFlight
from domain.booking import boarding_pass
from domain.identity.roles import Role
from domain.inventory.events import CabinLayout
from infrastructure.event_store import codec
from tests.support import bcbp, scanner
from tests.support.named_party import OWNER, NamedParty


async def passes(party: NamedParty, principal: Principal = OWNER) -> list[bcbp.Pass]:
    """The bar codes of all passes, read back."""
    found = await read_boarding_passes.list_boarding_passes(
        party.ports, principal, party.booking_id
    )
    return [bcbp.parse(each.bar_code) for each in found]


async def page(party: NamedParty, passenger: int = 0) -> str:
    """The words on a printed pass."""
    pdf = await read_boarding_passes.print_boarding_pass(
        party.ports, OWNER, party.booking_id, segment=0, passenger=passenger, form="pdf"
    )
    return scanner.page_text(pdf)


def move(party: NamedParty, **by: float) -> None:
    """Move the first flight."""
    flight = party.airline.flight(party.flights[0])
    later = dt.timedelta(**by)
    command = RescheduleFlight(
        party.flights[0], flight.departs_at + later, flight.arrives_at + later, "weather"
    )
    party.airline.submit(command)


@pytest.mark.parametrize("hours", [14, 26, -13])
async def test_a_flight_that_leaves_on_another_day_keeps_the_date_of_its_number(
    hours: int,
) -> None:
    party = NamedParty(("ADT", "Noura"))
    scheduled = dt.date.fromisoformat(party.flights[0][-10:])
    party.check_in(minutes=20 * 60)
    move(party, hours=hours)
    (found,) = await passes(party)
    assert found.legs[0]["day_of_year"] == f"{scheduled:%j}"
    moved = party.airline.flight(party.flights[0]).departs_at + dt.timedelta(hours=3)
    assert moved.date() != scheduled
    text = await page(party)
    assert f"{scheduled:%d} NOV 2026" in text or f"{scheduled:%d} DEC 2026" in text
    assert f"{moved:%H:%M %d} {moved:%b}".upper() in text


@pytest.mark.parametrize("role", get_args(Role))
async def test_a_pass_names_who_checked_in_and_who_printed_it(role: Role) -> None:
    source = boarding_pass.SOURCES[CHANNELS[role]]
    expected = {"customer": "W", "agent": "V", "gate": "O", "admin": "O"}.get(role, "T")
    assert source == expected
    party = NamedParty(("ADT", "Noura"))
    party.check_in(channel="airport_agent")
    (found,) = await passes(party, Principal("user_1", role))
    assert found.whole["check_in_source"] == "O"
    assert found.whole["issuance_source"] == expected
    again = NamedParty(("ADT", "Noura"))
    again.check_in(channel=CHANNELS[role])
    (found,) = await passes(again)
    assert found.whole["check_in_source"] == expected
    assert found.whole["issuance_source"] == "W"


async def test_a_check_in_that_is_undone_and_done_again_has_the_new_source() -> None:
    party = NamedParty(("ADT", "Noura"))
    party.check_in(channel="web")
    party.undo_check_in()
    assert party.airline.booking(party.booking_id).coupons[0].checked_in_by is None
    party.check_in(channel="airport_agent")
    (found,) = await passes(party)
    assert found.whole["check_in_source"] == "O"


async def test_a_check_in_from_before_sources_were_recorded_leaves_its_source_blank() -> None:
    party = NamedParty(("ADT", "Noura"))
    party.check_in(channel=None)
    stored = codec.encode(party.airline.last(party.booking_id).event)
    assert b"channel" not in stored
    assert codec.decode("booking.passengers_checked_in.1", stored).places[0].channel is None
    (found,) = await passes(party)
    assert found.whole["check_in_source"] == " "


@pytest.mark.parametrize(("utc", "field"), [("20:59", "6334"), ("21:00", "6335")])
async def test_the_day_of_issue_is_today_at_the_origin(utc: str, field: str) -> None:
    party = NamedParty(("ADT", "Noura"))
    party.check_in()
    at = dt.time.fromisoformat(utc)
    party.airline.clock.now = dt.datetime.combine(dt.date(2026, 11, 30), at, tzinfo=dt.UTC)
    (found,) = await passes(party)
    assert found.whole["issue_date"] == field


async def test_a_flown_flight_keeps_its_ticket_when_the_rest_is_exchanged() -> None:
    party = NamedParty(("ADT", "Noura"), flights=2)
    party.check_in()
    party.airline.submit(Board(party.booking_id, 0, None))
    party.depart(0)
    (before,) = await passes(party)
    later = party.airline.schedule("SV9", in_days=20, route=("JED", "RUH"))
    party.airline.exchange(party.booking_id, later, segment=1)
    (flown,) = await passes(party)
    assert flown.legs[0]["serial"] == before.legs[0]["serial"]
    (listed,) = await read_manifest.read_manifest(party.ports, party.flights[0])
    assert listed.ticket is not None
    assert listed.ticket.endswith(before.legs[0]["serial"])
    (renewed,) = party.airline.booking(party.booking_id).tickets
    assert renewed.number != listed.ticket


async def test_a_passenger_on_standby_has_a_pass_without_a_seat_that_says_so() -> None:
    party = NamedParty(("ADT", "Noura"), ("ADT", "Fahd"))
    party.check_in()
    layout = CabinLayout("Y", 1, 40, "ABCDEF")
    party.airline.submit(ChangeEquipment(party.flights[0], (layout,), "technical"))
    party.airline.submit(ReviewSeats(party.booking_id, party.flights[0], "technical"))
    found = [each.legs[0] for each in await passes(party)]
    assert sorted((each["status"], each["seat"]) for each in found) == [
        ("1", "040A"),
        ("7", "    "),
    ]


async def test_an_infant_and_its_adult_name_each_other() -> None:
    party = NamedParty(("ADT", "Noura"), ("ADT", "Fahd"), ("CHD", "Sara"), ("INF", "Yusuf"))
    party.check_in()
    found = await passes(party)
    assert [each.whole["description"] for each in found] == ["6", "0", "3", "4"]
    with_infant, other, child, infant = [await page(party, each) for each in range(4)]
    assert "HARBI / YUSUF" in with_infant
    assert "With infant" not in other + child
    assert "HARBI / NOURA" in infant


async def test_the_infant_of_an_adult_who_stays_behind_flies_with_the_other() -> None:
    party = NamedParty(("ADT", "Noura"), ("ADT", "Fahd"), ("INF", "Yusuf"))
    party.airline.cancel(party.booking_id, Part((0,), None))
    party.check_in()
    found = await passes(party)
    assert [each.whole["description"] for each in found] == ["6", "4"]
    assert "HARBI / FAHD" in await page(party, 2)


async def test_the_printed_pass_names_airline_cities_cabin_and_when_the_gate_closes() -> None:
    party = NamedParty(("ADT", "Noura"))
    party.check_in()
    text = await page(party)
    for words in ("Rimal Air", "Riyadh", "Jeddah", "Economy", "12:00", "11:15", "11:45"):
        assert words in text
