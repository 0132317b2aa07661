"""Starts all that a process reports, and ends it in order. One call for each process."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExporter

from application import telemetry
from infrastructure.telemetry import log_lines
from infrastructure.telemetry.otlp_metrics import PERIOD_SECONDS, sending_metrics
from infrastructure.telemetry.prometheus import serving_metrics
from infrastructure.telemetry.sentry import reporting_errors
from infrastructure.telemetry.trace_file import TraceFile
from infrastructure.telemetry.traces import OpenTelemetryTracer

# Nothing waits longer for a collector that does not answer.
COLLECTOR_SECONDS = 2.0


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What a process reports, and where.

    Traces go to the collector, or without one to a file in the folder. Metrics go to the collector
    and are served on `metrics_port`; errors go to Sentry. What has no address is left out.
    """

    role: str
    log_level: str
    folder: Path
    release: str
    traces_per_second: int
    otlp_endpoint: str | None = None
    sentry_dsn: str | None = None
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    metrics_seconds: float = PERIOD_SECONDS


@contextmanager
def reporting(what: Reported) -> Iterator[int | None]:
    """Report until the end of the block; yield the port on which metrics are served.

    Raises CannotListen.
    """
    log_lines.configure(what.log_level, role=what.role)
    resource = Resource.create(
        {
            "service.name": f"ais-{what.role}",
            "service.version": what.release,
            "service.instance.id": f"{what.role}-{os.getpid()}",
        }
    )
    with ExitStack() as stack:
        stack.enter_context(log_lines.of_threads())
        stack.enter_context(reporting_errors(what.sentry_dsn, role=what.role, release=what.release))
        if what.otlp_endpoint is not None:
            stack.enter_context(
                sending_metrics(
                    _collector(what.otlp_endpoint, "metrics"),
                    resource,
                    timeout_seconds=COLLECTOR_SECONDS,
                    period_seconds=what.metrics_seconds,
                )
            )
        tracer = OpenTelemetryTracer(
            _exporter(what), resource=resource, traces_per_second=what.traces_per_second
        )
        stack.callback(tracer.close)
        telemetry.install(tracer)
        stack.callback(telemetry.install, None)
        yield stack.enter_context(serving_metrics(what.metrics_host, what.metrics_port))


def _exporter(what: Reported) -> SpanExporter:
    if what.otlp_endpoint is None:
        return TraceFile(what.folder, role=what.role)
    endpoint = _collector(what.otlp_endpoint, "traces")
    return OTLPSpanExporter(endpoint=endpoint, timeout=COLLECTOR_SECONDS)


def _collector(base: str, kind: str) -> str:
    return f"{base.rstrip('/')}/v1/{kind}"
