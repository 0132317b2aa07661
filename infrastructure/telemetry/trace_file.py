"""Spans in a file of bounded size, one JSON object a line, for `ais trace` without a collector.

All processes of a folder write to the same file. Full, it becomes the older one of two, and the
one before is dropped.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from application.telemetry import Fact

FILE_NAME = "traces.jsonl"
OLDER_NAME = "traces.older.jsonl"
FILE_LIMIT_BYTES = 8 * 1024 * 1024


class StoredSpan(msgspec.Struct, frozen=True, omit_defaults=True):
    """One span; `began_ns` since 1970 UTC, ids in hexadecimal digits."""

    trace: str
    span: str
    name: str
    began_ns: int
    took_ns: int
    role: str
    parent: str = ""
    error: str = ""
    facts: dict[str, Fact] = {}


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(StoredSpan).decode


class TraceFile(SpanExporter):
    """Appends spans to the file of a folder; what cannot be written is dropped."""

    def __init__(self, folder: Path, *, role: str, limit_bytes: int = FILE_LIMIT_BYTES) -> None:
        self._folder = folder
        self._role = role
        self._limit = limit_bytes

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write the spans behind those of other processes."""
        lines = b"".join(_encode(self._stored(each)) + b"\n" for each in spans)
        try:
            self._folder.mkdir(mode=0o711, parents=True, exist_ok=True)
            self._append(lines)
        except OSError:
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def _append(self, lines: bytes) -> None:
        path = self._folder / FILE_NAME
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(lines)
            # Another process may have moved the file since it was opened.
            is_current = path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino
            if is_current and file.tell() > self._limit:
                path.replace(self._folder / OLDER_NAME)

    def _stored(self, span: ReadableSpan) -> StoredSpan:
        context = span.get_span_context()
        assert context is not None and span.start_time is not None and span.end_time is not None
        facts = dict(span.attributes or {})
        return StoredSpan(
            trace=f"{context.trace_id:032x}",
            span=f"{context.span_id:016x}",
            name=span.name,
            began_ns=span.start_time,
            took_ns=span.end_time - span.start_time,
            role=self._role,
            parent="" if span.parent is None else f"{span.parent.span_id:016x}",
            error=str(facts.pop("error.type", "")),
            facts=facts,  # type: ignore[arg-type]  # ours are single values
        )


def read(folder: Path, trace: str) -> list[StoredSpan]:
    """Return the spans of a trace that are still there, in the order in which they began."""
    found = {each.span: each for each in _read_all(folder, trace)}
    return sorted(found.values(), key=lambda each: each.began_ns)


def _read_all(folder: Path, trace: str) -> Iterator[StoredSpan]:
    wanted = trace.encode()
    for name in (OLDER_NAME, FILE_NAME):
        try:
            content = (folder / name).read_bytes()
        except FileNotFoundError:
            continue
        for line in content.splitlines():
            if wanted not in line:
                continue
            try:
                span = _decode(line)
            except msgspec.DecodeError:
                continue  # the disk was full
            if span.trace == trace:
                yield span
