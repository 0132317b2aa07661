"""The text in a boarding pass's bar code has the fields, forms and sizes of the standard."""

import datetime as dt
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given

from domain.booking import boarding_pass, names
from domain.booking.boarding_pass import BoardingPassFacts
from domain.booking.values import Channel
from tests.support import bcbp, boarding_passes

# The example that the IATA implementation guide prints: two legs and a signature.
PUBLISHED = (
    "M2DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A0025 14D>6181WW6225BAC 00141234560032A"
    "0141234567890 1AC AC 1234567890123    20KYLX58ZDEF456 FRAGVALH 3664 227C012C0002 12E2A"
    "0140987654321 1AC AC 1234567890123    2PCNWQ^164GIWVC5EH7JNT684FVNJ91W2QA4DVN5J8K4F0L0GEQ3D"
    "F5TGBN8709HKT5D3DW3GBHFCVHMY7J5T6HFR41W2QA4DVN5J8K4F0L0GE"
)


def changed(**changes: Any) -> BoardingPassFacts:
    return msgspec.structs.replace(boarding_passes.EXAMPLE, **changes)


def leg(facts: BoardingPassFacts) -> dict[str, str]:
    return bcbp.parse(boarding_pass.bcbp(facts)).legs[0]


def test_the_reader_understands_the_published_example() -> None:
    found = bcbp.parse(PUBLISHED)
    assert found.whole["name"] == "DESMARAIS/LUC       "
    assert found.whole["bag_tags"] == "0014123456003"
    assert [leg["flight_number"] for leg in found.legs] == ["0834 ", "3664 "]
    assert [leg["airline_use"] for leg in found.legs] == ["LX58Z", "WQ"]
    assert found.legs[1]["baggage_allowance"] == "2PC"
    assert len(found.whole["security"]) == 100


@pytest.mark.parametrize("position", [0, 1, 22, 33, 44, 52, 57, 58, 59, 60, 61, 63, 76, 77])
def test_the_reader_refuses_a_pass_with_one_wrong_character(position: int) -> None:
    text = boarding_pass.bcbp(boarding_passes.EXAMPLE)
    wrong = f"{text[:position]}~{text[position + 1 :]}"
    with pytest.raises(bcbp.Malformed):
        bcbp.parse(wrong)


@pytest.mark.parametrize("length", range(95))
def test_the_reader_refuses_a_pass_that_is_cut_short(length: int) -> None:
    with pytest.raises(bcbp.Malformed):
        bcbp.parse(boarding_pass.bcbp(boarding_passes.EXAMPLE)[:length])


def test_the_whole_text_is_as_the_standard_lays_it_out() -> None:
    assert boarding_pass.bcbp(boarding_passes.EXAMPLE) == (
        "M1AL HARBI/NOURA FAHD EK7PQ2X RUHJEDSV 1023 328Y012A0025 1"
        "23>60B0WO6327BSV 120652400000017  SV "
    )


@given(boarding_passes.facts)
def test_every_pass_conforms_and_contains_the_facts_it_was_made_from(
    facts: BoardingPassFacts,
) -> None:
    text = boarding_pass.bcbp(facts)
    whole, (only,) = bcbp.parse(text)
    assert text[:60].isprintable()
    assert whole["legs"] == "1"
    assert whole["electronic_ticket"] == "E"
    assert whole["name"].rstrip(" ") == names.bar_code_name(facts.surname, facts.given_name)
    assert only["airline_code"] + only["serial"] == facts.ticket
    assert only["reference"].rstrip() == facts.reference
    assert (only["origin"], only["destination"]) == (facts.origin, facts.destination)
    carriers = (only["carrier"], only["marketing_carrier"], whole["issuer"])
    assert {carrier.rstrip() for carrier in carriers} == {facts.carrier}
    assert only["flight_number"].rstrip().lstrip("0") == facts.flight_number.lstrip("0")
    new_year = dt.date(facts.flight_date.year, 1, 1)
    flown = new_year + dt.timedelta(days=int(only["day_of_year"]) - 1)
    assert flown == facts.flight_date
    assert only["compartment"] == facts.compartment
    assert int(only["sequence"]) == facts.sequence
    assert only["status"] == facts.passenger_status
    assert only["airline_use"] == ""
    assert "security" not in whole


