"""Every metric of the product: what it counts, its unit and its labels, and where code adds to it.

A value is added to a variable of this process, which costs less than a microsecond; Prometheus or
a collector reads all of them now and then, through `infrastructure/telemetry`. Labels have few
values, never an id or anything of a traveller: beyond SERIES_LIMIT, in all or of each carrier, the
rest is counted as "other".
"""

import bisect
import threading
from collections.abc import Mapping, Sequence

SERIES_LIMIT = 400
OTHER = "other"
# The first label of what a process measures that may serve several carriers.
CARRIER = "carrier"

Labels = tuple[str, ...]
_lock = threading.Lock()


class Metric:
    """What all kinds have: the name as Prometheus has it, the meaning, the names of the labels."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ()) -> None:
        self.name = name
        self.meaning = meaning
        self.labels = tuple(labels)

    def _bounded(self, values: Mapping[Labels, object], labels: Labels) -> Labels:
        """Return under which labels it is counted. One carrier takes no place from another."""
        if labels in values or len(values) < SERIES_LIMIT:
            return labels
        kept = int(self.labels[:1] == (CARRIER,))
        if kept and sum(each[0] == labels[0] for each in values) < SERIES_LIMIT:
            return labels
        return (*labels[:kept], *(OTHER,) * (len(labels) - kept))


class Counter(Metric):
    """Counts up from the start of the process."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ()) -> None:
        super().__init__(name, meaning, labels)
        self._values: dict[Labels, float] = {}

    def add(self, *labels: str, amount: float = 1) -> None:
        """Count one more, or so many."""
        with _lock:
            known = self._values.get(labels)
            if known is not None:
                self._values[labels] = known + amount
                return
            key = self._bounded(self._values, labels)
            self._values[key] = self._values.get(key, 0) + amount

    def values(self) -> Mapping[Labels, float]:
        """Return the values as they are now."""
        with _lock:
            return dict(self._values)


