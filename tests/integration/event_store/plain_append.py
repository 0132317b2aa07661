"""Calls the append with plain SQL, like an attacker with the application's password."""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

Session = psycopg.Connection[Any]

_CALL = (
    "SELECT last_position, written, conflicts, known FROM ledger.append("
    "%s::uuid[], %s::bytea[], %s::bytea[], %s::text[], %s::text[], %s::uuid[], %s::text[], "
    "%s::int[], %s::text[], %s::bytea[], %s::int[], %s::text[], %s::int[], %s::uuid[], "
    "%s::text[], %s::text[], %s::text[], %s::bytea[])"
)


def posting(account: str | None, amount: Any, **more: Any) -> dict[str, Any]:
    """Return one line in riyals' minor units."""
    line = {
        "account": account,
        "booking": "booking-AAAAAA",
        "amount": amount,
        "currency": "SAR",
    }
    return {**line, **more}


def entry(*postings: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of these postings."""
    return {
        "effective_on": "2026-11-24",
        "rule": "capture",
        "version": 1,
        "references": [],
        "postings": list(postings),
    }


BALANCED = entry(posting("cash", 500), posting("owed", -500))


def moves(**counters: Any) -> dict[str, Any]:
    """Return the payload of an event that moves the counters of cabin Y."""
    return {"moves": [{"cabin": "Y", **counters}]}


def payload(value: Any) -> bytes:
    """Return canonical JSON: no needless escapes, no spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def append(
    connection: Session,
    events: Sequence[tuple[str, int, bytes]],
    *,
    command: uuid.UUID | None = None,
    reads: Mapping[str, int] | None = None,
    **arguments: Any,
) -> tuple[int, bool, dict[str, int] | None, dict[str, Any] | None]:
    """Append one command with these (stream, version, payload); `arguments` replace arrays."""
    seen = reads or {}
    values: dict[str, Any] = {
        "command_ids": [command or uuid.uuid4()],
        "fingerprints": [b""],
        "answers": [b"{}"],
        "actors": ["attacker"],
        "correlation_ids": ["c"],
        "causation_ids": [None],
        "streams": [stream for stream, _, _ in events],
        "versions": [version for _, version, _ in events],
        "tags": ["attack.made.1"] * len(events),
        "payloads": [body for _, _, body in events],
        "commands": [0] * len(events),
        "read_streams": list(seen),
        "read_versions": list(seen.values()),
        "asked": [],
        "topics": [],
        "bodies": [],
        "subjects": [],
        "wrapped_keys": [],
    }
    assert arguments.keys() <= values.keys()
    row = connection.execute(_CALL, list({**values, **arguments}.values())).fetchone()
    assert row is not None
    found: tuple[int, bool, dict[str, int] | None, dict[str, Any] | None] = row
    return found
