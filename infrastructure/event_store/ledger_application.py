"""The `eventsourcing` library's Application over our log.

It serves states as of a version, the notification log, and projections written outside the
product. Two settings configure it: LEDGER_DATABASE_URL, a libpq connection string or URL, and
LEDGER_POOL_SIZE, three connections by default. The library's other settings have no effect on
it: they may configure a projection in the same process.
"""

import os
from collections.abc import Iterable
from typing import Any, TypeVar, cast

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import InfrastructureFactory, Mapper
from eventsourcing.postgres import PostgresFactory
from eventsourcing.utils import Environment, EnvType

from application.commands.stream_kinds import StreamKind
from application.ports import RecordedEvent
from domain.kernel.fold import fold
from infrastructure.event_store.datastore import LedgerDatastore
from infrastructure.event_store.mapper import EventMapper, StreamEvent
from infrastructure.event_store.recorder import LedgerRecorder

State = TypeVar("State")

# Projections store their position under this name: another name would restart all of them.
NAME = "ledger"
DATABASE_URL = "LEDGER_DATABASE_URL"
POOL_SIZE = "LEDGER_POOL_SIZE"
SECTION_SIZE = 1_000


class LedgerFactory(PostgresFactory):
    """Makes the recorder on our log; everything it makes shares one small pool."""

    datastore: LedgerDatastore

    def __init__(self, env: Environment) -> None:
        # The parent would make its own datastore from settings that we do not have.
        InfrastructureFactory.__init__(self, env)
        assert DATABASE_URL in self.env, f"{DATABASE_URL} is missing"
        self.datastore = LedgerDatastore(
            self.env[DATABASE_URL], max_size=int(self.env.get(POOL_SIZE, "3"))
        )

    def application_recorder(self) -> LedgerRecorder:
        """Return the recorder that reads our log and appends to it."""
        return LedgerRecorder(self.datastore)


class LedgerApplication(Application[str]):
    """All streams of the log; `save` appends events and needs the application's role.

    Close it, or use it as a context manager.
    """

    name = NAME
    log_section_size = SECTION_SIZE

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Return our own two settings; `env` takes precedence over the process's environment."""
        given = {**os.environ, **(env or {})}
        ours = (DATABASE_URL, POOL_SIZE)
        return Environment(name, {key: given[key] for key in ours if key in given})

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Return the factory of our recorder."""
        return LedgerFactory(env)

    def construct_mapper(self) -> Mapper[str]:
        """Return the mapper of our events."""
        return EventMapper()

    def as_of(self, kind: StreamKind[State], stream: str, version: int) -> State | None:
        """Return the state of a stream at this version; None if it had no event yet."""

        def project(state: State | None, events: Iterable[StreamEvent]) -> State | None:
            return fold(kind.evolve, state, (each.event for each in events))

        try:
            # The library's types expect its own aggregates; it only passes the state on.
            found = self.repository.get(stream, version=version, projector_func=cast(Any, project))
        except AggregateNotFoundError:
            return None
        return cast(State, found)

    def events_of(self, stream: str) -> list[RecordedEvent]:
        """Return all events of a stream in order."""
        return [_recorded(cast(StreamEvent, each)) for each in self.events.get(stream)]

    def cut(self, thread: int) -> None:
        """Break the connection that this thread waits on."""
        assert isinstance(self.factory, LedgerFactory)
        self.factory.datastore.cut(thread)


def _recorded(event: StreamEvent) -> RecordedEvent:
    assert event.envelope is not None, "it was read from the log"
    return RecordedEvent(
        position=event.envelope.position,
        stream=event.originator_id,
        version=event.originator_version,
        recorded_at=event.envelope.recorded_at,
        actor=event.envelope.actor,
        command_id=event.envelope.command_id,
        correlation_id=event.envelope.correlation_id,
        causation_id=event.envelope.causation_id,
        event=event.event,
    )
