"""Read a statement of the bank: which form it has, and what is kept of it.

Lines that name Stripe are kept whole. Of the others no text is kept, because it may name a person:
only amount, day, and of references what has the form of an id. The bank's own is kept as it is, of
what the payer wrote only the hash, by which a payout is found that nothing else names.
"""

import hashlib
import re
from collections import Counter

import msgspec

from application.reconciliation.ports import BankStatement
from domain.reconciliation.bank_leg import STRIPE_NAME
from domain.reconciliation.records import BankLine, UnrelatedLine, reference_digest
from infrastructure.bank_files import camt_rows, csv_rows, mt940_rows
from infrastructure.bank_files.rows import Row, Statement, refused

# One word with a digit: the form of an id, and not that of a name.
_is_id = re.compile(r"(?=\S*[0-9])[A-Za-z0-9_./+-]{1,64}").fullmatch

SIZE_LIMIT = 8 * 1024 * 1024
# A statement covers at most this many days.
DAYS_LIMIT = 100


def read_statement(file: bytes) -> BankStatement:
    """Return the lines; rejects StatementUnreadable with the place and the reason."""
    if len(file) > SIZE_LIMIT:
        raise refused("file", "too_large")
    read = _read(file)
    if (read.until - read.since).days >= DAYS_LIMIT:
        raise refused("file", "too_many_days")
    kept: list[Row] = []
    others: list[Row] = []
    for row in read.rows:
        (kept if STRIPE_NAME in row.text.upper() else others).append(row)
    return BankStatement(
        file=hashlib.sha256(file).hexdigest(),
        since=read.since,
        until=read.until,
        lines=_lines(kept),
        unrelated=_unrelated(others),
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


def _unrelated(rows: list[Row]) -> tuple[UnrelatedLine, ...]:
    """Return the lines without their texts; their ids are not made of the texts either."""
    seen: Counter[bytes] = Counter()
    lines = []
    for row in rows:
        reference = row.reference if row.reference and _is_id(row.reference) else None
        names = sorted({each for each in (row.reference, *row.references) if each and _is_id(each)})
        digests = tuple(reference_digest(each) for each in names)
        kept = (row.booked_on.isoformat(), row.amount, reference, digests)
        raw = msgspec.json.encode(kept)
        seen[raw] += 1
        lines.append(
            UnrelatedLine(
                id=f"bank_{hashlib.sha256(raw).hexdigest()[:24]}_{seen[raw]}",
                booked_on=row.booked_on,
                amount=row.amount,
                reference=reference,
                digests=digests,
            )
        )
    return tuple(lines)
