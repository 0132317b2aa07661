"""Metrics for Prometheus, on a listener of its own beside the public routes."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from application import metrics


class CannotListen(Exception):
    """The port for metrics is taken or not allowed; the text says which, and why."""


class ProductMetrics(Collector):
    """The metrics of `application/metrics.py` as they are when they are asked for."""

    def collect(self) -> Iterable[Metric]:
        """Return one family for each metric."""
        return [family_of(each) for each in metrics.ALL]


def family_of(metric: metrics.Counter | metrics.Gauge | metrics.Histogram) -> Metric:
    """Return a metric as Prometheus writes it."""
    if isinstance(metric, metrics.Histogram):
        family = HistogramMetricFamily(metric.name, metric.meaning, labels=metric.labels)
        bounds = [*(f"{each:g}" for each in metric.bounds), "+Inf"]
        for labels, found in metric.values().items():
            buckets = list(zip(bounds, accumulate(found.counts), strict=True))
            family.add_metric(labels, buckets, found.total)
        return family
    kind = CounterMetricFamily if isinstance(metric, metrics.Counter) else GaugeMetricFamily
    plain = kind(metric.name, metric.meaning, labels=metric.labels)
    for labels, value in metric.values().items():
        plain.add_metric(labels, value)
    return plain


def registry() -> CollectorRegistry:
    """Return all that a process shows: its metrics, and its memory, files and processor time."""
    found = CollectorRegistry()
    found.register(ProductMetrics())
    ProcessCollector(registry=found)
    return found


@contextmanager
def serving_metrics(host: str, port: int | None) -> Iterator[int | None]:
    """Answer on this port, also while the event loop is busy; yield the port. None serves none.

    Raises CannotListen.
    """
    if port is None:
        yield None
        return
    try:
        server, thread = start_http_server(port, addr=host, registry=registry())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CannotListen(f"no metrics on {host}:{port}: {reason}") from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
