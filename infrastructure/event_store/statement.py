"""The one statement that appends, its parameters, and how its answer and errors are read."""

import base64
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import psycopg

from application import ports, telemetry
from application.coordination import Lock
from infrastructure.event_store import codec
from infrastructure.event_store.arrays import ByteaArray, Int4Array, TextArray, UuidArray

APPEND = (
    "SELECT last_position, written, conflicts::text, known::text FROM ledger.append("
    "%b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b)"
)
# Beside the append: rows of the Stripe events whose effect it is.
APPEND_WITH_STRIPE_EVENTS = (
    "SELECT last_position, written, conflicts::text, known::text "
    "FROM ledger.append_with_stripe_events(%b, %b, %b, %b, %b, %b, "
    "%b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b)"
)
CHECK = (
    "SELECT ledger.stale_streams(%b, %b)::text, ledger.known_commands(%b)::text"  # takes no lock
)
LOCK = f"SELECT pg_advisory_xact_lock({Lock.LOG_APPEND})"
READ_COLUMNS = (
    "position, stream, version, tag, recorded_at, actor, command_id, correlation_id, "
    "causation_id, payload"
)
# One index look-up for each stream, whatever the planner assumes about the log's length: the
# inner ORDER BY prevents other kinds of join, so that a kept plan stays good. Where the event of a
# version is in an archive only, its row is empty but for stream and version.
READ_AFTER = (
    "SELECT e.position, s.stream, s.version, e.tag, e.recorded_at, e.actor, e.command_id, "
    "e.correlation_id, e.causation_id, e.payload "
    "FROM unnest(%b, %b) AS seen (stream, version) CROSS JOIN LATERAL ("
    "SELECT * FROM ledger.stream_event WHERE stream = seen.stream AND version > seen.version "
    "ORDER BY version LIMIT 1000000) AS s LEFT JOIN LATERAL ("
    "SELECT * FROM ledger.event WHERE position = s.position LIMIT 1) AS e ON true "
    "ORDER BY s.position"
)
READ_LOG = (
    f"SELECT {READ_COLUMNS} FROM ledger.event "  # noqa: S608 - constants only
    "WHERE position > %s ORDER BY position LIMIT %s"
)
# A commit that waits until the standby has all that was written before it, where one is required.
AWAIT_STANDBY = (
    "SELECT CASE WHEN current_setting('synchronous_standby_names') <> '' "
    "THEN pg_logical_emit_message(true, 'ais', '') END"
)
FIND_COMMANDS = "SELECT ledger.known_commands(%b)::text"

_encode = msgspec.json.Encoder(order="deterministic").encode
_answer = msgspec.json.Decoder(ports.Answer)


class Row(msgspec.Struct, frozen=True):
    """An event as it is stored; `command` is the index of its command within the append."""

    stream: str
    version: int
    tag: str
    payload: bytes
    command: int


