"""Birth dates: which are asked for, which type they give, and who accompanies a minor."""

import datetime as dt

import pytest

from domain.booking import ages, rejections
from domain.pricing.price import PassengerType

TODAY = dt.date(2026, 11, 20)
OUT, BACK = dt.date(2026, 12, 1), dt.date(2026, 12, 15)
ADULT, CHILD = dt.date(1990, 5, 17), dt.date(2019, 5, 17)
TURNS_TWO_ON_THE_WAY = dt.date(2024, 12, 10)
TURNS_TWELVE_ON_THE_WAY = dt.date(2014, 12, 10)
Party = list[tuple[PassengerType, dt.date | None]]


def refused(party: Party, *, days: tuple[dt.date, ...] = (OUT, BACK)) -> dict[str, str | int]:
    with pytest.raises((rejections.InvalidBirthDate, rejections.InvalidParty)) as refusal:
        ages.require_ages(party, days, today=TODAY)
    return refusal.value.parameters


@pytest.mark.parametrize("kind", ["CHD", "INF"])
def test_a_child_or_an_infant_is_not_sold_without_a_birth_date(kind: PassengerType) -> None:
    found = refused([("ADT", None), (kind, None)])
    assert found == {"field": "passengers[1].birthDate", "reason": "missing"}


def test_an_adult_is_sold_with_or_without_a_birth_date() -> None:
    ages.require_ages([("ADT", None), ("ADT", ADULT)], (OUT, BACK), today=TODAY)


@pytest.mark.parametrize(
    ("kind", "birth", "needed"),
    [
        ("ADT", CHILD, "CHD"),
        ("CHD", ADULT, "ADT"),
        ("INF", CHILD, "CHD"),
        ("CHD", TODAY - dt.timedelta(days=90), "INF"),
        ("INF", TURNS_TWO_ON_THE_WAY, "CHD"),
        ("ADT", TURNS_TWELVE_ON_THE_WAY, "CHD"),
    ],
)
def test_a_type_that_the_birth_date_does_not_give_is_refused_with_the_right_one(
    kind: PassengerType, birth: dt.date, needed: str
) -> None:
    assert refused([("ADT", None), (kind, birth)]) == {
        "field": "passengers[1].birthDate",
        "reason": "age_differs",
        "type": kind,
        "needed": needed,
    }


@pytest.mark.parametrize("birth", [TURNS_TWO_ON_THE_WAY, TURNS_TWELVE_ON_THE_WAY])
def test_who_changes_type_on_the_way_is_a_child_on_all_flights(birth: dt.date) -> None:
    ages.require_ages([("ADT", None), ("CHD", birth)], (OUT, BACK), today=TODAY)


def test_an_infant_who_turns_two_on_the_day_of_the_last_flight_needs_a_seat() -> None:
    ages.require_ages([("ADT", None), ("INF", dt.date(2024, 12, 16))], (OUT, BACK), today=TODAY)
    assert refused([("ADT", None), ("INF", dt.date(2024, 12, 15))])["needed"] == "CHD"


@pytest.mark.parametrize(
    ("birth", "reason"),
    [
        (TODAY + dt.timedelta(days=1), "in_the_future"),
        (dt.date(2202, 1, 1), "in_the_future"),
        (dt.date(1890, 1, 1), "too_long_ago"),
        (dt.date(1, 1, 1), "too_long_ago"),
    ],
)
def test_an_impossible_birth_date_is_refused(birth: dt.date, reason: str) -> None:
    found = refused([("ADT", birth)])
    assert found == {"field": "passengers[0].birthDate", "reason": reason}


def test_a_newborn_flies_from_its_seventh_day_on() -> None:
    party: Party = [("ADT", None), ("INF", TODAY)]
    ages.require_ages(party, (TODAY + dt.timedelta(days=7),), today=TODAY)
    assert refused(party, days=(TODAY + dt.timedelta(days=6), BACK)) == {
        "field": "passengers[1].birthDate",
        "reason": "too_young",
        "needed": "2026-11-27",
    }


def test_a_guardian_is_eighteen_where_the_age_is_known() -> None:
    seventeen, eighteen = dt.date(2008, 12, 2), dt.date(2008, 12, 1)
    refusal = {"field": "passengers", "reason": "guardian_too_young", "limit": 18}
    for kind, birth in (("CHD", CHILD), ("INF", TODAY - dt.timedelta(days=90))):
        minor: tuple[PassengerType, dt.date] = (kind, birth)  # type: ignore[assignment]
        assert refused([("ADT", seventeen), minor]) == refusal
        ages.require_ages([("ADT", eighteen), minor], (OUT, BACK), today=TODAY)
        ages.require_ages([("ADT", None), minor], (OUT, BACK), today=TODAY)
        ages.require_ages([("ADT", seventeen), ("ADT", None), minor], (OUT,), today=TODAY)
    ages.require_ages([("ADT", seventeen)], (OUT, BACK), today=TODAY)


def test_each_infant_has_a_guardian_of_its_own() -> None:
    infant: tuple[PassengerType, dt.date] = ("INF", TODAY - dt.timedelta(days=90))
    party: Party = [("ADT", ADULT), ("ADT", dt.date(2010, 1, 1)), infant, infant]
    assert refused(party)["reason"] == "guardian_too_young"
