"""Travel documents: validity, kinds, countries, and what a recorded one shows."""

import datetime as dt
from typing import Literal

import pytest
from msgspec.structs import replace

from domain.booking import ages, countries, entry_rules, rejections, travel_documents
from domain.booking.events import DocumentRecorded
from domain.booking.fold import evolve
from domain.booking.state import Booking
from domain.booking.travel_documents import Sector, TravelDocument
from domain.booking.values import CouponId, DocumentFindings, DocumentProblem
from domain.kernel import sealed
from domain.pricing.price import PassengerType
from tests.support.memory_airline import MemoryAirline

Kind = Literal["passport", "identity_card"]
PASSPORT = TravelDocument(
    kind="passport",
    number="A1234567",
    issuing_country="SAU",
    nationality="SAU",
    birth_date=dt.date(1990, 5, 17),
    sex="F",
    expires_on=dt.date(2035, 1, 1),
)
DAY = dt.date(2026, 11, 24)
ABROAD = Sector(departs_on=DAY, domestic=False)


@pytest.mark.parametrize(
    ("day", "until"),
    [
        ("2026-11-24", "2027-05-24"),
        ("2026-08-31", "2027-02-28"),
        ("2027-08-31", "2028-02-29"),
        ("2026-12-31", "2027-06-30"),
        ("2026-06-15", "2026-12-15"),
    ],
)
def test_a_passport_is_good_for_six_months_after_the_day_of_travel(day: str, until: str) -> None:
    sector = Sector(departs_on=dt.date.fromisoformat(day), domestic=False)
    needed = dt.date.fromisoformat(until)
    assert travel_documents.needed_until(PASSPORT, sector) == needed
    valid, too_short = (
        replace(PASSPORT, expires_on=needed - dt.timedelta(days=each)) for each in (0, 1)
    )
    assert travel_documents.problem_on(valid, sector, segment=0) is None
    assert travel_documents.problem_on(too_short, sector, segment=0) == DocumentProblem(
        0, "expires_too_soon", needed
    )


def problem(
    document: TravelDocument, route: tuple[str | None, str | None], *, months: int = 0
) -> str | None:
    """What is wrong with a document that is valid so many months after the day."""
    origin, destination = route
    sector = Sector(departs_on=DAY, domestic=False, origin=origin, destination=destination)
    expires_on = travel_documents.months_after(DAY, months)
    found = travel_documents.problem_on(replace(document, expires_on=expires_on), sector, segment=0)
    return None if found is None else found.reason


def of(nationality: str, *, kind: Kind = "passport") -> TravelDocument:
    """A document of this nationality."""
    return replace(PASSPORT, kind=kind, nationality=nationality, issuing_country=nationality)


@pytest.mark.parametrize(
    ("nationality", "route", "months"),
    [
        ("SAU", ("SA", "GB"), 6),
        ("SAU", ("SA", None), 6),
        ("GBR", ("SA", "JP"), 6),
        ("XXA", ("SA", "GB"), 6),
        ("SAU", ("SA", "EG"), 3),
        ("SAU", ("SA", "AE"), 3),
        ("GBR", ("GB", "SA"), 3),
        ("JPN", ("SA", "MA"), 3),
        ("SAU", ("GB", "SA"), 0),
        ("GBR", ("SA", "GB"), 0),
        ("EGY", ("SA", "EG"), 0),
        ("DEU", ("SA", "DE"), 0),
    ],
)
def test_a_passport_is_valid_six_months_abroad_three_to_arab_states_and_for_the_flight_home(
    nationality: str, route: tuple[str | None, str | None], months: int
) -> None:
    assert problem(of(nationality), route, months=months) is None
    if months:
        assert problem(of(nationality), route, months=months - 1) == "expires_too_soon"
    assert problem(of(nationality), route, months=-1) == "expires_too_soon"


def test_citizens_of_the_gulf_states_fly_among_them_with_an_identity_card() -> None:
    for citizen in ("SAU", "ARE", "KWT", "QAT", "BHR", "OMN"):
        for route in (("SA", "KW"), ("AE", "SA"), ("OM", "QA")):
            assert problem(of(citizen, kind="identity_card"), route) is None
        card = of(citizen, kind="identity_card")
        assert problem(card, ("SA", "KW"), months=-1) == "expires_too_soon"


