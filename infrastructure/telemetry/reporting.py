"""Starts all that a process reports, and ends it in order. One call for each process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExporter

from application import telemetry
from infrastructure.telemetry import log_lines
from infrastructure.telemetry.trace_file import TraceFile
from infrastructure.telemetry.traces import OpenTelemetryTracer

COLLECTOR_SECONDS = 2.0


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What a process reports, and where: to a collector, or to a file in the folder."""

    role: str
    log_level: str
    folder: Path
    traces_per_second: int
    otlp_endpoint: str | None = None


@contextmanager
def reporting(what: Reported) -> Iterator[None]:
    """Report until the end of the block."""
    log_lines.configure(what.log_level, role=what.role)
    tracer = OpenTelemetryTracer(
        _exporter(what),
        role=what.role,
        traces_per_second=what.traces_per_second,
        pid=os.getpid(),
    )
    telemetry.install(tracer)
    try:
        yield
    finally:
        telemetry.install(None)
        tracer.close()


def _exporter(what: Reported) -> SpanExporter:
    if what.otlp_endpoint is None:
        return TraceFile(what.folder, role=what.role)
    base = what.otlp_endpoint.rstrip("/")
    return OTLPSpanExporter(endpoint=f"{base}/v1/traces", timeout=COLLECTOR_SECONDS)
