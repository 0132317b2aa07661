"""The network that the demo flies: rotations, aircraft and adult fares, as a printed timetable.

Rule: only figures here; `seed_schedule.py` turns them into departures. Times are local at
the airport of departure. No airport with summer time is left between midnight and 03:00, so that
every local time of the timetable exists on every day and only once.
"""

import datetime as dt

import msgspec

from domain.inventory.events import CabinLayout, Residue
from domain.kernel.money import Money

DAILY = "1234567"
"""Days of operation as airlines print them: Monday is 1."""


class Aircraft(msgspec.Struct, frozen=True):
    """Physical seats by cabin: business J in front of economy Y; `code` is IATA's of the type."""

    code: str
    business: CabinLayout
    economy: CabinLayout


class Leg(msgspec.Struct, frozen=True):
    """One flight number: local departure and the time from gate to gate."""

    number: int
    origin: str
    destination: str
    departs: dt.time
    block: dt.timedelta


class Rotation(msgspec.Struct, frozen=True):
    """An aircraft flies out and back.

    `days` are those of the outbound departure; the return leaves `return_day_offset` days later.
    """

    outbound: Leg
    inbound: Leg
    days: str
    aircraft: Aircraft
    return_day_offset: int = 0


A320 = Aircraft("320", CabinLayout("J", 12, 1, "ACDF"), CabinLayout("Y", 132, 11, "ABCDEF", (19,)))
A321 = Aircraft("321", CabinLayout("J", 16, 1, "ACDF"), CabinLayout("Y", 166, 11, "ABCDEF", (22,)))
B789 = Aircraft(
    "789", CabinLayout("J", 24, 1, "ADGK"), CabinLayout("Y", 274, 20, "ABCDEFHJK", (32,))
)


class FareLevel(msgspec.Struct, frozen=True):
    """A booking class: its fare in percent of the lowest economy fare, how much of the cabin it
    and the classes below may take (None: all), and where money goes when a change is cheaper."""

    code: str
    cabin: str
    fare_percent: int
    seat_percent: int | None
    residue: Residue


# From the highest to the lowest of each cabin.
FARE_LEVELS = (
    FareLevel("Y", "Y", 150, None, "cash"),
    FareLevel("M", "Y", 120, 75, "cash"),
    FareLevel("K", "Y", 100, 45, "cash"),
    FareLevel("J", "J", 280, None, "cash"),
)

# Adult fares in economy without taxes, in minor units, by market: what is sold out of Kuwait is
# sold in dinars and out of Tokyo in yen, so that three and no decimals are always present; the
# rest is sold in riyals, so that most journeys there and back can be quoted as one price.
_SAR_FARES: dict[frozenset[str], int] = {
    frozenset({"RUH", "JED"}): 320_00,
    frozenset({"RUH", "DMM"}): 210_00,
    frozenset({"RUH", "MED"}): 290_00,
    frozenset({"RUH", "AHB"}): 340_00,
    frozenset({"JED", "DMM"}): 410_00,
    frozenset({"JED", "AHB"}): 260_00,
    frozenset({"RUH", "DXB"}): 520_00,
    frozenset({"JED", "DXB"}): 690_00,
    frozenset({"RUH", "CAI"}): 740_00,
    frozenset({"JED", "CAI"}): 680_00,
    frozenset({"RUH", "KWI"}): 460_00,
    frozenset({"RUH", "DOH"}): 480_00,
    frozenset({"RUH", "AMM"}): 640_00,
    frozenset({"RUH", "IST"}): 1_150_00,
    frozenset({"JED", "IST"}): 1_090_00,
    frozenset({"RUH", "LHR"}): 2_350_00,
    frozenset({"JED", "LHR"}): 2_290_00,
    frozenset({"RUH", "NRT"}): 3_900_00,
}
_FARES_BY_ORIGIN: dict[str, Money] = {
    "KWI": Money(37_500, "KWD"),
    "NRT": Money(158_000, "JPY"),
}


