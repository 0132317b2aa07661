"""A row of a statement in whatever form, and how an amount is read."""

import datetime as dt
import re
from decimal import Decimal

import msgspec

from domain.kernel import money
from domain.reconciliation.rejections import StatementUnreadable

# Short enough that no amount is rounded on its way.
_is_amount = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,9})?").fullmatch


class Row(msgspec.Struct, frozen=True):
    """A booked row; `text` is all that the bank prints, `raw` what the row was read from.

    `reference` is the bank's own, `references` are those that travelled with the payment.
    """

    booked_on: dt.date
    amount: money.Money
    text: str
    raw: bytes
    reference: str | None = None
    references: tuple[str, ...] = ()


class Statement(msgspec.Struct, frozen=True):
    """The rows of a file, and the days that it covers."""

    since: dt.date
    until: dt.date
    rows: tuple[Row, ...]


def refused(where: str, reason: str) -> StatementUnreadable:
    """Return the rejection of a file, with the line, entry or field in which it fails."""
    return StatementUnreadable(field=where, reason=reason)


def amount_of(text: str, currency: str, *, where: str) -> money.Money:
    """Return the amount in minor units, exactly. Rejects StatementUnreadable."""
    if not money.is_currency(currency):
        raise refused(where, "unknown_currency")
    if not _is_amount(text.strip()):
        raise refused(where, "not_an_amount")
    minor = Decimal(text.strip()).scaleb(money.exponent(currency))
    exact = int(minor)
    if minor != exact:
        raise refused(where, "too_many_decimals")
    if abs(exact) >= money.AMOUNT_LIMIT:
        raise refused(where, "amount_too_large")
    return money.Money(exact, currency)


def day_of(text: str, *, where: str) -> dt.date:
    """Return the day of an ISO date or of the date in an ISO time. Rejects StatementUnreadable."""
    try:
        return dt.date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise refused(where, "not_a_date") from None


def covering(rows: list[Row], *days: dt.date) -> Statement:
    """Return the statement of rows and of days that it names; rejects one without any."""
    known = [*(row.booked_on for row in rows), *days]
    if not known:
        raise refused("file", "no_lines")
    return Statement(min(known), max(known), tuple(rows))