def append(batch: ports.Batch) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that appends the batch, and its arguments in order."""
    if not batch.stripe_events:
        return APPEND, parameters(batch)
    return APPEND_WITH_STRIPE_EVENTS, parameters(batch) + stripe_parameters(batch.stripe_events)


def stripe_parameters(events: Sequence[ports.StripeEvent]) -> tuple[Any, ...]:
    """Return the arguments of inbox.record_done in order."""
    return (
        TextArray.of([event.id for event in events]),
        TextArray.of([event.type for event in events]),
        TextArray.of([event.object for event in events]),
        TextArray.of([event.body.subject for event in events]),
        ByteaArray.of([event.body.box for event in events]),
        ByteaArray.of([event.key.wrapped for event in events]),
    )


def parameters(batch: ports.Batch) -> tuple[Any, ...]:
    """Return the arguments of APPEND in order."""
    rows = [
        Row(e.stream, e.version, e.event.tag, codec.encode(e.event), e.command)
        for e in batch.events
    ]
    return row_parameters(
        batch.commands,
        rows,
        reads=batch.reads,
        asked=batch.asked,
        outbox=batch.outbox,
        origins=batch.origins,
        keys=batch.keys,
    )


def row_parameters(
    commands: Sequence[ports.CommandRecord],
    rows: Sequence[Row],
    *,
    reads: Mapping[str, int],
    asked: Sequence[uuid.UUID] = (),
    outbox: Sequence[ports.BackgroundTask] = (),
    origins: Sequence[telemetry.Origin] = (),
    keys: Sequence[ports.WrappedKey] = (),
) -> tuple[Any, ...]:
    """Return the arguments of APPEND in order, for events that are encoded already."""
    return (
        UuidArray.of([c.id for c in commands]),
        ByteaArray.of([c.fingerprint for c in commands]),
        ByteaArray.of([_encode(c.answer) for c in commands]),
        TextArray.of([c.actor for c in commands]),
        TextArray.of([c.correlation_id for c in commands]),
        UuidArray.of([c.causation_id for c in commands]),
        TextArray.of([row.stream for row in rows]),
        Int4Array.of([row.version for row in rows]),
        TextArray.of([row.tag for row in rows]),
        ByteaArray.of([row.payload for row in rows]),
        Int4Array.of([row.command for row in rows]),
        TextArray.of(list(reads)),
        Int4Array.of(list(reads.values())),
        UuidArray.of(asked),
        TextArray.of([m.topic for m in outbox]),
        TextArray.of(_bodies(outbox, origins)),
        TextArray.of([k.subject for k in keys]),
        ByteaArray.of([k.wrapped for k in keys]),
    )


def _bodies(
    outbox: Sequence[ports.BackgroundTask], origins: Sequence[telemetry.Origin]
) -> list[str]:
    bodies = [task.body for task in outbox]
    if origins:
        for body, origin in zip(bodies, origins, strict=True):
            body[telemetry.ORIGIN] = msgspec.to_builtins(origin)
    return [json.dumps(body, sort_keys=True) for body in bodies]


def check_parameters(batch: ports.Batch) -> tuple[Any, ...]:
    """Return the arguments of CHECK, for a batch without events."""
    return (
        TextArray.of(list(batch.reads)),
        Int4Array.of(list(batch.reads.values())),
        UuidArray.of(batch.asked),
    )


def read_answer(row: tuple[int, bool, str | None, str | None]) -> ports.Appended:
    """Return the result of the append."""
    last_position, written, conflicts, known = row
    return ports.Appended(
        last_position=last_position,
        written=written,
        conflicts=json.loads(conflicts) if conflicts else {},
        known=read_known(known),
    )


def read_known(text: str | None) -> Mapping[uuid.UUID, ports.KnownCommand]:
    """Return the commands that are in the log, from the JSON of ledger.known_commands."""
    if text is None:
        return {}
    return {
        uuid.UUID(command_id): ports.KnownCommand(
            fingerprint=base64.b64decode(fingerprint), answer=_answer.decode(answer)
        )
        for command_id, (fingerprint, answer) in json.loads(text).items()
    }


def read_event(row: tuple[Any, ...]) -> ports.RecordedEvent:
    """Return the event of a row.

    Raises codec.UnknownTag or codec.CorruptPayload, and StreamArchived for an event that is no
    longer in the database.
    """
    if row[0] is None:
        raise ports.StreamArchived(row[1])
    return ports.RecordedEvent(
        position=row[0],
        stream=row[1],
        version=row[2],
        recorded_at=row[4],
        actor=row[5],
        command_id=row[6],
        correlation_id=row[7],
        causation_id=row[8],
        event=codec.decode(row[3], row[9]),
    )


def is_taken_stream(error: psycopg.errors.UniqueViolation) -> bool:
    """Return whether a new stream of the batch exists already, rather than another duplicate."""
    return error.diag.constraint_name == "event_stream_version"
