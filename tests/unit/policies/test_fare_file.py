"""A file of fares is read as it was written, and each wrong line is named with its reason."""

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from application.policies import fare_file
from application.policies.fare_file import FareChanges, FareError
from domain.policies.filed_fares import FiledFare, FiledFares, in_order
from tests.unit.policies.test_filed_fares import FARE, ROWS, is_valid

HEADING = "route,cabin,fare_class,currency,amount,first_day,last_day,days,trip\n"
CURRENCIES = {"SAR": 1, "KWD": 10, "JPY": 1}


@given(st.lists(st.tuples(ROWS, st.sampled_from(sorted(CURRENCIES))), max_size=5))
def test_a_table_is_read_as_it_was_written(rows: list[tuple[FiledFare, str]]) -> None:
    table = in_order(
        [
            replace(each, currency=currency, amount=each.amount * CURRENCIES[currency])
            for each, currency in rows
        ]
    )
    assume(is_valid(table))
    assert fare_file.table_of(fare_file.read(fare_file.write(table))) == (table, ())


def test_a_file_says_amounts_with_decimals_and_cabins_by_name() -> None:
    dinars = replace(FARE, cabin="J", currency="KWD", amount=29_500, days=(4, 5))
    written = fare_file.write(FiledFares((dinars,)))
    assert written == HEADING + "RUH-JED,business,Y,KWD,29.500,,,45,\n"


def test_every_wrong_line_is_named() -> None:
    text = HEADING + (
        "RUH-JED,economy,Y,SAR,300.00,,,,\n"
        "RUH-JED,first,V,XYZ,300.00,,,,\n"
        "\n"
        "RUH-JED,economy,V,SAR,300.001,2026-13-01,2026-W01-1,8,there\n"
        "RUH-JED,economy\n"
    )
    table, errors = fare_file.table_of(fare_file.read(text))
    assert table is None
    assert list(errors) == [
        FareError(3, "cabin", "economy_or_business"),
        FareError(3, "currency", "unknown_currency"),
        FareError(5, "amount", "too_many_decimals"),
        FareError(5, "days", "digits_from_1_to_7"),
        FareError(5, "trip", "one_way_or_round_trip"),
        FareError(5, "first_day", "not_a_day"),
        FareError(5, "last_day", "not_a_day"),
        FareError(6, "line", "columns_missing_or_left_over"),
    ]


def test_a_table_that_is_refused_names_the_line_in_the_file() -> None:
    text = HEADING + (
        "RUH-JED,economy,Y,SAR,300.00,,,,\n"
        "AHB-RUH,economy,Y,SAR,300.00,,,,\n"
        "RUH-JED,economy,Y,SAR,310.00,,,,\n"
    )
    _, errors = fare_file.table_of(fare_file.read(text))
    assert list(errors) == [FareError(2, "line", "fares_overlap")]
    _, errors = fare_file.table_of(fare_file.read("route,cabin\n"))
    assert list(errors) == [FareError(1, "heading", "other_columns")]


def test_changes_are_counted_by_what_a_fare_is_for() -> None:
    before = FiledFares((FARE, replace(FARE, route="RUH-MED")))
    after = FiledFares((replace(FARE, amount=1), replace(FARE, route="RUH-TUU")))
    assert fare_file.changes(before, after) == FareChanges(added=1, changed=1, removed=1)
