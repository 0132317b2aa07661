"""What must not grow in `bench soak`: memory, open files, connections, tables without retention."""

import os
import re
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from types import TracebackType

import msgspec
import psycopg

from projections import registry
from tests.bench import processor_time, stored_bytes
from tests.bench.processor_time import HARNESS, POSTGRES, STRIPE
from tests.bench.result import Case

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MEBIBYTE = 1 << 20
# Processes that are not ours may grow: one stands in for Stripe, and keeps every charge.
NOT_JUDGED = frozenset({HARNESS, STRIPE})
MEMORY_BAR = 1.2
# A pool opens connections when it needs them; each is an open file of two processes.
COUNT_BAR, COUNT_SLACK = 1.1, 10
# A table that grows by less for a booking holds work in progress, not one row for each.
TABLE_BYTES = 32
# How many samples count as one moment: what a process holds goes up and down within a minute.
AT_ONCE = 5
# Read models with rows for each booking. The others have one for each flight, or for each piece of
# unfinished work.
READ_MODELS = frozenset(registry.ALL) - {
    *("flight_availability", "open_claims", "signed_captures"),
    *("unfinished_attempts", "unfinished_refunds"),
}
GENERATION = re.compile(r"(.+)_g[0-9]+")
# Tables that grow with the bookings, and why they may.
GROWING: Mapping[str, str] = {
    "ledger.event": "the log: ten years of books",
    "ledger.posting": "the log: ten years of books",
    "ledger.stream_event": "the log: which versions each stream has",
    "ledger.command": "answers to repeated commands: ids and versions, part of the books",
    "ledger.outbox": "retention: outbox",
    "inbox.stripe_event": "retention: stripe_event_bodies",
    "vault.subject_key": "retention: passengers",
    "vault.booking_term": "retention: passengers",
    "identity.session": "retention: sessions",
}
_CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()
"""
_BOOKINGS = "SELECT count(*) FROM ledger.event WHERE tag = 'booking.confirmed.1'"


class Part(msgspec.Struct, frozen=True):
    """All processes of one part: resident bytes, of Postgres without shared memory; open files."""

    memory: int
    files: int


class Sample(msgspec.Struct, frozen=True):
    """What there was `seconds` after the start, when so many bookings were confirmed; bytes of
    each table with its indexes left out."""

    seconds: float
    bookings: int
    parts: dict[str, Part]
    connections: int
    tables: dict[str, int]


class Watch:
    """Takes a sample every few seconds in a thread of its own while a block runs."""

    def __init__(self, owner_dsn: str, *, root: int, seconds: float) -> None:
        self._dsn = owner_dsn
        self._root = root
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.samples: list[Sample] = []

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not self._stop.wait(self._seconds):
                parts = parts_below(self._root)
                tables = stored_bytes.read(self._dsn).tables
                bookings = connection.execute(_BOOKINGS.encode()).fetchone()
                connections = connection.execute(_CONNECTIONS.encode()).fetchone()
                assert bookings is not None
                assert connections is not None
                self.samples.append(
                    Sample(
                        seconds=round(time.monotonic() - began, 1),
                        bookings=int(bookings[0]),
                        parts=parts,
                        # That of `stored_bytes` has ended; ours is not counted.
                        connections=int(connections[0]),
                        tables=tables,
                    )
                )


def parts_below(root: int) -> dict[str, Part]:
    """Return memory and open files of every part whose processes descend from this one."""
    memory: defaultdict[str, int] = defaultdict(int)
    files: defaultdict[str, int] = defaultdict(int)
    for pid, process in processor_time.below(root).items():
        try:
            held, opened = _resident(pid, process.part), len(os.listdir(f"/proc/{pid}/fd"))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        memory[process.part] += held
        files[process.part] += opened
    return {part: Part(memory[part], files[part]) for part in memory}


def _resident(pid: int, part: str) -> int:
    """Return resident bytes: proc(5), `/proc/pid/statm`. All processes of Postgres share their
    buffers, which would be counted once for each."""
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    resident, shared = int(fields[1]), int(fields[2])
    return (resident - (shared if part == POSTGRES else 0)) * PAGE_BYTES


def cases_of(samples: Sequence[Sample], *, first_bookings: int) -> list[Case]:
    """Return what the end has against the moment at which so many bookings were confirmed.

    Raises ValueError when the run has no samples after that moment.
    """
    begin = next((n for n, each in enumerate(samples) if each.bookings >= first_bookings), None)
    if begin is None or len(samples) - begin < 2 * AT_ONCE:
        raise ValueError(f"too few samples after {first_bookings:,} bookings: run longer")
    first, last = samples[begin : begin + AT_ONCE], samples[-AT_ONCE:]
    cases = []
    for part in sorted({part for each in last for part in each.parts} - NOT_JUDGED):
        cases.append(_memory(part, first, last))
        cases.append(_count(f"{part} files", _files(part, first), _files(part, last)))
    cases.append(
        _count(
            "connections",
            max(each.connections for each in first),
            max(each.connections for each in last),
        )
    )
    cases.append(_tables(first[-1], last[-1]))
    return cases


def _memory(part: str, first: Sequence[Sample], last: Sequence[Sample]) -> Case:
    before, after = (
        median([each.parts[part].memory for each in found if part in each.parts] or [0])
        for found in (first, last)
    )
    ratio = after / before if before else 0.0
    return Case(
        case=f"{part} memory",
        ours=round(after / MEBIBYTE, 1),
        reference=round(before / MEBIBYTE, 1),
        ratio=round(ratio, 3),
        bar=MEMORY_BAR,
        # A process that was not there at first has ended, and was started again.
        holds=0 < ratio <= MEMORY_BAR,
        unit="MiB",
    )


def _files(part: str, found: Sequence[Sample]) -> int:
    return max((each.parts[part].files for each in found if part in each.parts), default=0)


def _count(name: str, before: int, after: int) -> Case:
    return Case(
        case=name,
        ours=after,
        reference=before,
        ratio=round(after / max(1, before), 3),
        bar=COUNT_BAR,
        holds=after <= before * COUNT_BAR + COUNT_SLACK,
        unit="",
    )


def _tables(first: Sample, last: Sample) -> Case:
    found = [name for name in grown(first, last) if not may_grow(name)]
    return Case(
        case="tables that may not grow" + (f": {', '.join(found)}" if found else ""),
        ours=len(found),
        reference=0,
        ratio=len(found),
        bar=0,
        holds=not found,
        unit="",
    )


def may_grow(table: str) -> bool:
    """Return whether a table grows with the bookings by design."""
    schema = GENERATION.fullmatch(table.partition(".")[0])
    return table in GROWING or (schema is not None and schema[1] in READ_MODELS)


def grown(first: Sample, last: Sample) -> dict[str, float]:
    """Return the bytes for one booking of each table that grew with the bookings."""
    bookings = max(1, last.bookings - first.bookings)
    each = {
        name: (size - first.tables.get(name, 0)) / bookings for name, size in last.tables.items()
    }
    return {name: round(size, 1) for name, size in each.items() if size > TABLE_BYTES}
