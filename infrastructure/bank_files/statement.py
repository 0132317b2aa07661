"""Read a statement of the bank: which form it has, and what is kept of it.

Only lines that name Stripe are kept: the others name persons, and are no part of reconciliation.
"""

import hashlib
from collections import Counter

from application.reconciliation.ports import BankStatement
from domain.reconciliation.bank_leg import STRIPE_NAME
from domain.reconciliation.records import BankLine
from infrastructure.bank_files import camt_rows, csv_rows, mt940_rows
from infrastructure.bank_files.rows import Row, Statement, refused

SIZE_LIMIT = 8 * 1024 * 1024
# A statement covers at most this many days.
DAYS_LIMIT = 100


def read_statement(file: bytes) -> BankStatement:
    """Return the lines from Stripe; rejects StatementUnreadable with the place and the reason."""
    if len(file) > SIZE_LIMIT:
        raise refused("file", "too_large")
    read = _read(file)
    if (read.until - read.since).days >= DAYS_LIMIT:
        raise refused("file", "too_many_days")
    kept = [row for row in read.rows if STRIPE_NAME in row.text.upper()]
    return BankStatement(
        file=hashlib.sha256(file).hexdigest(),
        since=read.since,
        until=read.until,
        lines=_lines(kept),
        other_count=len(read.rows) - len(kept),
    )


def _read(file: bytes) -> Statement:
    if file.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return camt_rows.read(file.lstrip(b" \t\r\n"))
    try:
        text = file.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refused("file", "not_utf_8") from None
    if ":20:" in text or ":61:" in text:
        return mt940_rows.read(text.replace("\r\n", "\n"))
    return csv_rows.read(text)


def _lines(rows: list[Row]) -> tuple[BankLine, ...]:
    """Return lines with ids; equal rows of a day are numbered, so that both are kept."""
    seen: Counter[bytes] = Counter()
    lines = []
    for row in rows:
        raw = row.raw + row.booked_on.isoformat().encode()
        seen[raw] += 1
        digest = hashlib.sha256(raw).hexdigest()
        lines.append(
            BankLine(
                id=f"bank_{digest[:24]}_{seen[raw]}",
                booked_on=row.booked_on,
                amount=row.amount,
                text=row.text,
                digest=digest,
            )
        )
    return tuple(lines)
