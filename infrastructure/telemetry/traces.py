"""Spans with the OpenTelemetry SDK; the id of a trace is made from the correlation id.

So whatever knows the correlation id of a request, such as an event of the log, finds its trace and
adds to it. A parent travels as `traceparent` (https://www.w3.org/TR/trace-context/).
"""

import hashlib
import re
import threading
from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags

from application.telemetry import Fact, Kind, Work
from infrastructure.telemetry.trace_limits import TraceLimits

EXPORT_SECONDS = 1.0
EXPORT_TIMEOUT_SECONDS = 3.0
QUEUE_LIMIT = 4_096

_is_traceparent = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01").fullmatch
_is_uuid_or_trace = re.compile(
    r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
).fullmatch
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


def trace_id_of(correlation_id: str) -> int:
    """Return the id of the trace: the digits of a UUID or trace id, a hash of any other."""
    if _is_uuid_or_trace(correlation_id):
        number = int(correlation_id.replace("-", ""), 16)
        if number != trace.INVALID_TRACE_ID:
            return number
    return int.from_bytes(hashlib.blake2b(correlation_id.encode(), digest_size=16).digest())


class KeptSpan:
    """A span of the SDK as `application.telemetry` sees it."""

    __slots__ = ("_span", "traceparent")

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        context = span.get_span_context()
        self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-01"

    def note(self, **facts: Fact) -> None:
        """Add facts."""
        self._span.set_attributes(facts)

    def end(self, error: BaseException | None = None) -> None:
        """End it now; messages of exceptions may hold personal data and are left out."""
        if error is not None:
            self._span.set_attribute("error.type", type(error).__qualname__)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class OpenTelemetryTracer:
    """Keeps spans with an exporter, in the background; `close` exports the last ones."""

    def __init__(
        self, exporter: SpanExporter, *, resource: Resource, traces_per_second: int
    ) -> None:
        self._ids = _TraceIds()
        self._limits = TraceLimits(traces_per_second)
        self._provider = TracerProvider(
            # What is traced is decided before a span begins.
            sampler=ALWAYS_ON,
            resource=resource,
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                max_queue_size=QUEUE_LIMIT,
                schedule_delay_millis=EXPORT_SECONDS * 1_000,
                export_timeout_millis=EXPORT_TIMEOUT_SECONDS * 1_000,
            )
        )
        self._tracer = self._provider.get_tracer("ais")

    def admits(self, kind: Kind) -> bool:
        """See Tracer."""
        return self._limits.admits(kind)

    def start(
        self, name: str, work: Work, facts: Mapping[str, Fact], began_ns: int | None = None
    ) -> KeptSpan:
        """See Tracer."""
        context = _parent(work.traceparent)
        if context is None:
            self._ids.own.next_trace = trace_id_of(work.correlation_id)
        span = self._tracer.start_span(
            name,
            context=trace.set_span_in_context(context or trace.INVALID_SPAN),
            attributes={"correlation_id": work.correlation_id, **facts},
            start_time=began_ns,
        )
        return KeptSpan(span)

    def close(self) -> None:
        """Export what is left, and end."""
        self._provider.shutdown()


def _parent(traceparent: str) -> trace.Span | None:
    match = _is_traceparent(traceparent)
    if match is None:
        return None
    return NonRecordingSpan(
        SpanContext(int(match[1], 16), int(match[2], 16), is_remote=True, trace_flags=_SAMPLED)
    )


class _TraceIds(IdGenerator):
    """The trace id set just before, in the same thread, and random span ids.

    A span id has 16 hexadecimal digits, as many as a card's number: one without a letter would
    alarm whoever searches logs and traces for cards.
    """

    def __init__(self) -> None:
        self._random = RandomIdGenerator()
        self.own = threading.local()

    def generate_trace_id(self) -> int:
        chosen: int = self.own.next_trace
        return chosen

    def generate_span_id(self) -> int:
        while True:
            chosen = self._random.generate_span_id()
            if not f"{chosen:016x}".isdecimal():
                return chosen
