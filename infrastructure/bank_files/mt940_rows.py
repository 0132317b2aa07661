"""SWIFT MT940, parsed by the package mt-940, whose every error becomes a rejection."""

import datetime as dt
from typing import Any

import mt940

from infrastructure.bank_files.rows import Row, Statement, amount_of, covering, refused

# Where the parts of a statement line's text are.
TEXTS = (
    "customer_reference",
    "bank_reference",
    "extra_details",
    "transaction_details",
    "purpose",
    "additional_purpose",
    "applicant_name",
)
BALANCES = ("opening_balance", "closing_balance", "final_opening_balance", "final_closing_balance")


def read(text: str) -> Statement:
    """Return the rows; rejects StatementUnreadable."""
    if ":61:" not in text and ":62F:" not in text:
        raise refused("file", "no_lines")
    try:
        parsed: Any = mt940.parse(text)
        lines = list(parsed)
    except Exception as error:  # noqa: BLE001 - whatever the package raises for a bad file
        raise refused("file", f"not_mt940_{type(error).__name__}") from None
    if len(lines) != text.count("\n:61:") + text.startswith(":61:"):
        raise refused("file", "lines_left_out")
    rows = [_row(each.data, number) for number, each in enumerate(lines, start=1)]
    days = [_plain(parsed.data[name].date) for name in BALANCES if parsed.data.get(name)]
    return covering(rows, *days)


def _row(line: dict[str, Any], number: int) -> Row:
    where = f"statement line {number}"
    amount, date = line.get("amount"), line.get("date")
    if amount is None or date is None:
        raise refused(where, "no_amount_or_date")
    text = " ".join(str(line[name]) for name in TEXTS if line.get(name))
    booked_on = _plain(line.get("entry_date") or date)
    money = amount_of(format(amount.amount, "f"), str(amount.currency), where=where)
    raw = "\x1f".join((str(booked_on), str(money.amount), money.currency, text))
    customers, banks = (line.get(name) for name in ("customer_reference", "bank_reference"))
    return Row(
        booked_on=booked_on,
        amount=money,
        text=text,
        raw=raw.encode(),
        reference=banks,
        references=(customers,) if customers else (),
    )


def _plain(date: dt.date) -> dt.date:
    """Return a plain date: the package has a class of its own, which no event can hold."""
    return dt.date(date.year, date.month, date.day)
