"""What is written is read again, in both forms; every error of a file is found, with its line."""

import dataclasses
import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.inventory.season_files import FileForm
from domain.inventory.season import LineError, Season, SeasonLeg
from infrastructure.schedule_files.schedule_file import SIZE_LIMIT, read_season, write_season
from infrastructure.schedule_files.ssim_layout import LENGTH, UNTIL_FURTHER_NOTICE
from tests.support.season_files import seasons

LEG = SeasonLeg(
    number="ZZ101A",
    origin="RUH",
    destination="LHR",
    first_day=dt.date(2027, 3, 29),
    last_day=dt.date(2027, 10, 29),
    days="135",
    departs=dt.time(8, 20),
    arrives=dt.time(0, 5),
    aircraft="789",
    arrival_day=1,
    fortnightly=True,
    configuration="J024Y274",
    departure_terminal="1",
    departure_offset=180,
    arrival_offset=60,
)
SEASON = Season("ZZ", "local", dt.date(2027, 3, 28), dt.date(2027, 10, 30), (LEG,))
CSV = """flight,from,to,first_day,last_day,days,departs_local,arrives_local,aircraft,season
ZZ101,RUH,JED,2027-03-29,2027-10-29,135,08:20,10:05,320,S27
ZZ102,JED,RUH,2027-03-29,2027-10-29,135,11:00,12:45,320,S27
"""


@pytest.mark.parametrize("form", ["ssim", "csv"])
@given(season=seasons())
def test_what_is_written_is_read_again(form: FileForm, season: Season) -> None:
    read = read_season(write_season(season, form))
    assert read.errors == ()
    assert read.season == season
    assert len(read.lines) == len(season.legs)


def test_a_leg_of_ssim_has_its_fields_where_chapter_7_has_them() -> None:
    lines = write_season(SEASON, "ssim").splitlines()
    assert [len(line) for line in lines] == [LENGTH] * 4
    assert lines[0].startswith("1AIRLINE STANDARD SCHEDULE DATA SET")
    assert lines[1][:28] == "2LZZ      S27 28MAR2730OCT27"
    assert lines[2][:75] == (
        "3AZZ  1010101J29MAR2729OCT271 3 5  2RUH08200820+03001 LHR00050005+0100  789"
    ), lines[2][:75]
    assert lines[2][172:] == "J024Y274            01000003"
    assert lines[3][187:] == "000003E000004"


def test_a_file_that_another_system_wrote_is_read() -> None:
    """With segment records, lines of zeros, a period without an end and numbers with zeros."""
    header, carrier, leg, trailer = write_season(SEASON, "ssim").splitlines()
    leg = leg[:5] + "0101" + leg[9:21] + UNTIL_FURTHER_NOTICE + leg[28:]
    segment = f"4{leg[1:14]}".ljust(28) + "  ABRUHLHR010XX 4711".ljust(166) + "000004"
    trailer = trailer[:187] + "000004E000005"
    zeros = "0" * LENGTH
    read = read_season("\r\n".join([header, zeros, carrier, zeros, leg, segment, zeros, trailer]))
    assert read.errors == ()
    assert read.season == msgspec.structs.replace(
        SEASON, legs=(msgspec.structs.replace(LEG, last_day=SEASON.last_day),)
    )
    assert read.lines == (5,)


def changed(line: int, first: int, text: str) -> str:
    """A file of SSIM with other text from this byte of a line on; both count from 1."""
    lines = write_season(SEASON, "ssim").splitlines()
    record = lines[line - 1]
    lines[line - 1] = record[: first - 1] + text + record[first - 1 + len(text) :]
    return "\n".join(lines)


@dataclasses.dataclass
class Wrong:
    """Text at a place, and the errors that it makes: line, field and reason."""

    line: int
    first: int
    text: str
    errors: tuple[tuple[int, str, str], ...]