def economy_fare(leg: Leg) -> Money:
    """The fare of one adult in economy on a plain day."""
    sold_abroad = _FARES_BY_ORIGIN.get(leg.origin)
    if sold_abroad is not None:
        return sold_abroad
    return Money(_SAR_FARES[frozenset({leg.origin, leg.destination})], "SAR")


def _clock(text: str) -> dt.time:
    return dt.time.fromisoformat(text)


def _block(text: str) -> dt.timedelta:
    hours, minutes = text.split(":")
    return dt.timedelta(hours=int(hours), minutes=int(minutes))


def _rotation(
    number: int,
    route: str,
    out: tuple[str, str],
    back: tuple[str, str],
    aircraft: Aircraft,
    *,
    days: str = DAILY,
    return_day_offset: int = 0,
) -> Rotation:
    """`route` as `RUH-JED`; `out` and `back` are local departure and block time."""
    origin, destination = route.split("-")
    return Rotation(
        outbound=Leg(number, origin, destination, _clock(out[0]), _block(out[1])),
        inbound=Leg(number + 1, destination, origin, _clock(back[0]), _block(back[1])),
        days=days,
        aircraft=aircraft,
        return_day_offset=return_day_offset,
    )


# Odd numbers leave the hub, the even number after it comes back. 1xx domestic, 3xx to the
# neighbours, 5xx to the Levant, Egypt and Turkey, 7xx long haul.
ROTATIONS: tuple[Rotation, ...] = (
    _rotation(101, "RUH-JED", ("06:15", "1:50"), ("09:00", "1:45"), A321),
    _rotation(103, "RUH-JED", ("11:30", "1:50"), ("14:15", "1:45"), A320),
    _rotation(105, "RUH-JED", ("16:40", "1:50"), ("19:25", "1:45"), A321),
    _rotation(107, "RUH-JED", ("20:30", "1:50"), ("23:15", "1:45"), A320),
    _rotation(121, "RUH-DMM", ("07:20", "1:10"), ("09:15", "1:10"), A320),
    _rotation(123, "RUH-DMM", ("18:10", "1:10"), ("20:05", "1:10"), A320),
    _rotation(131, "RUH-MED", ("08:40", "1:40"), ("11:10", "1:35"), A320),
    _rotation(141, "RUH-AHB", ("13:05", "1:45"), ("15:40", "1:40"), A320),
    _rotation(151, "JED-DMM", ("10:20", "2:10"), ("13:20", "2:20"), A320),
    _rotation(161, "JED-AHB", ("17:15", "1:20"), ("19:20", "1:20"), A320),
    _rotation(301, "RUH-DXB", ("07:45", "1:55"), ("11:50", "2:05"), A321),
    _rotation(303, "RUH-DXB", ("19:15", "1:55"), ("23:20", "2:05"), A320, days="14567"),
    _rotation(311, "JED-DXB", ("08:10", "2:55"), ("13:15", "3:15"), A320, days="1357"),
    _rotation(321, "RUH-KWI", ("15:30", "1:25"), ("17:50", "1:25"), A320),
    _rotation(331, "RUH-DOH", ("12:15", "1:25"), ("14:35", "1:30"), A320),
    _rotation(501, "RUH-CAI", ("09:25", "2:55"), ("13:05", "2:35"), A321),
    _rotation(511, "JED-CAI", ("14:30", "2:20"), ("18:00", "2:10"), A320),
    _rotation(521, "RUH-AMM", ("10:45", "2:25"), ("14:20", "2:15"), A320),
    _rotation(531, "RUH-IST", ("06:50", "4:20"), ("12:40", "4:00"), A321, days="12457"),
    _rotation(541, "JED-IST", ("07:30", "4:00"), ("13:00", "3:45"), A321, days="1346"),
    _rotation(701, "RUH-LHR", ("08:20", "7:05"), ("15:30", "6:25"), B789),
    _rotation(711, "JED-LHR", ("09:40", "6:50"), ("16:20", "6:10"), B789, days="257"),
    _rotation(
        731,
        "RUH-NRT",
        ("20:10", "10:40"),
        ("14:30", "12:30"),
        B789,
        days="246",
        return_day_offset=1,
    ),
)
