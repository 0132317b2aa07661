"""Metrics for a collector (OTLP): the same values as for Prometheus, in the types of the SDK.

The instruments of the SDK take thirty microseconds for each value. So values are counted by
`application/metrics.py`, and only what is sent is made of them.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from application import metrics

PERIOD_SECONDS = 15.0


def metrics_data(resource: Resource, *, began_ns: int, now_ns: int) -> MetricsData:
    """Return all metrics as they are now; counts are since the start of the process."""
    found = [_metric(each, began_ns, now_ns) for each in metrics.ALL]
    scope = ScopeMetrics(InstrumentationScope("ais"), found, schema_url="")
    return MetricsData([ResourceMetrics(resource, [scope], schema_url="")])


def _metric(
    metric: metrics.Counter | metrics.Gauge | metrics.Histogram, began_ns: int, now_ns: int
) -> Metric:
    cumulative = AggregationTemporality.CUMULATIVE
    data: Histogram | Sum | Gauge
    if isinstance(metric, metrics.Histogram):
        data = Histogram(
            [
                HistogramDataPoint(
                    attributes=dict(zip(metric.labels, labels, strict=True)),
                    start_time_unix_nano=began_ns,
                    time_unix_nano=now_ns,
                    count=sum(each.counts),
                    sum=each.total,
                    bucket_counts=each.counts,
                    explicit_bounds=metric.bounds,
                    min=float("nan"),
                    max=float("nan"),
                )
                for labels, each in metric.values().items()
            ],
            cumulative,
        )
    else:
        points = [
            NumberDataPoint(
                attributes=dict(zip(metric.labels, labels, strict=True)),
                start_time_unix_nano=began_ns,
                time_unix_nano=now_ns,
                value=value,
            )
            for labels, value in metric.values().items()
        ]
        is_counter = isinstance(metric, metrics.Counter)
        data = Sum(points, cumulative, is_monotonic=True) if is_counter else Gauge(points)
    return Metric(metric.name, metric.meaning, unit="", data=data)


@contextmanager
def sending_metrics(
    endpoint: str, resource: Resource, *, timeout_seconds: float, period_seconds: float
) -> Iterator[None]:
    """Send all metrics in each period, and once more at the end."""
    exporter = OTLPMetricExporter(endpoint=endpoint, timeout=timeout_seconds)
    began_ns = time.time_ns()
    over = threading.Event()

    def send() -> None:
        exporter.export(metrics_data(resource, began_ns=began_ns, now_ns=time.time_ns()))

    def send_until_over() -> None:
        while not over.wait(period_seconds):
            send()
        send()

    sender = threading.Thread(target=send_until_over, name="metrics", daemon=True)
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join(2 * timeout_seconds)
        exporter.shutdown()
