"""What a schedule changes in what is on sale, and what it leaves as it is."""

import datetime as dt

import msgspec
import pytest

from domain.inventory import season_changes
from domain.inventory.season import SeasonDeparture
from domain.inventory.season_changes import Change, DepartureOnSale, Left, Scope, SeasonChanges

NOW = dt.datetime(2027, 3, 1, tzinfo=dt.UTC)
DEPARTS_AT = dt.datetime(2027, 4, 5, 6, 0, tzinfo=dt.UTC)
LATER = dt.timedelta(minutes=45)
PLANNED = SeasonDeparture(
    flight_id="flight-ZZ101-2027-04-05",
    number="ZZ101",
    origin="RUH",
    destination="JED",
    departs_at=DEPARTS_AT,
    arrives_at=DEPARTS_AT + dt.timedelta(hours=2),
    aircraft="320",
    configuration="",
    departure_terminal="",
    arrival_terminal="",
    line=3,
)
ON_SALE = DepartureOnSale(
    flight_id=PLANNED.flight_id,
    number="ZZ101",
    origin="RUH",
    destination="JED",
    departs_at=PLANNED.departs_at,
    arrives_at=PLANNED.arrives_at,
    status="scheduled",
    aircraft="320",
    departure_terminal="",
    arrival_terminal="",
    taken=7,
)
SCOPE = Scope(
    carrier="ZZ",
    numbers=frozenset({"ZZ101"}),
    first_day=dt.date(2027, 3, 28),
    last_day=dt.date(2027, 10, 30),
    complete=False,
    now=NOW,
    operations_until=NOW + dt.timedelta(days=1),
)


def compared(
    *planned: SeasonDeparture,
    on_sale: DepartureOnSale | None = None,
    now: dt.datetime = NOW,
    complete: bool = False,
) -> SeasonChanges:
    scope = msgspec.structs.replace(
        SCOPE, now=now, operations_until=now + dt.timedelta(days=1), complete=complete
    )
    known = {} if on_sale is None else {on_sale.flight_id: on_sale}
    return season_changes.compare(planned, known, scope)


def on_sale(**values: object) -> DepartureOnSale:
    return msgspec.structs.replace(ON_SALE, **values)


def test_a_departure_that_is_not_on_sale_is_new() -> None:
    assert compared(PLANNED).changes == (Change("new", PLANNED.flight_id, PLANNED),)
    assert compared(PLANNED, now=DEPARTS_AT).left == (Left(PLANNED.flight_id, "past"),)


def test_the_same_departure_is_unchanged() -> None:
    assert compared(PLANNED, on_sale=ON_SALE) == SeasonChanges((), (), 1)


def test_other_times_and_other_aircraft_are_changes_of_their_own() -> None:
    known = on_sale(departs_at=DEPARTS_AT + LATER, aircraft="321")
    assert compared(PLANNED, on_sale=known).changes == (
        Change("moved", PLANNED.flight_id, PLANNED, known),
        Change("other_aircraft", PLANNED.flight_id, PLANNED, known),
    )


def test_what_the_file_names_no_more_is_cancelled_within_its_days() -> None:
    assert compared(on_sale=ON_SALE).changes == (
        Change("cancelled", ON_SALE.flight_id, on_sale=ON_SALE),
    )
    before = on_sale(flight_id="flight-ZZ101-2027-03-27")
    assert compared(on_sale=before) == SeasonChanges((), (), 0)
    other = on_sale(flight_id="flight-YY101-2027-04-05", number="YY101")
    assert compared(on_sale=other, complete=True) == SeasonChanges((), (), 0)
    assert compared(on_sale=on_sale(status="cancelled")) == SeasonChanges((), (), 0)


def test_a_number_that_the_file_does_not_name_is_cancelled_only_by_a_complete_file() -> None:
    known = on_sale(flight_id="flight-ZZ102-2027-04-05", number="ZZ102")
    assert compared(on_sale=known).left == (Left(known.flight_id, "number_not_in_the_file"),)
    assert [each.kind for each in compared(on_sale=known, complete=True).changes] == ["cancelled"]


@pytest.mark.parametrize(
    ("known", "now", "because"),
    [
        (on_sale(status="cancelled"), NOW, "cancelled_before"),
        (on_sale(status="departed", aircraft="321"), NOW, "past"),
        (on_sale(aircraft="321"), DEPARTS_AT, "past"),
        (on_sale(aircraft="321"), DEPARTS_AT - dt.timedelta(hours=23), "with_operations"),
        (on_sale(origin="DMM"), NOW, "other_route"),
    ],
)
def test_a_difference_is_left_to_operations(
    known: DepartureOnSale, now: dt.datetime, because: str
) -> None:
    found = compared(PLANNED, on_sale=known, now=now)
    assert found == SeasonChanges((), (Left(PLANNED.flight_id, because),), 0)  # type: ignore[arg-type]  # a parameter of the test


@pytest.mark.parametrize(("hours", "because"), [(0, "past"), (-23, "with_operations"), (-24, None)])
def test_a_departure_is_not_cancelled_from_a_day_before_it_on(
    hours: int, because: str | None
) -> None:
    found = compared(on_sale=ON_SALE, now=DEPARTS_AT + dt.timedelta(hours=hours))
    assert [each.because for each in found.left] == ([because] if because else [])
    assert len(found.changes) == (because is None)


def test_changes_are_in_order_of_departure() -> None:
    later = msgspec.structs.replace(
        PLANNED, flight_id="flight-ZZ101-2027-04-06", departs_at=DEPARTS_AT + dt.timedelta(days=1)
    )
    assert [each.flight_id for each in compared(later, PLANNED).changes] == [
        PLANNED.flight_id,
        later.flight_id,
    ]
