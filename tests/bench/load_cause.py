"""What a load strains: processors, locks, connections, and work that waits; and which was short."""

import os
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import msgspec
import psycopg

from infrastructure.postgres import pool
from tests.bench import processor_time
from tests.bench.processor_time import HARNESS, Process

SAMPLE_SECONDS = 0.5
# Above this share no processor is left for more.
BUSY_SHARE = 0.9
# A pool or a lock is short when it is so in half of the samples.
OFTEN = 0.5
# Work that no request waits for may lag; more of it than this is growing.
WAITING_LIMIT = 1_000
MOST_CONNECTIONS = pool.make_pool("").max_size
WAITING, IDLE, OTHERS = "waiting work", "idle", "other processes"
PROCESSORS = os.cpu_count() or 1
_SAMPLE = """
SELECT (SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND datname = current_database()),
       (SELECT coalesce(max(active), 0) FROM (
          SELECT count(*) FILTER (WHERE state <> 'idle') AS active FROM pg_stat_activity
          WHERE datname = current_database() AND backend_type = 'client backend'
          AND usename <> current_user GROUP BY usename) AS by_user),
       (SELECT count(*) FROM ledger.outbox WHERE sent_at IS NULL),
       (SELECT count(*) FROM inbox.stripe_event WHERE state = 'new'),
       (SELECT coalesce(max(position), 0) FROM ledger.event)
         - (SELECT coalesce(min(position), 0) FROM projections.checkpoint)
"""


class Strain(msgspec.Struct, frozen=True):
    """Shares of all processors by part, with `idle` and `other processes` of the machine; the share
    of samples in which a statement waited for a lock, and in which as many connections worked as a
    pool has; what waited at the end: messages, events of Stripe, events that a read model had not
    followed."""

    processors: dict[str, float]
    lock_share: float
    pool_share: float
    messages: int
    stripe_events: int
    lag_events: int


class Sampler:
    """Looks at processes and database in a thread of its own while a block runs."""

    def __init__(self, owner_dsn: str) -> None:
        self._dsn = owner_dsn
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._samples: list[tuple[int, int, int, int, int]] = []
        self._processors: dict[str, float] = {}

    def __enter__(self) -> "Sampler":
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

    def strain(self) -> Strain:
        """Return what was seen, after the block."""
        count = max(1, len(self._samples))
        _, _, messages, stripe_events, lag = self._samples[-1] if self._samples else (0,) * 5
        return Strain(
            processors=self._processors,
            lock_share=sum(locks > 0 for locks, *_ in self._samples) / count,
            pool_share=sum(busy >= MOST_CONNECTIONS for _, busy, *_ in self._samples) / count,
            messages=messages,
            stripe_events=stripe_events,
            lag_events=lag,
        )

    def _run(self) -> None:
        began, idle_before = time.monotonic(), idle_seconds()
        before = processor_time.below(os.getpid())
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not self._stop.wait(SAMPLE_SECONDS):
                row = connection.execute(_SAMPLE.encode()).fetchone()
                assert row is not None
                self._samples.append((row[0], row[1], row[2], row[3], row[4]))
                later = processor_time.below(os.getpid())
                idle = idle_seconds() - idle_before
                self._processors = shares(before, later, time.monotonic() - began, idle)


def idle_seconds() -> float:
    """Return the seconds that all processors were idle since the machine started: proc(5)."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return (int(fields[4]) + int(fields[5])) / processor_time.TICKS


def shares(
    earlier: Mapping[int, Process], later: Mapping[int, Process], seconds: float, idle: float
) -> dict[str, float]:
    """Return the share of all processors that each part used in so many seconds, of which all
    processors together were idle so long."""
    used: defaultdict[str, float] = defaultdict(float)
    for pid, process in later.items():
        already = earlier[pid].seconds if pid in earlier else 0.0
        used[process.part] += process.seconds - already
    capacity = max(seconds, 1e-9) * PROCESSORS
    found = {part: spent / capacity for part, spent in used.items()}
    found[IDLE] = min(1.0, idle / capacity)
    found[OTHERS] = max(0.0, 1 - sum(found.values()))
    return {part: round(share, 3) for part, share in found.items()}


def cause(strain: Strain) -> str:
    """Say what was short, the most certain first."""
    used = {part: share for part, share in strain.processors.items() if part != IDLE}
    parts = ", ".join(
        f"{'the load generator' if part == HARNESS else part} {share:.0%}"
        for part, share in sorted(used.items(), key=lambda item: -item[1])[:4]
    )
    found = []
    if sum(used.values()) >= BUSY_SHARE:
        found.append(f"processors: {sum(used.values()):.0%} used ({parts})")
    elif strain.processors.get("web", 0.0) >= BUSY_SHARE / PROCESSORS:
        found.append("the web process: it uses one processor, and that one wholly")
    elif strain.processors.get(HARNESS, 0.0) >= BUSY_SHARE / PROCESSORS:
        found.append("the load generator: it uses one processor, and that one wholly")
    if strain.lock_share >= OFTEN:
        found.append(f"locks: statements waited in {strain.lock_share:.0%} of the samples")
    if strain.pool_share >= OFTEN:
        found.append(f"connections: all busy in {strain.pool_share:.0%} of the samples")
    if strain.messages + strain.stripe_events > WAITING_LIMIT:
        found.append(
            f"{WAITING}: {strain.messages:,} messages, {strain.stripe_events:,} events of Stripe"
        )
    return "; ".join(found) or f"nothing was short ({parts or 'no processor time'})"
