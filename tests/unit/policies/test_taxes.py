"""The table of taxes and charges: what makes it valid, and what is due by it."""

import datetime as dt
from typing import Any

import pytest

from application.policies.sample_taxes import SAMPLE_TAXES
from application.policies.value_json import members_of, value_from
from domain.policies import publication, rejections
from domain.policies.scope import Scope
from domain.policies.state import of_launch
from domain.policies.taxes import LAUNCH_TAXES, TaxCharge, Taxes, require_valid
from domain.pricing import price
from tests.support.examples import NOW
from tests.support.policies import AUTHOR

DAY = dt.date(2027, 1, 10)


def row(**changes: Any) -> TaxCharge:
    given: dict[str, Any] = {"code": "IO", "authority": "GACA", "per": "departure", "amount": 87_00}
    return TaxCharge(**{**given, "currency": "SAR", "travel": "international", **changes})


def due(table: Taxes, route: str, **more: Any) -> list[tuple[str, str | None]]:
    origin, destination = route.split("-")
    asked: dict[str, Any] = {"travel": "international", "day": DAY, **more}
    return [(each.code, airport) for each, airport in table.due(origin, destination, **asked)]


def test_a_departure_and_an_arrival_are_due_at_their_airport_and_a_coupon_at_either() -> None:
    table = Taxes(
        (
            row(airports=("RUH",)),
            row(per="arrival", airports=("DXB",), code="ZR"),
            row(per="coupon", airports=("DXB",), code="TP"),
        )
    )
    assert due(table, "RUH-DXB") == [("IO", "RUH"), ("ZR", "DXB"), ("TP", None)]
    assert due(table, "DXB-RUH") == [("TP", None)]
    assert due(table, "RUH-CAI") == [("IO", "RUH")]
    assert due(table, "JED-CAI") == []


def test_a_row_counts_for_its_kind_of_travel_and_its_days() -> None:
    table = Taxes(
        (
            row(),
            row(code="T2", travel="domestic"),
            row(code="XX", travel=None),
            row(code="YY", travel_from=DAY + dt.timedelta(days=1)),
            row(code="ZZ", travel_until=DAY),
        )
    )
    codes = {
        travel: [code for code, _ in due(table, "RUH-JED", travel=travel)]
        for travel in ("international", "domestic", None)
    }
    assert codes == {
        "international": ["IO", "XX", "ZZ"],
        "domestic": ["T2", "XX"],
        None: ["XX"],
    }
    later = due(table, "RUH-JED", day=DAY + dt.timedelta(days=1))
    assert [code for code, _ in later] == ["IO", "XX", "YY"]


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "IOX"},
        {"code": "io"},
        {"authority": "gaca"},
        {"authority": ""},
        {"amount": 0},
        {"amount": -1},
        {"amount": 10_000_000},
        {"currency": "riyal"},
        {"currency": "KWD", "amount": 5_001},
        {"airports": ("RUHX",)},
        {"airports": ("RUH", "RUH")},
        {"passengers": ()},
        {"passengers": ("ADT", "ADT")},
        {"travel_from": DAY, "travel_until": DAY - dt.timedelta(days=1)},
        {"refundable": False, "travel": "domestic"},
        {"refundable": False, "travel": None},
    ],
)
def test_a_row_that_is_not_in_order_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(rejections.InvalidPolicy) as refused:
        require_valid(Taxes((row(code="AA"), row(**changes))))
    assert refused.value.parameters["field"] == "value.rows[1]"
    assert refused.value.parameters["reason"] == "charge_malformed"


@pytest.mark.parametrize(
    ("changes", "clashes"),
    [
        ({}, True),
        ({"amount": 1, "authority": "OTHER"}, True),
        ({"airports": ("JED", "RUH")}, True),
        ({"travel": None}, True),
        ({"passengers": ("CHD", "INF")}, True),
        ({"travel_from": DAY}, True),
        ({"airports": ("JED",)}, False),
        ({"code": "ZR"}, False),
        ({"per": "arrival"}, False),
        ({"travel": "domestic"}, False),
        ({"passengers": ("INF",)}, False),
        ({"travel_from": DAY + dt.timedelta(days=1)}, False),
    ],
)
def test_nobody_pays_a_charge_twice(changes: dict[str, Any], clashes: bool) -> None:
    rows = (row(airports=("RUH",), travel_until=DAY), row(**{"airports": ("RUH",), **changes}))
    if not clashes:
        require_valid(Taxes(rows))
        return
    with pytest.raises(rejections.InvalidPolicy) as refused:
        require_valid(Taxes(rows))
    assert refused.value.parameters["reason"] == "charge_due_twice"


def test_a_table_has_no_end_of_rows_and_no_scope() -> None:
    codes = [f"{a}{b}" for a in "ABCDEFGHIJKLMNOPQRSTU" for b in "ABCDEFGHIJKLMNOPQRST"]
    with pytest.raises(rejections.InvalidPolicy) as refused:
        require_valid(Taxes(tuple(row(code=each) for each in codes)))
    assert refused.value.parameters["reason"] == "table_too_long"
    for scope in (Scope(market="international"), Scope(route="RUH-DXB")):
        with pytest.raises(rejections.InvalidPolicy) as refused:
            publication.propose(
                of_launch("taxes"),
                value=SAMPLE_TAXES,
                scope=scope,
                valid_from=None,
                author=AUTHOR,
                reason="law",
                now=NOW,
            )
        assert refused.value.parameters["reason"] == "scope_not_of_policy"


def test_the_charge_of_the_launch_has_the_code_of_coupons_without_lines() -> None:
    named = {(each.code, each.authority, each.refundable) for each in LAUNCH_TAXES.rows}
    assert named == {(price.LAUNCH_CODE, price.LAUNCH_AUTHORITY, True)}


def test_the_sample_is_valid_and_charges_the_same_at_home() -> None:
    assert value_from("taxes", members_of(SAMPLE_TAXES)) == SAMPLE_TAXES
    require_valid(SAMPLE_TAXES)
    for travel in ("domestic", None):
        assert due(SAMPLE_TAXES, "RUH-JED", travel=travel) == due(
            LAUNCH_TAXES, "RUH-JED", travel=travel
        )
    assert due(SAMPLE_TAXES, "RUH-DXB") == [("IO", "RUH"), ("ZR", "DXB")]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({}, "not_of_the_schema"),
        ({"rows": [{"code": "IO"}]}, "not_of_the_schema"),
        ({"rows": [], "more": []}, "not_of_the_schema"),
        (
            {"rows": [members_of(Taxes((row(currency="AED"),)))["rows"][0]]},
            "no_exchange_rate",
        ),
    ],
)
def test_a_table_that_no_price_can_be_made_of_is_refused(
    members: dict[str, Any], reason: str
) -> None:
    with pytest.raises(rejections.InvalidPolicy) as refused:
        value_from("taxes", members)
    assert refused.value.parameters["reason"] == reason
