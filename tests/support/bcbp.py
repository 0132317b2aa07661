"""A strict reader of bar-coded boarding passes, written from the field table of IATA Resolution
792 and not from the code that makes them.

Rule: whatever is not as the table says raises Malformed; nothing is skipped, trimmed or guessed.
"""

import re
from typing import NamedTuple


class Malformed(Exception):
    """The text is not a bar-coded boarding pass of format M."""


class Field(NamedTuple):
    """One item of the table: its number and name in the resolution, length, and allowed form."""

    item: int
    name: str
    length: int
    form: str


HEXADECIMAL = r"[0-9A-F]{2}"
CARRIER = r"[0-9A-Z]{2} |[A-Z]{3}"

UNIQUE = (
    Field(1, "format", 1, "M"),
    Field(5, "legs", 1, "[1-4]"),
    Field(11, "name", 20, r"(?=.{20})[A-Z][A-Z ]*(/[A-Z][A-Z ]*)? *"),
    Field(253, "electronic_ticket", 1, "[E ]"),
)
LEG = (
    Field(7, "reference", 7, "[0-9A-Z]{5,7} *"),
    Field(26, "origin", 3, "[A-Z]{3}"),
    Field(38, "destination", 3, "[A-Z]{3}"),
    Field(42, "carrier", 3, CARRIER),
    Field(43, "flight_number", 5, "[0-9]{4}[A-Z ]"),
    Field(46, "day_of_year", 3, "(?!000)[0-3][0-9]{2}"),
    Field(71, "compartment", 1, "[A-Z]"),
    Field(104, "seat", 4, "[0-9]{3}[A-Z]|INF |    "),
    Field(107, "sequence", 5, "[0-9]{4}[A-Z ]|     "),
    Field(117, "status", 1, "[0-9A]"),
    Field(6, "variable_size", 2, HEXADECIMAL),
)
VERSION = (
    Field(8, "version_begins", 1, ">"),
    Field(9, "version", 1, "[1-9]"),
    Field(10, "unique_size", 2, HEXADECIMAL),
)
CONDITIONAL_UNIQUE = (
    Field(15, "description", 1, "[0-7 ]"),
    Field(12, "check_in_source", 1, "[WKRMOTV ]"),
    Field(14, "issuance_source", 1, "[WKXRMOTV ]"),
    Field(22, "issue_date", 4, "[0-9][0-3][0-9]{2}|    "),
    Field(16, "document_type", 1, "[BI ]"),
    Field(21, "issuer", 3, f"{CARRIER}|   "),
    Field(23, "bag_tags", 13, r"[0-9]{13}| {13}"),
    Field(31, "bag_tags_second", 13, r"[0-9]{13}| {13}"),
    Field(32, "bag_tags_third", 13, r"[0-9]{13}| {13}"),
)
LEG_SIZE = (Field(17, "leg_size", 2, HEXADECIMAL),)
CONDITIONAL_LEG = (
    Field(142, "airline_code", 3, "[0-9]{3}|   "),
    Field(143, "serial", 10, "[0-9A-Z ]{10}"),
    Field(18, "selectee", 1, "[0-3 ]"),
    Field(108, "document_verification", 1, "[0-2 ]"),
    Field(19, "marketing_carrier", 3, f"{CARRIER}|   "),
    Field(20, "frequent_flyer_airline", 3, f"{CARRIER}|   "),
    Field(236, "frequent_flyer_number", 16, "[0-9A-Z ]{16}"),
    Field(89, "discount_indicator", 1, "[0-9A-F ]"),
    Field(118, "baggage_allowance", 3, "[0-9]{2}[KL]|[0-9]PC|   "),
    Field(254, "fast_track", 1, "[YN ]"),
)
SECURITY = (
    Field(25, "security_begins", 1, r"\^"),
    Field(28, "security_type", 1, "[0-9A-Z]"),
    Field(29, "security_size", 2, HEXADECIMAL),
)


class Pass(NamedTuple):
    """The fields of the whole pass, and those of each leg, by name and with their blanks."""

    whole: dict[str, str]
    legs: tuple[dict[str, str], ...]


class _Reader:
    """Takes fields from the front of a text, each in full and in its form."""

    def __init__(self, text: str) -> None:
        self.rest = text

    def take(self, length: int) -> str:
        if len(self.rest) < length:
            raise Malformed(f"{length} characters are announced, {len(self.rest)} are left")
        taken, self.rest = self.rest[:length], self.rest[length:]
        return taken

    def fields(self, table: tuple[Field, ...]) -> dict[str, str]:
        found = {}
        for field in table:
            text = self.take(field.length)
            if re.fullmatch(field.form, text) is None:
                raise Malformed(f"item {field.item} {field.name}: {text!r}")
            found[field.name] = text
        return found

    def fields_while_any(self, table: tuple[Field, ...]) -> dict[str, str]:
        """The first fields of a table: a structured message may end after any of them."""
        found: dict[str, str] = {}
        for field in table:
            if not self.rest:
                break
            found |= self.fields((field,))
        return found


def parse(text: str) -> Pass:
    """The fields of a pass; raises Malformed for everything that the table does not allow."""
    if not text.isascii():
        raise Malformed("a pass is ASCII")
    reader = _Reader(text)
    whole = reader.fields(UNIQUE)
    legs = []
    for number in range(int(whole["legs"])):
        leg = reader.fields(LEG)
        variable = _Reader(reader.take(int(leg["variable_size"], 16)))
        if number == 0 and variable.rest:
            whole |= variable.fields(VERSION)
            unique = _Reader(variable.take(int(whole["unique_size"], 16)))
            whole |= unique.fields_while_any(CONDITIONAL_UNIQUE)
            _require_end(unique)
        if variable.rest:
            leg |= variable.fields(LEG_SIZE)
            message = _Reader(variable.take(int(leg["leg_size"], 16)))
            leg |= message.fields_while_any(CONDITIONAL_LEG)
            _require_end(message)
        leg["airline_use"] = variable.take(len(variable.rest))
        legs.append(leg)
    if reader.rest:
        whole |= reader.fields(SECURITY)
        whole["security"] = reader.take(int(whole["security_size"], 16))
    _require_end(reader)
    return Pass(whole, tuple(legs))


def _require_end(reader: _Reader) -> None:
    if reader.rest:
        raise Malformed(f"nothing announces {reader.rest!r}")
