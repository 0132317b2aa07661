"""Filed fares as a file of comma-separated values (RFC 4180), one fare a line.

Amounts have the decimals of their currency. `days` are digits from 1 for Monday (ISO 8601); what is
empty may be anything.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from domain.kernel import money
from domain.policies import filed_fares
from domain.policies.filed_fares import FiledFare, FiledFares
from domain.policies.rejections import InvalidPolicy

COLUMNS = (
    *("route", "cabin", "fare_class", "currency", "amount"),
    *("first_day", "last_day", "days", "trip"),
)
_CODES: Mapping[str, Literal["Y", "J"]] = {"economy": "Y", "business": "J"}
_NAMES = {code: name for name, code in _CODES.items()}
_TRIPS: Mapping[str, Literal["one_way", "round_trip"] | None] = {
    "": None,
    "one_way": "one_way",
    "round_trip": "round_trip",
}
_AMOUNT = re.compile(r"[0-9]{1,8}(\.[0-9]{1,3})?")
_DAYS = re.compile(r"[1-7]{0,7}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class FareError(msgspec.Struct, frozen=True):
    """Why a line, from 1 for the heading, is no fare: the column and the reason."""

    line: int
    field: str
    reason: str


class ReadFares(msgspec.Struct, frozen=True):
    """The fares of a file with the line of each; where there are errors, they are not all."""

    fares: tuple[FiledFare, ...]
    lines: tuple[int, ...]
    errors: tuple[FareError, ...]


class FareChanges(msgspec.Struct, frozen=True):
    """What a table changes in another: fares that are new, have another amount, or are gone."""

    added: int
    changed: int
    removed: int


def read(text: str) -> ReadFares:
    """Return the fares of a file and all of its errors; rejects nothing."""
    rows = csv.reader(io.StringIO(text), strict=True)
    fares: list[FiledFare] = []
    lines: list[int] = []
    errors: list[FareError] = []
    try:
        if tuple(next(rows, ())) != COLUMNS:
            return ReadFares((), (), (FareError(1, "heading", "other_columns"),))
        for row in rows:
            if not row:
                continue
            line = rows.line_num
            found = _fare(row, line)
            if isinstance(found, FiledFare):
                fares.append(found)
                lines.append(line)
            else:
                errors += found
    except csv.Error:
        errors.append(FareError(rows.line_num, "line", "not_csv"))
    return ReadFares(tuple(fares), tuple(lines), tuple(errors))


def table_of(found: ReadFares) -> tuple[FiledFares | None, tuple[FareError, ...]]:
    """Return the table of the fares that were read, and the errors; None where there are any."""
    if found.errors:
        return None, found.errors
    ordered = sorted(zip(found.fares, found.lines, strict=True), key=lambda each: each[0].key)
    table = FiledFares(tuple(fare for fare, _ in ordered))
    try:
        filed_fares.require_valid(table)
    except InvalidPolicy as refused:
        row = int(refused.parameters.get("row", 0))
        line = ordered[row - 1][1] if row else 1
        return None, (FareError(line, "line", str(refused.parameters["reason"])),)
    return table, ()


def write(table: FiledFares) -> str:
    """Return the file of a table."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(COLUMNS)
    for each in table.fares:
        rows.writerow(
            (
                each.route,
                _NAMES[each.cabin],
                each.fare_class,
                each.currency,
                _decimal(each.amount, each.currency),
                each.first_day or "",
                each.last_day or "",
                "".join(str(day) for day in each.days),
                each.trip or "",
            )
        )
    return file.getvalue()


def changes(before: FiledFares, after: FiledFares) -> FareChanges:
    """Return what the one table changes in the other."""
    old, new = _by_conditions(before.fares), _by_conditions(after.fares)
    return FareChanges(
        added=len(new.keys() - old.keys()),
        changed=sum(old[each] != new[each] for each in old.keys() & new.keys()),
        removed=len(old.keys() - new.keys()),
    )


def _by_conditions(fares: Sequence[FiledFare]) -> dict[FiledFare, int]:
    return {msgspec.structs.replace(each, amount=0): each.amount for each in fares}


def _fare(row: Sequence[str], line: int) -> FiledFare | list[FareError]:
    if len(row) != len(COLUMNS):
        return [FareError(line, "line", "columns_missing_or_left_over")]
    given = dict(zip(COLUMNS, row, strict=True))
    errors = [FareError(line, name, reason) for name, reason in _malformed(given)]
    if errors:
        return errors
    return FiledFare(
        route=given["route"],
        cabin=_CODES[given["cabin"]],
        fare_class=given["fare_class"],
        currency=given["currency"],
        amount=_minor_units(given["amount"], given["currency"]),
        first_day=_day(given["first_day"]),
        last_day=_day(given["last_day"]),
        days=tuple(int(each) for each in given["days"]),
        trip=_TRIPS[given["trip"]],
    )


def _malformed(given: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the columns that have not their form, with the reason."""
    found = []
    if given["cabin"] not in _CODES:
        found.append(("cabin", "economy_or_business"))
    if not money.is_currency(given["currency"]):
        found.append(("currency", "unknown_currency"))
    elif not _AMOUNT.fullmatch(given["amount"]):
        found.append(("amount", "not_an_amount"))
    elif len(given["amount"].partition(".")[2]) > money.exponent(given["currency"]):
        found.append(("amount", "too_many_decimals"))
    if not _DAYS.fullmatch(given["days"]):
        found.append(("days", "digits_from_1_to_7"))
    if given["trip"] not in _TRIPS:
        found.append(("trip", "one_way_or_round_trip"))
    for name in ("first_day", "last_day"):
        try:
            _day(given[name])
        except ValueError:
            found.append((name, "not_a_day"))
    return found


def _day(text: str) -> dt.date | None:
    """Return the day; raises ValueError for a text that is none."""
    if not text:
        return None
    if not _DATE.fullmatch(text):
        raise ValueError
    return dt.date.fromisoformat(text)


def _minor_units(text: str, currency: str) -> int:
    whole, _, decimals = text.partition(".")
    exponent = money.exponent(currency)
    return int(whole + decimals.ljust(exponent, "0"))


def _decimal(amount: int, currency: str) -> str:
    exponent = money.exponent(currency)
    if not exponent:
        return str(amount)
    digits = str(amount).rjust(exponent + 1, "0")
    return f"{digits[:-exponent]}.{digits[-exponent:]}"