@pytest.mark.parametrize(
    ("nationality", "route"),
    [
        ("SAU", ("SA", "EG")),
        ("SAU", ("GB", "SA")),
        ("SAU", ("SA", "GB")),
        ("EGY", ("SA", "KW")),
        ("DEU", ("SA", "DE")),
        ("SAU", ("SA", None)),
    ],
)
def test_anybody_else_needs_a_passport_abroad(
    nationality: str, route: tuple[str | None, str | None]
) -> None:
    card = of(nationality, kind="identity_card")
    assert problem(card, route, months=60) == "passport_needed"


def test_a_card_that_another_state_issued_to_a_foreigner_is_none_of_a_citizen() -> None:
    resident = replace(of("KWT", kind="identity_card"), issuing_country="SAU")
    assert problem(resident, ("SA", "KW")) == "passport_needed"


def test_an_identity_card_does_within_a_country_until_the_day_of_the_flight() -> None:
    sector = Sector(departs_on=DAY, domestic=True, origin="SA", destination="SA")
    card = replace(of("SAU", kind="identity_card"), expires_on=DAY)
    assert travel_documents.problem_on(card, sector, segment=0) is None


def test_a_new_row_of_the_table_is_followed_from_its_day_on() -> None:
    later = entry_rules.PassportRule(
        months=1, since=DAY, destinations=frozenset({"EG"}), nationalities=frozenset({"SA"})
    )
    rules = (later, *entry_rules.PASSPORT_RULES)
    before = DAY - dt.timedelta(days=1)
    for day, nationality, destination, months in (
        (DAY, "SAU", "EG", 1),
        (before, "SAU", "EG", 3),
        (DAY, "JPN", "EG", 3),
        (DAY, "SAU", "TN", 3),
    ):
        found = entry_rules.passport_months(
            day, destination=destination, nationality=nationality, rules=rules
        )
        assert found == months


def test_a_new_row_of_cards_is_followed_from_its_day_on() -> None:
    rules = (entry_rules.CardRule(states=frozenset({"DE", "FR"}), since=DAY),)
    for day, suffices in ((DAY, True), (DAY - dt.timedelta(days=1), False)):
        found = entry_rules.card_suffices(
            day, origin="FR", destination="DE", nationality="DEU", rules=rules
        )
        assert found is suffices


def test_there_are_the_countries_of_iso_3166_and_each_has_two_letters() -> None:
    assert len(countries.TWO_LETTERS) == len(set(countries.TWO_LETTERS.values())) == 249
    for three, two in countries.TWO_LETTERS.items():
        assert (len(three), len(two)) == (3, 2)
        assert (three + two).isalpha() and (three + two).isupper()
    assert not countries.NO_COUNTRY & set(countries.TWO_LETTERS)


def test_the_d_of_german_passports_is_deu() -> None:
    german = replace(PASSPORT, issuing_country="D", nationality="D")
    found = travel_documents.with_known_countries(german)
    assert (found.issuing_country, found.nationality) == ("DEU", "DEU")


@pytest.mark.parametrize("code", ["GBN", "RKS", "UNO", "XXA", "XXB"])
def test_issuers_and_nationalities_of_icao_9303_are_known(code: str) -> None:
    document = replace(PASSPORT, issuing_country=code, nationality=code)
    assert travel_documents.with_known_countries(document) == document


@pytest.mark.parametrize("code", ["ZZZ", "UTO", "SA", "DDR", "AAA", "YUG", "", "d"])
def test_an_unknown_country_is_refused(code: str) -> None:
    for field, name in (("issuing_country", "issuingCountry"), ("nationality", "nationality")):
        with pytest.raises(rejections.UnknownCountry) as refusal:
            travel_documents.with_known_countries(replace(PASSPORT, **{field: code}))
        assert refusal.value.parameters == {"field": name, "reason": "unknown_country"}


def turning(years: int, day: dt.date) -> dt.date:
    """The birth date of a passenger who turns so old five days after the day."""
    later = day + dt.timedelta(days=5)
    return dt.date(later.year - years, later.month, later.day)


