"""The type of a read model: its name, the tags of its events and how it applies them."""

import datetime as dt
import importlib.resources
from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec
import psycopg
from psycopg_pool import AsyncConnectionPool

from domain.kernel.events import DomainEvent

Connection = psycopg.Connection[tuple[Any, ...]]
Cursor = psycopg.Cursor[tuple[Any, ...]]
Pool = AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]


# After the batch that reached the end of the log a read model rests, so that the next batch holds
# more of a busy log. What a customer reads right after a write rests less.
PAUSE_SECONDS = 0.5
CUSTOMERS_PAUSE_SECONDS = 0.1


class LoggedEvent(msgspec.Struct, frozen=True):
    """An event with the part of its envelope that read models use."""

    position: int
    stream: str
    version: int
    recorded_at: dt.datetime
    event: DomainEvent


class Projection(msgspec.Struct, frozen=True):
    """One read model.

    `apply` takes events in log order and writes rows; the transaction is open and the search
    path names the generation's schema, so its SQL names tables plainly. It makes the same rows
    however the log is divided into batches. `differences` compares the tables with the log up to a
    position, in words. A ledger `stops_on_poison`, because one missing posting makes it wrong.
    """

    name: str
    event_types: tuple[type[DomainEvent], ...]
    apply: Callable[[Cursor, Sequence[LoggedEvent]], None]
    stops_on_poison: bool
    pause_seconds: float = PAUSE_SECONDS
    # What cached answers about these streams are dropped by, as the rows are at the moment.
    cached_by: Callable[[Cursor, Collection[str]], AbstractSet[str]] | None = None

    @property
    def tags(self) -> frozenset[str]:
        """Tags of the events that this read model applies."""
        return frozenset(event_type.tag for event_type in self.event_types)

    def table_sql(self) -> str:
        """Return the statements that create a generation's tables."""
        folder = importlib.resources.files(f"projections.{self.name}")
        return (folder / "table.sql").read_text("utf-8")


class ProjectionStopped(Exception):
    """A read model must stop until an operator acts. Each cause is a subclass."""


class UnknownTag(ProjectionStopped):
    """The log contains an event of a tag that this release does not know."""


class CheckpointAhead(ProjectionStopped):
    """The checkpoint is ahead of the log: another log, or one restored from an older backup."""


class LogIncomplete(ProjectionStopped):
    """Positions are missing: neither the archives nor the database have them."""


class PoisonousEvent(ProjectionStopped):
    """An event that a ledger read model cannot apply."""
