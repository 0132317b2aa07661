"""A CSV statement: a header with the columns date, amount, currency and text, in any order.

A column `reference` may have the bank's reference of the line.

Dates are ISO 8601; amounts are in the major unit with a point (`-1250.00`), credits positive.
"""

import csv
import io

from infrastructure.bank_files.rows import Row, Statement, amount_of, covering, day_of, refused

COLUMNS = ("date", "amount", "currency", "text")
REFERENCE = "reference"


def read(text: str) -> Statement:
    """Return the rows; rejects StatementUnreadable with the line that cannot be read."""
    lines = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in lines.fieldnames or ()]
        if not set(COLUMNS) <= set(header) or len(header) != len(set(header)):
            raise refused("line 1", "columns_date_amount_currency_text_expected")
        lines.fieldnames = header
        return covering([_row(line, lines.line_num) for line in lines])
    except csv.Error:
        raise refused(f"line {lines.line_num}", "not_csv") from None


def _row(line: dict[str | None, str | None], number: int) -> Row:
    where = f"line {number}"
    values = [line.get(name) for name in COLUMNS]
    if None in line or any(value is None for value in values):
        raise refused(where, "wrong_number_of_columns")
    date, amount, currency, text = (value or "" for value in values)
    return Row(
        booked_on=day_of(date, where=where),
        amount=amount_of(amount, currency.strip().upper(), where=where),
        text=text,
        raw="\x1f".join((date, amount, currency, text)).encode(),
        reference=(line.get(REFERENCE) or "").strip() or None,
        references=(text.strip(),),
    )
