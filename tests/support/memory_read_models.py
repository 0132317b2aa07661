"""Every read model in memory, moved along a log event by event: none may meet one it cannot take.

The projectors are the real ones; only the tables are dicts instead of Postgres.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from application import ports
from projections import reading, rows
from projections.projection import LoggedEvent
from projections.registry import ALL

REPLACED = ("load", "insert", "upsert", "add", "delete")
# Which column each table is read by.
LOADED_BY = {
    "booking_list": ("booking",),
    "account_booking": ("booking",),
    "flight_availability": ("flight",),
    "unfinished_attempts": ("attempt",),
    "unfinished_refunds": ("refund",),
    "signed_captures": ("capture",),
    "ledger_balance": ("account",),
    "ledger_parked_funds": ("payment",),
    "coupon_value": ("flight",),
    "open_claims": ("claim",),
    "credits": ("credit",),
    "settled_payouts": ("payout",),
    "settled_amounts": ("amount_of",),
    "disputes": ("dispute",),
    "tax_documents": ("document",),
}
Table = dict[tuple[Any, ...], msgspec.Struct]


class MemoryReadModels:
    """The tables of all read models; `position` is how far all of them are."""

    def __init__(self) -> None:
        self.position = 0
        self.tables: dict[str, Table] = {}
        self._histories: dict[str, list[LoggedEvent]] = {}
        self._by: dict[tuple[str, str], dict[str, set[tuple[Any, ...]]]] = {}
        self._sorted: dict[tuple[str, str], dict[Any, list[Any]]] = {}

    def follow(self, recorded: Sequence[ports.RecordedEvent]) -> None:
        """Take in new events of the log; raises what a projector raises on one it cannot take."""
        if not recorded:
            return
        logged = [
            LoggedEvent(each.position, each.stream, each.version, each.recorded_at, each.event)
            for each in recorded
        ]
        for each in logged:
            self._histories.setdefault(each.stream, []).append(each)
        cursor: Any = None
        self._sorted.clear()
        with self._as_rows():
            for projection in ALL.values():
                tags = projection.tags
                wanted = [each for each in logged if each.event.tag in tags]
                if wanted:
                    projection.apply(cursor, wanted)
        self.position = logged[-1].position

    def rows(self, table: str) -> list[Any]:
        """The rows of a table, in no order."""
        return list(self._table(table).values())

    def rows_of(self, table: str, column: str, value: object) -> list[Any]:
        """The rows that have the value in the column; the table is read once until it changes."""
        if (table, column) not in self._sorted:
            by_value: dict[Any, list[Any]] = {}
            for row in self.rows(table):
                by_value.setdefault(getattr(row, column), []).append(row)
            self._sorted[table, column] = by_value
        return self._sorted[table, column].get(value, [])

    @contextmanager
    def _as_rows(self) -> Iterator[None]:
        """`projections.rows` writes into the dicts."""
        real = {name: getattr(rows, name) for name in REPLACED}
        for name in REPLACED:
            setattr(rows, name, getattr(self, f"_{name}"))
        read = reading.histories
        reading.histories = self._read_histories
        try:
            yield
        finally:
            reading.histories = read
            for name, function in real.items():
                setattr(rows, name, function)

    def _read_histories(
        self, _cursor: Any, streams: Collection[str], upto: int
    ) -> Iterator[LoggedEvent]:
        found = (each for stream in streams for each in self._histories[stream])
        until = [each for each in found if each.position <= upto]
        return iter(sorted(until, key=lambda each: each.position))

    def _load(
        self, _cursor: Any, table: str, key: str, keys: Iterable[str], row: type[msgspec.Struct]
    ) -> list[Any]:
        """Rows are copies, as the database gives them."""
        by_key = self._by.setdefault((table, key), {})
        kept = self._table(table)
        found = (kept[name] for wanted in keys for name in by_key.get(wanted, ()) if name in kept)
        return [msgspec.json.decode(msgspec.json.encode(each), type=row) for each in found]

    def _insert(self, cursor: Any, table: str, found: Sequence[msgspec.Struct]) -> int:
        every_column = found[0].__struct_fields__ if found else ()
        return self._upsert(cursor, table, every_column, found)

    def _upsert(
        self,
        _cursor: Any,
        table: str,
        keys: Sequence[str],
        found: Sequence[msgspec.Struct],
        *,
        kept: Sequence[str] = (),
    ) -> int:
        for each in found:
            name = self._key(each, keys)
            before = self._table(table).get(name)
            same = {column: getattr(before, column) for column in kept} if before else {}
            self._table(table)[name] = msgspec.structs.replace(each, **same)
            for key in LOADED_BY.get(table, ()):
                names = self._by.setdefault((table, key), {})
                names.setdefault(getattr(each, key), set()).add(name)
        return len(found)

    def _add(
        self,
        _cursor: Any,
        table: str,
        keys: Sequence[str],
        column: str,
        found: Sequence[msgspec.Struct],
    ) -> int:
        kept = self._table(table)
        for each in found:
            before: Any = kept.get(self._key(each, keys))
            amount = getattr(each, column) + (0 if before is None else getattr(before, column))
            kept[self._key(each, keys)] = msgspec.structs.replace(each, **{column: amount})
            for key in LOADED_BY.get(table, ()):
                names = self._by.setdefault((table, key), {})
                names.setdefault(getattr(each, key), set()).add(self._key(each, keys))
        return len(found)

    def _delete(self, _cursor: Any, table: str, key: str, keys: Sequence[str]) -> int:
        kept = self._table(table)
        for gone in keys:
            for name in self._by.get((table, key), {}).pop(gone, ()):
                kept.pop(name, None)
        return len(keys)

    def _table(self, name: str) -> Table:
        return self.tables.setdefault(name, {})

    @staticmethod
    def _key(row: msgspec.Struct, keys: Sequence[str]) -> tuple[Any, ...]:
        values = (getattr(row, key) for key in keys)
        return tuple(tuple(each) if isinstance(each, list) else each for each in values)
