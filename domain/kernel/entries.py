"""Double entries: postings whose sum is zero per currency, stored inside the event.

The type refuses an unbalanced entry, and so does the database that stores it.
"""

import datetime as dt
from zoneinfo import ZoneInfo

import msgspec

# The time zone of the airline's accounting day.
ACCOUNTING_ZONE = "Asia/Riyadh"
_ZONE = ZoneInfo(ACCOUNTING_ZONE)
# Nobody means an earlier or later day; reckoning with those at the ends of the calendar fails.
EARLIEST_DAY = dt.date(2000, 1, 1)
LATEST_DAY = dt.date(2999, 12, 31)


def may_be_accounting_day(day: dt.date) -> bool:
    """Return whether the books may be asked about the day."""
    return EARLIEST_DAY <= day <= LATEST_DAY


def accounting_day(now: dt.datetime) -> dt.date:
    """The calendar day in the accounting zone on which `now` (UTC) falls."""
    return local_time(now).date()


def local_time(now: dt.datetime) -> dt.datetime:
    """The instant as a local time in the accounting zone."""
    return now.astimezone(_ZONE)


def start_of_day(day: dt.date) -> dt.datetime:
    """The instant (UTC) at which an accounting day begins."""
    return dt.datetime.combine(day, dt.time(), _ZONE).astimezone(dt.UTC)


class UnbalancedEntry(ValueError):
    """The postings of an entry do not sum to zero in some currency: always a bug."""


class Posting(msgspec.Struct, frozen=True):
    """One line of an entry: amount in minor units, debit positive, credit negative."""

    account: str
    booking: str
    amount: int
    currency: str


class Entry(msgspec.Struct, frozen=True):
    """A balanced double entry made by one version of one posting rule.

    `references` names what the entry is about at the provider (`pi_…`, `ch_…`, `txn_…`).
    """

    effective_on: dt.date
    rule: str
    version: int
    references: tuple[str, ...]
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        sums: dict[str, int] = {}
        for posting in self.postings:
            sums[posting.currency] = sums.get(posting.currency, 0) + posting.amount
        if not sums or any(sums.values()):
            raise UnbalancedEntry(f"rule {self.rule}: {sums}")
