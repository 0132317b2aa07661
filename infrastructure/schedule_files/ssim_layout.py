"""Where the fields of SSIM's records are: first and last byte, counted from 1 (chapter 7)."""

from collections.abc import Mapping

LENGTH = 200
SERIAL = (195, 200)
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# A period without an end.
UNTIL_FURTHER_NOTICE = "00XXX00"

Layout = Mapping[str, tuple[int, int]]

HEADER: Layout = {
    "type": (1, 1),
    "title": (2, 35),
    "seasons": (41, 41),
    "data_set": (192, 194),
    "serial": SERIAL,
}
CARRIER: Layout = {
    "type": (1, 1),
    "times": (2, 2),
    "carrier": (3, 5),
    "season": (11, 13),
    "first_day": (15, 21),
    "last_day": (22, 28),
    "created": (29, 35),
    "title": (36, 64),
    "released": (65, 71),
    "status": (72, 72),
    "serial": SERIAL,
}
LEG: Layout = {
    "type": (1, 1),
    "suffix": (2, 2),
    "carrier": (3, 5),
    "number": (6, 9),
    "variation": (10, 11),
    "sequence": (12, 13),
    "service": (14, 14),
    "first_day": (15, 21),
    "last_day": (22, 28),
    "days": (29, 35),
    "frequency": (36, 36),
    "from": (37, 39),
    "departs": (40, 43),
    "aircraft_departs": (44, 47),
    "departure_offset": (48, 52),
    "departure_terminal": (53, 54),
    "to": (55, 57),
    "aircraft_arrives": (58, 61),
    "arrives": (62, 65),
    "arrival_offset": (66, 70),
    "arrival_terminal": (71, 72),
    "aircraft": (73, 75),
    "variation_overflow": (128, 128),
    "configuration": (173, 192),
    "departure_day": (193, 193),
    "arrival_day": (194, 194),
    "serial": SERIAL,
}
# A segment record names the leg that it belongs to as the leg itself does.
LEG_KEY = slice(1, 14)
TRAILER: Layout = {
    "type": (1, 1),
    "carrier": (3, 5),
    "released": (6, 12),
    "last_serial": (188, 193),
    "end": (194, 194),
    "serial": SERIAL,
}


def take(record: str, layout: Layout, field: str) -> str:
    """Return a field without the blanks around it."""
    first, last = layout[field]
    return record[first - 1 : last].strip()


def record_of(layout: Layout, fields: Mapping[str, str]) -> str:
    """Return a record with these fields, left-aligned; all others are blank."""
    record = [" "] * LENGTH
    for field, text in fields.items():
        first, last = layout[field]
        assert len(text) <= last - first + 1, "a value fits its field"
        record[first - 1 : first - 1 + len(text)] = text
    return "".join(record)
