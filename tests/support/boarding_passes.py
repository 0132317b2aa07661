"""Facts of boarding passes for tests: one example to vary, and every pass that can be printed."""

import datetime as dt
from typing import get_args

import msgspec
from hypothesis import strategies as st

from domain.booking.boarding_pass import BoardingPassFacts
from domain.booking.values import Channel
from tests.support import strategies

_DAY = dt.date(2026, 11, 24)
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
    flight_date=_DAY,
    compartment="Y",
    seat="12A",
    sequence=25,
    checked_in_by="web",
    issued_by="airport_agent",
    issued_on=dt.date(2026, 11, 23),
    departs_at=dt.datetime.combine(_DAY, dt.time(8, 30)),
    boards_at=dt.datetime.combine(_DAY, dt.time(7, 45)),
    gate_closes_at=dt.datetime.combine(_DAY, dt.time(8, 15)),
    gate="C14",
    airline="Rimal Air",
    origin_city="Riyadh",
    destination_city="Jeddah",
)
# Every part at once: what an infant's pass leaves out and what is longest.
INFANT = msgspec.structs.replace(
    EXAMPLE,
    surname="Al-Harbi",
    given_name="Sara",
    passenger_type="INF",
    seat=None,
    has_companion=True,
    companion="AL HARBI/NOURA FAHD",
)
WITH_INFANT = msgspec.structs.replace(EXAMPLE, has_companion=True, companion="AL HARBI/SARA")
BARE = msgspec.structs.replace(
    EXAMPLE,
    surname="Suharto",
    given_name="",
    seat=None,
    passenger_status="7",
    checked_in_by=None,
    issued_by=None,
    issued_on=None,
    departs_at=None,
    boards_at=None,
    gate_closes_at=None,
    gate=None,
    airline=None,
    origin_city=None,
    destination_city=None,
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

_days = st.dates(dt.date(2024, 1, 1), dt.date(2060, 12, 31))
_times = st.builds(dt.datetime.combine, _days, st.times())

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
    flight_date=_days,
    compartment=st.sampled_from(_CAPITALS),
    seat=st.none() | st.builds(lambda r, c: f"{r}{c}", st.integers(1, 999), st.sampled_from("AK")),
    sequence=st.integers(1, 9999),
    passenger_status=st.sampled_from("0123456789A"),
    checked_in_by=st.none() | st.sampled_from(get_args(Channel)),
    issued_by=st.none() | st.sampled_from(get_args(Channel)),
    issued_on=st.none() | _days,
    departs_at=st.none() | _times,
    boards_at=st.none() | _times,
    gate_closes_at=st.none() | _times,
    gate=st.none() | st.sampled_from(["1", "C14"]),
    airline=st.none() | st.just("Rimal Air"),
    origin_city=st.none() | st.sampled_from(["Riyadh", "San Salvador de Jujuy (city)"]),
    has_companion=st.booleans(),
    companion=st.none() | st.just("AL HARBI/SARA"),
)