@pytest.mark.parametrize(
    ("changes", "seat"),
    [
        ({"seat": "1A"}, "001A"),
        ({"seat": "12A"}, "012A"),
        ({"seat": "012A"}, "012A"),
        ({"seat": "123K"}, "123K"),
        ({"seat": None}, "    "),
        ({"seat": None, "passenger_type": "INF"}, "INF "),
        ({"seat": "14C", "passenger_type": "INF"}, "014C"),
    ],
)
def test_a_seat_has_three_digits_and_a_lap_is_marked(changes: dict[str, Any], seat: str) -> None:
    assert leg(changed(**changes))["seat"] == seat


@pytest.mark.parametrize(
    ("changes", "description"),
    [
        ({"passenger_type": "ADT"}, "0"),
        ({"passenger_type": "CHD"}, "3"),
        ({"passenger_type": "INF"}, "4"),
        ({"passenger_type": "INF", "has_companion": True}, "4"),
        ({"passenger_type": "ADT", "has_companion": True}, "6"),
        ({"passenger_type": "CHD", "special_services": ("UMNR",)}, "7"),
        ({"passenger_type": "ADT", "special_services": ("WCHR",)}, "0"),
    ],
)
def test_the_kind_of_passenger_is_encoded(changes: dict[str, Any], description: str) -> None:
    text = boarding_pass.bcbp(changed(**changes))
    assert bcbp.parse(text).whole["description"] == description


@pytest.mark.parametrize(
    ("channel", "source"),
    [
        ("web", "W"),
        ("airport_agent", "O"),
        ("town_agent", "T"),
        ("third_party", "V"),
        (None, " "),
    ],
)
def test_the_sources_of_check_in_and_of_issuance_are_encoded_apart(
    channel: Channel | None, source: str
) -> None:
    other: Channel = "airport_agent" if channel == "web" else "web"
    checked_in = bcbp.parse(boarding_pass.bcbp(changed(checked_in_by=channel, issued_by=other)))
    issued = bcbp.parse(boarding_pass.bcbp(changed(checked_in_by=other, issued_by=channel)))
    assert checked_in.whole["check_in_source"] == issued.whole["issuance_source"] == source
    assert checked_in.whole["issuance_source"] == issued.whole["check_in_source"] != source


def test_each_channel_has_a_source() -> None:
    assert boarding_pass.SOURCES.keys() == set(get_args(Channel))


@pytest.mark.parametrize(
    ("day", "day_of_year"),
    [
        (dt.date(2026, 1, 1), "001"),
        (dt.date(2026, 12, 31), "365"),
        (dt.date(2028, 2, 29), "060"),
        (dt.date(2028, 12, 31), "366"),
    ],
)
def test_the_date_of_flight_is_the_day_of_the_year(day: dt.date, day_of_year: str) -> None:
    assert leg(changed(flight_date=day))["day_of_year"] == day_of_year


@pytest.mark.parametrize(
    ("issued_on", "field"),
    [(None, "    "), (dt.date(2026, 2, 1), "6032"), (dt.date(2030, 1, 9), "0009")],
)
def test_the_date_of_issue_keeps_the_last_digit_of_its_year(
    issued_on: dt.date | None, field: str
) -> None:
    text = boarding_pass.bcbp(changed(issued_on=issued_on))
    assert bcbp.parse(text).whole["issue_date"] == field


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "K7PQ2X99"},
        {"reference": "k7pq2x"},
        {"ticket": "065240000001"},
        {"ticket": "065240000001x"},
        {"ticket": "٠٦٥٢٤٠٠٠٠٠٠١٧"},
        {"origin": "RU"},
        {"destination": "JEDD"},
        {"carrier": "S"},
        {"carrier": "SAUD"},
        {"flight_number": "10234"},
        {"flight_number": ""},
        {"flight_number": "SV1023"},
        {"compartment": ""},
        {"compartment": "YY"},
        {"seat": "A12"},
        {"seat": "0A"},
        {"seat": "000A"},
        {"seat": "0012A"},
        {"seat": ""},
        {"seat": "12A\n"},
        {"sequence": 0},
        {"sequence": 10_000},
    ],
)
def test_a_fact_that_would_move_the_other_fields_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(boarding_pass.InvalidFacts, match=next(iter(changes))):
        boarding_pass.bcbp(changed(**changes))