@pytest.mark.parametrize(
    "wrong",
    [
        Wrong(1, 2, "SOMETHING ELSE", ((1, "title", "not_a_schedule_data_set"),)),
        Wrong(2, 2, "X", ((2, "times", "l_or_u_expected"),)),
        Wrong(2, 22, "27MAR27", ((2, "last_day", "before_the_first"),)),
        Wrong(3, 3, "XX", ((3, "carrier", "not_that_of_the_file"),)),
        Wrong(3, 6, "   0", ((3, "flight", "not_a_flight_number"),)),
        Wrong(3, 12, "02", ((3, "leg", "through_flight"),)),
        Wrong(3, 15, "31FEB27", ((3, "first_day", "not_a_date"),)),
        Wrong(3, 22, "31OCT27", ((3, "first_day", "outside_the_period_of_the_file"),)),
        Wrong(3, 29, "2", ((3, "days", "not_days_of_operation"),)),
        Wrong(3, 40, "2460", ((3, "departs", "not_a_time"),)),
        Wrong(3, 48, "0300 ", ((3, "departure_offset", "not_an_offset"),)),
        Wrong(3, 173, "?", ((3, "configuration", "not_a_configuration"),)),
        Wrong(3, 72, "?", ((3, "arrival_terminal", "not_a_terminal"),)),
        Wrong(3, 195, "000009", ((3, "serial", "not_the_next_number"),)),
        Wrong(3, 1, "6", ((3, "type", "3_or_4_or_5_expected"),)),
        Wrong(4, 194, "C", ((4, "end", "one_carrier_expected"),)),
        Wrong(4, 188, "000001", ((4, "last_serial", "not_the_number_before"),)),
    ],
    ids=lambda wrong: f"{wrong.line}-{wrong.first}",
)
def test_an_error_of_ssim_is_found_in_its_line_and_field(wrong: Wrong) -> None:
    read = read_season(changed(wrong.line, wrong.first, wrong.text))
    assert set(read.errors) >= {LineError(*each) for each in wrong.errors}


def test_all_errors_of_a_file_are_found_at_once() -> None:
    text = changed(3, 15, "31FEB27").replace("RUH", "R-H").replace("0820", "9999")
    assert [(each.line, each.field) for each in read_season(text).errors] == [
        *((3, "departs"), (3, "first_day"), (3, "from")),
    ]
    rows = CSV.replace("RUH,JED", "R-H,JED").replace("2027-10-29,135,11:00", "2027-10-29,9,25:00")
    assert [(each.line, each.field) for each in read_season(rows).errors] == [
        *((2, "from"), (3, "days"), (3, "departs_local")),
    ]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_file_of_ssim_that_was_cut_off_is_refused(count: int) -> None:
    lines = write_season(SEASON, "ssim").splitlines()[:count]
    errors = read_season("\n".join(lines)).errors
    assert LineError(count + 1, "type", "5_expected") in errors


def test_a_csv_states_the_days_that_it_is_meant_for_or_names_the_season() -> None:
    named = read_season(CSV).season
    assert named is not None
    assert (named.times, named.first_day, named.last_day) == (
        "local",
        dt.date(2027, 3, 28),
        dt.date(2027, 10, 30),
    )
    plain = read_season(CSV.replace(",season", ",service").replace(",S27", ",J")).season
    assert plain is not None
    assert (plain.first_day, plain.last_day) == (LEG.first_day, LEG.last_day)
    assert plain.legs == named.legs


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        ("departs_local,arrives_local", "departs,arrives", "column_unknown"),
        ("departs_local", "departs_utc", "local_or_utc_columns_expected"),
        ("aircraft", "colour", "column_missing"),
        ("season", "days", "column_twice"),
        (",S27\nZZ102", ",W27\nZZ102", "not_that_of_the_file"),
        (",S27", ",X27", "not_a_season"),
        ("320,S27\nZZ102", "320\nZZ102", "wrong_number_of_columns"),
        ("ZZ102", "YY102", "one_carrier_expected"),
        ("2027-03-29", "2027-03-01", "legs_outside_its_days"),
        ("2027-03-29", "2026-03-01", "longer_than_a_year"),
        ("08:20", '"08:20', "not_csv"),
    ],
)
def test_an_error_of_a_csv_is_found(before: str, after: str, error: str) -> None:
    assert before in CSV
    read = read_season(CSV.replace(before, after))
    assert error in {each.reason for each in read.errors}


def test_a_file_without_legs_and_one_that_is_too_large_are_refused() -> None:
    assert {each.reason for each in read_season(CSV.splitlines()[0]).errors} == {"no_legs"}
    large = read_season(CSV + " " * SIZE_LIMIT)
    assert large.errors == (LineError(1, "line", "file_too_large"),)
    lines = write_season(SEASON, "ssim").splitlines()
    trailer = lines[3][:187] + "000002E000003"
    assert {each.reason for each in read_season("\n".join([*lines[:2], trailer])).errors} == {
        "no_legs"
    }


@given(st.text() | st.text(st.characters(codec="ascii"), min_size=LENGTH).map("1AIRLINE".__add__))
def test_any_text_is_read_or_refused(text: str) -> None:
    read = read_season(text)
    assert read.errors or read.season is not None