def ticketed(*party: PassengerType) -> tuple[MemoryAirline, str]:
    """An adult and a child, or this party, on two flights, ten and forty days ahead."""
    airline = MemoryAirline()
    flights = (
        airline.schedule("SV1", in_days=10),
        airline.schedule("SV2", in_days=40, route=("JED", "RUH")),
    )
    return airline, airline.ticketed(flights, *(party or ("ADT", "CHD")))


def recorded(booking: Booking, *problems: DocumentProblem) -> Booking:
    """The booking after the adult's document was recorded."""
    event = DocumentRecorded(
        passenger=0,
        document=sealed.Sealed("subject", b"box"),
        findings=DocumentFindings(problems=problems),
    )
    found = evolve(booking, event)
    assert found is not None
    return found


def test_a_document_shows_at_each_coupon_where_it_does_not_do_until_another_is_recorded() -> None:
    airline, stream = ticketed()
    problem = DocumentProblem(1, "expires_too_soon", dt.date(2027, 6, 30))
    booking = recorded(airline.booking(stream), problem)
    shown = {CouponId(c.passenger, c.segment): c.document_problem for c in booking.coupons}
    assert shown.pop(CouponId(0, 1)) == problem
    assert set(shown.values()) == {None}
    again = recorded(booking)
    assert {each.document_problem for each in again.coupons} == {None}


def test_a_document_of_another_age_than_was_paid_for_does_for_no_flight() -> None:
    airline, stream = ticketed()
    booking = airline.booking(stream)
    for segment in (0, 1):
        assert ages.problem_on(booking, 0, PASSPORT.birth_date, segment=segment) is None
        problem = ages.problem_on(booking, 0, dt.date(2020, 1, 1), segment=segment)
        assert problem == DocumentProblem(segment, "age_differs", needed_type="CHD")
        assert travel_documents.refusal(problem, passenger=0).parameters == {
            "field": "passengers",
            "passenger": 0,
            "segment": segment,
            "reason": "age_differs",
            "needed": "CHD",
        }


def test_a_child_who_turns_twelve_on_the_way_flies_as_a_child_to_the_end() -> None:
    airline, stream = ticketed()
    booking = airline.booking(stream)
    birth = turning(12, airline.flight(booking.segments[0].flight).departs_at.date())
    assert [ages.problem_on(booking, 1, birth, segment=each) for each in (0, 1)] == [None, None]


def test_an_infant_whose_document_shows_two_years_on_the_way_back_does_for_the_way_out() -> None:
    airline, stream = ticketed("ADT", "INF")
    booking = airline.booking(stream)
    birth = turning(2, airline.flight(booking.segments[0].flight).departs_at.date())
    assert ages.problem_on(booking, 1, birth, segment=0) is None
    found = ages.problem_on(booking, 1, birth, segment=1)
    assert found == DocumentProblem(1, "age_differs", needed_type="CHD")


def test_a_newborn_does_for_the_flights_from_its_seventh_day_on() -> None:
    airline, stream = ticketed("ADT", "INF")
    booking = airline.booking(stream)
    birth = airline.flight(booking.segments[0].flight).departs_at.date() - dt.timedelta(days=6)
    assert ages.problem_on(booking, 1, birth, segment=0) == DocumentProblem(0, "too_young")
    assert ages.problem_on(booking, 1, birth, segment=1) is None


def test_no_exchange_takes_a_passenger_to_a_day_of_another_type() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", in_days=10)
    booking = airline.booking(airline.ticketed(flight, "ADT", "INF"))
    day = airline.flight(flight).departs_at.date()
    births = {1: dt.date(day.year - 2, day.month, day.day) + dt.timedelta(days=5)}
    before, after = (f"flight-SV2-{day + dt.timedelta(days=each)}" for each in (4, 5))
    ages.require_ages_on(booking, births, segment=0, flight_id=before)
    with pytest.raises(rejections.ModificationRefused) as refusal:
        ages.require_ages_on(booking, births, segment=0, flight_id=after)
    assert refusal.value.parameters == {"reason": "age_differs", "passenger": 1, "needed": "CHD"}
    newborn = {1: day - dt.timedelta(days=7)}
    ages.require_ages_on(booking, newborn, segment=0, flight_id=flight)
    with pytest.raises(rejections.ModificationRefused, match="too_young"):
        earlier = f"flight-SV2-{day - dt.timedelta(days=1)}"
        ages.require_ages_on(booking, newborn, segment=0, flight_id=earlier)
