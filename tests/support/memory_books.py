"""The journal of a log in memory, for the queries that reconciliation asks."""

import datetime as dt
import itertools

from application.ledger.books import DayMark, JournalEntry, JournalQuestion, PostedAmount
from application.ports import RecordedEvent
from application.queries import AsOf
from tests.support.memory_log import MemoryLog


class MemoryBooks:
    """`Books`, as far as it is asked; it follows the log whenever it is."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._position = 0
        self._entries: list[JournalEntry] = []
        self._by_day: dict[dt.date, list[JournalEntry]] = {}
        self._by_reference: dict[str, list[JournalEntry]] = {}
        self._by_rule: dict[str, list[JournalEntry]] = {}

    async def journal_as_of(self) -> AsOf:
        """The end of the log."""
        return AsOf(len(self._log.events), 0.0)

    async def entries_by_day(
        self, *, since: dt.date, until: dt.date, known: int, mark: DayMark | None, limit: int
    ) -> list[JournalEntry]:
        """See the port."""
        self._follow()
        behind = (since, 0) if mark is None else (mark.effective_on, mark.position)
        days = sorted(day for day in self._by_day if behind[0] <= day <= until)
        found = (
            each
            for day in days
            for each in self._by_day[day]
            if (day, each.position) > behind and each.position <= known
        )
        return list(itertools.islice(found, limit))

    async def find_entries(
        self, asked: JournalQuestion, *, known: int, limit: int
    ) -> list[JournalEntry]:
        """See the port; filters by booking and position are not asked for."""
        self._follow()
        assert asked.booking is None
        assert asked.position is None
        if asked.reference is not None:
            looked = self._by_reference.get(asked.reference, [])
        elif asked.rule is not None:
            looked = self._by_rule.get(asked.rule, [])
        else:
            looked = self._entries
        found = [
            each
            for each in looked
            if asked.after < each.position <= known
            and (asked.rule is None or each.rule == asked.rule)
            and (asked.since is None or each.effective_on >= asked.since)
            and (asked.until is None or each.effective_on <= asked.until)
            and (asked.account is None or asked.account in {p.account for p in each.postings})
        ]
        return found[:limit]

    def _follow(self) -> None:
        for recorded in self._log.events[self._position :]:
            entry = _entry(recorded)
            if entry is None:
                continue
            self._entries.append(entry)
            self._by_day.setdefault(entry.effective_on, []).append(entry)
            self._by_rule.setdefault(entry.rule, []).append(entry)
            for reference in set(entry.references):
                self._by_reference.setdefault(reference, []).append(entry)
        self._position = len(self._log.events)


def _entry(recorded: RecordedEvent) -> JournalEntry | None:
    entry = getattr(recorded.event, "entry", None)
    if entry is None:
        return None
    return JournalEntry(
        position=recorded.position,
        event="",
        stream=recorded.stream,
        version=recorded.version,
        kind=recorded.event.tag,
        effective_on=entry.effective_on,
        recorded_at=recorded.recorded_at,
        rule=entry.rule,
        rule_version=entry.version,
        references=entry.references,
        postings=tuple(
            PostedAmount(each.account, each.booking, each.amount, each.currency)
            for each in entry.postings
        ),
    )
