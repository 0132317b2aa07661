"""Facts of boarding passes for tests: one example to vary, and every pass that can be printed."""

import datetime as dt

import msgspec
from hypothesis import strategies as st

from domain.booking.boarding_pass import BoardingPassFacts
from tests.support import strategies

EXAMPLE = BoardingPassFacts(
    surname="Al-Harbi",
    given_name="Noura Fahd",
    passenger_type="ADT",
    reference="K7PQ2X",
    ticket="0652400000017",
    origin="RUH",
    destination="JED",
    carrier="SV",
    flight_number="1023",
    departure_date=dt.date(2026, 11, 24),
    compartment="Y",
    seat="12A",
    sequence=25,
    issued_on=dt.date(2026, 11, 23),
    departure_time=dt.time(8, 30),
    boarding_time=dt.time(7, 45),
    gate="C14",
)
# Every part at once: what an infant's pass leaves out and what is longest.
INFANT = msgspec.structs.replace(
    EXAMPLE, surname="Al-Harbi", given_name="Sara", passenger_type="INF", seat=None
)
BARE = msgspec.structs.replace(
    EXAMPLE,
    surname="Suharto",
    given_name="",
    seat=None,
    passenger_status="7",
    issued_on=None,
    departure_time=None,
    boarding_time=None,
    gate=None,
)
LONG_NAME = msgspec.structs.replace(
    EXAMPLE,
    surname="Wolfeschlegelsteinhausenbergerdorff",
    given_name="Adolph Blaine Charles David Earl Frederick Gerald Hubert Irvim John Kenneth",
    flight_number="7T",
    seat="123K",
)

_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_airports = st.text(_CAPITALS, min_size=3, max_size=3)
_names = st.builds(
    lambda letter, rest: letter + rest,
    st.sampled_from("AbzÉü"),
    st.text("abzéœøß-' نُ", max_size=40),
)

facts = st.builds(
    BoardingPassFacts,
    surname=_names,
    given_name=st.just("") | _names,
    passenger_type=st.sampled_from(["ADT", "CHD", "INF"]),
    reference=strategies.locators,
    ticket=st.text("0123456789", min_size=13, max_size=13),
    origin=_airports,
    destination=_airports,
    carrier=st.from_regex("[0-9A-Z]{2}|[A-Z]{3}", fullmatch=True),
    flight_number=st.from_regex("[0-9]{1,4}[A-Z]?", fullmatch=True),
    departure_date=st.dates(dt.date(2024, 1, 1), dt.date(2060, 12, 31)),
    compartment=st.sampled_from(_CAPITALS),
    seat=st.none() | st.builds(lambda r, c: f"{r}{c}", st.integers(1, 999), st.sampled_from("AK")),
    sequence=st.integers(1, 9999),
    passenger_status=st.sampled_from("0123456789A"),
    issued_on=st.none() | st.dates(dt.date(2024, 1, 1), dt.date(2060, 12, 31)),
    departure_time=st.none() | st.times(),
    boarding_time=st.none() | st.times(),
    gate=st.none() | st.sampled_from(["1", "C14"]),
)
