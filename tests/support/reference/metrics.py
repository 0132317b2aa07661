"""metrics.md: every metric with its kind, labels and meaning."""

import sys

from application import metrics
from interfaces.worker.measuring import MEASURED
from tests.support.reference.markdown import code, listed, page, table

INTRO = """\
# Metrics

Generated from `application/metrics.py` by `python -m tests.support.reference.pages`; a test fails
when they differ.

A process with `AIS_OPERATIONS_PORT` serves them at `/metrics` on `AIS_OPERATIONS_HOST`, which is
loopback unless it is set; with `AIS_OTLP_ENDPOINT` it sends them to a collector, too. No label has
an id or anything of a traveller. Beside them each process shows its memory, files and processor
time.

The dashboards in `ops/dashboards` show all of them, the rules in `ops/alerts` watch them, and each
alert names a page of `ops/runbooks`.
"""
OWN = """\
## Of each process

Counted by the process since its start.
"""
SHARED = """\
## Of the whole system

Measured by the scheduler that leads; another process does not show them.
"""
HEAD = ("name", "kind", "labels", "meaning")
_KINDS = {metrics.Counter: "counter", metrics.Gauge: "gauge", metrics.Histogram: "histogram"}


def text() -> str:
    """The page."""
    measured = {each.name for each in MEASURED}
    own = [each for each in metrics.ALL if each.name not in measured]
    return page(
        INTRO,
        OWN,
        table(HEAD, map(_row, own)),
        SHARED,
        table(HEAD, map(_row, MEASURED)),
    )


def _row(metric: metrics.Counter | metrics.Gauge | metrics.Histogram) -> tuple[str, ...]:
    return code(metric.name), _KINDS[type(metric)], listed(metric.labels), metric.meaning


if __name__ == "__main__":
    sys.stdout.write(text())