class Gauge(Metric):
    """A value as it was measured last."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ()) -> None:
        super().__init__(name, meaning, labels)
        self._values: dict[Labels, float] = {}

    def set(self, value: float, *labels: str) -> None:
        """Replace the value of these labels."""
        with _lock:
            key = labels if labels in self._values else self._bounded(self._values, labels)
            self._values[key] = value

    def replace(self, values: Mapping[Labels, float]) -> None:
        """Replace the values of all labels; those that are not named are gone."""
        with _lock:
            self._values = dict(list(values.items())[:SERIES_LIMIT])

    def values(self) -> Mapping[Labels, float]:
        """Return the values as they are now."""
        with _lock:
            return dict(self._values)


class Distribution:
    """How often a value was at most each bound or above the last, and the sum of the values."""

    __slots__ = ("counts", "total")

    def __init__(self, counts: list[int], total: float) -> None:
        self.counts = counts
        self.total = total


class Histogram(Metric):
    """How values are distributed over `bounds`, in ascending order."""

    def __init__(
        self, name: str, meaning: str, labels: Sequence[str] = (), *, bounds: Sequence[float]
    ) -> None:
        super().__init__(name, meaning, labels)
        self.bounds = tuple(bounds)
        self._values: dict[Labels, Distribution] = {}

    def record(self, value: float, *labels: str) -> None:
        """Add one value."""
        at = bisect.bisect_left(self.bounds, value)
        with _lock:
            found = self._values.get(labels)
            if found is None:
                key = self._bounded(self._values, labels)
                empty = Distribution([0] * (len(self.bounds) + 1), 0.0)
                found = self._values.setdefault(key, empty)
            found.counts[at] += 1
            found.total += value

    def values(self) -> Mapping[Labels, Distribution]:
        """Return the distributions as they are now."""
        with _lock:
            return {
                labels: Distribution(each.counts[:], each.total)
                for labels, each in self._values.items()
            }


_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SLOW = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)

REQUEST_SECONDS = Histogram(
    "ais_request_seconds",
    "Time to answer a request; `status` is its class, such as 2xx",
    (CARRIER, "route", "status"),
    bounds=_FAST,
)
COMMANDS = Counter(
    "ais_commands_total",
    "Commands by outcome: done, nothing to do, replayed, refused, unavailable, failed",
    (CARRIER, "outcome"),
)
COMMANDS_WAITING = Gauge(
    "ais_commands_waiting",
    "Commands that waited for the next append when it was begun",
    (CARRIER,),
)
APPEND_SECONDS = Histogram(
    "ais_append_seconds",
    "Time of an append; `lock` says whether the log's lock was taken first",
    (CARRIER, "lock"),
    bounds=_FAST,
)
APPEND_COMMANDS = Histogram(
    "ais_append_commands", "Commands that one append carries out", (CARRIER,), bounds=_COUNTS
)
APPEND_CONFLICTS = Counter(
    "ais_append_conflicts_total",
    "Appends refused for a stream that another process had changed",
    (CARRIER,),
)
LOCK_WAIT_SECONDS = Histogram(
    "ais_log_lock_wait_seconds", "Time until the log's lock was held", (CARRIER,), bounds=_FAST
)
TASK_SECONDS = Histogram(
    "ais_task_seconds",
    "Time of one try of a background task",
    ("topic", "outcome"),
    bounds=_SLOW,
)
LETTERS = Counter("ais_letters_total", "Letters by kind and outcome", ("kind", "outcome"))
STRIPE_SECONDS = Histogram(
    "ais_stripe_call_seconds",
    "Time of a call to Stripe, its turn and repeats included; `outcome` is ok or the failure",
    (CARRIER, "endpoint", "outcome"),
    bounds=_SLOW,
)
STRIPE_LIMIT_USED = Gauge(
    "ais_stripe_limit_used_ratio",
    "Part of this process's requests per second to the account that the last second used",
    (CARRIER,),
)
STRIPE_NOT_SENT = Counter(
    "ais_stripe_not_sent_total", "Requests to Stripe not sent for our own limit", (CARRIER,)
)
STRIPE_BREAKER_OPEN = Gauge(
    "ais_stripe_breaker_open",
    "1 while this process sends no calls to Stripe, which is away, else 0",
    (CARRIER,),
)
STRIPE_BREAKER_OPENED = Counter(
    "ais_stripe_breaker_opened_total",
    "Times this process stopped calling Stripe, which was away",
    (CARRIER,),
)
BATCH_SECONDS = Histogram(
    "ais_projection_batch_seconds",
    "Time of a batch that a read model applied",
    ("read_model",),
    bounds=_SLOW,
)
BATCH_EVENTS = Counter(
    "ais_projection_events_total", "Positions of the log that a read model passed", ("read_model",)
)
PROJECTION_BEHIND = Gauge(
    "ais_projection_behind_events", "Events that a read model does not contain", ("read_model",)
)
PROJECTION_LAG = Gauge(
    "ais_projection_lag_seconds", "Age of the oldest of these events", ("read_model",)
)
PARKED_EVENTS = Gauge(
    "ais_parked_events", "Events that a read model could not apply", ("read_model",)
)
PROJECTION_STOPPED = Gauge(
    "ais_projection_stopped", "1 where a read model stopped by itself", ("read_model",)
)
OUTBOX_WAITING = Gauge("ais_outbox_waiting", "Tasks of the outbox that the queue does not have yet")
OUTBOX_AGE = Gauge("ais_outbox_oldest_seconds", "Age of the oldest of these tasks")
OUTBOX_FAILED = Gauge("ais_outbox_failed", "Tasks of the outbox that failed for good")
INBOX_WAITING = Gauge("ais_inbox_waiting", "Events of Stripe that are not processed yet")
INBOX_AGE = Gauge("ais_inbox_oldest_seconds", "Age of the oldest of these events")
INBOX_PARKED = Gauge("ais_inbox_parked", "Events of Stripe that were given up until replayed")
QUEUE_WAITING = Gauge("ais_queue_waiting", "Tasks that wait for a worker or run")
QUEUE_DEAD = Gauge("ais_queue_dead", "Tasks that workers gave up")
REPLICA_LAG = Gauge(
    "ais_replica_lag_seconds",
    "Age of the oldest event that the replica does not contain",
    (CARRIER,),
)
REPLICA_USED = Gauge(
    "ais_replica_used", "1 while reads may go to the replica, 0 while it is left out", (CARRIER,)
)
REPLICA_READS = Counter(
    "ais_replica_reads_total",
    "Reads that may lag by where they were made, and why on the primary: left out, behind, pinned, "
    "failed",
    (CARRIER, "place", "reason"),
)
DATABASE_LOCK_WAITS = Gauge(
    "ais_database_lock_waits", "Connections of ours that wait for a lock of the database"
)
STANDBY_MISSING = Gauge(
    "ais_standby_missing", "1 where commits wait for a standby that is not connected"
)
SLOT_BEHIND = Gauge(
    "ais_slot_behind_bytes",
    "Bytes of the write-ahead log that a standby or the archive does not have yet",
    ("slot",),
)
HOLDS_LAPSING = Gauge("ais_holds_lapsing", "Unpaid holds whose deadline is within five minutes")
HOLDS_OVERDUE = Gauge("ais_holds_overdue", "Unpaid holds whose deadline was over a minute ago")
OVERSOLD_CABINS = Gauge(
    "ais_oversold_cabins", "Cabins with more seats held or sold than authorised"
)
OPEN_BREAKS = Gauge(
    "ais_open_breaks", "Breaks of reconciliation that need a decision or wait, by age", ("age",)
)
OPEN_MONEY = Gauge(
    "ais_open_money",
    "Money that stays on 2020 or 2100 for bookings, in minor units, by age of the item",
    ("account", "currency", "age"),
)
MODE_ON = Gauge(
    "ais_mode_on",
    "1 while a mode of operation of a carrier is on in this process, else 0",
    (CARRIER, "mode"),
)
MEASURED_AT = Gauge(
    "ais_measured_at_seconds", "When the gauges of the leading scheduler were measured, since 1970"
)

ALL: tuple[Counter | Gauge | Histogram, ...] = tuple(
    each for each in dict(globals()).values() if isinstance(each, Counter | Gauge | Histogram)
)
