"""What leaves a process: to Prometheus, a collector and Sentry, each a real server on loopback."""

import gzip
import http.server
import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brotli
import msgspec
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from application import metrics, telemetry
from infrastructure.telemetry import trace_file
from infrastructure.telemetry.reporting import Reported, reporting

NAME, EMAIL, PHONE = "Qamarzaman Undiscoverable", "qamar@leak.example", "+966512345678"
PERSONAL = (*NAME.split(), EMAIL, PHONE, "qamar")
REQUEST = "5f0a2a52-7a3b-4a4e-9d5e-0d8a4a1c7b10"
logger = logging.getLogger("ais.of_this_test")

UNPACK: dict[str | None, Callable[[bytes], bytes]] = {
    None: bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
}
Taken = list[tuple[str, bytes]]


@pytest.fixture
def sink() -> Iterator[tuple[str, Taken]]:
    """An address on loopback, and what was posted there, as path and plain body."""
    taken: Taken = []

    class Sink(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            body = UNPACK[self.headers.get("content-encoding")](body)
            taken.append((self.path, body))
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    running = threading.Thread(target=server.serve_forever)
    running.start()
    yield f"127.0.0.1:{server.server_port}", taken
    server.shutdown()
    server.server_close()
    running.join()


@pytest.fixture
def reported(tmp_path: Path) -> Iterator[Callable[..., Reported]]:
    """What a process reports; this one logs as before afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    plain = Reported(
        role="web", log_level="info", folder=tmp_path, release="1", traces_per_second=20
    )
    yield lambda **more: msgspec.structs.replace(plain, **more)
    logging.captureWarnings(False)
    root.handlers[:] = before
    root.setLevel(level)


def _fail() -> None:
    traveller = NAME
    raise ValueError(f"{traveller} <{EMAIL}>")


def test_sentry_gets_types_frames_and_the_correlation_id_and_nothing_personal(
    reported: Callable[..., Reported], sink: tuple[str, Taken]
) -> None:
    address, taken = sink
    dsn = f"http://0123456789abcdef0123456789abcdef@{address}/1"
    with (
        reporting(reported(sentry_dsn=dsn)),
        telemetry.carrying(telemetry.begun(REQUEST, "request")),
    ):
        try:
            _fail()
        except ValueError as error:
            telemetry.report(error)
            logger.exception("letter to %s failed", EMAIL, extra={"phone": PHONE})
        logger.warning("no error")
    sent = b"\n".join(body for _, body in taken).decode()
    assert [each for each in PERSONAL if each.lower() in sent.lower()] == []
    events = [found for line in sent.split("\n") if line and "level" in (found := json.loads(line))]
    assert len(events) == 2
    assert all(each["tags"] == {"role": "web", "correlation_id": REQUEST} for each in events)
    for each in events:
        (error,) = each["exception"]["values"]
        assert error["type"] == "ValueError"
        assert error["stacktrace"]["frames"][-1]["function"] == "_fail"
    assert {each.get("logentry", {}).get("message") for each in events} == {
        None,
        "letter to %s failed",
    }


def test_without_an_address_nothing_is_sent(
    reported: Callable[..., Reported], sink: tuple[str, Taken]
) -> None:
    with reporting(reported()) as port:
        telemetry.report(ValueError(NAME))
        logger.error("an error")
    assert (port, sink[1]) == (None, [])


def test_a_collector_gets_spans_and_metrics(
    reported: Callable[..., Reported], sink: tuple[str, Taken]
) -> None:
    address, taken = sink
    what = reported(otlp_endpoint=f"http://{address}/")
    with (
        reporting(what),
        telemetry.carrying(telemetry.begun(REQUEST, "request")),
        telemetry.span("request", method="POST"),
    ):
        metrics.TASK_SECONDS.record(0.2, "of_this_test", "done")
    spans = ExportTraceServiceRequest.FromString(dict(taken)["/v1/traces"])
    (resource,) = spans.resource_spans
    names = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert names["service.name"] == "ais-web"
    (span,) = resource.scope_spans[0].spans
    assert (span.name, span.trace_id.hex()) == ("request", REQUEST.replace("-", ""))
    values = ExportMetricsServiceRequest.FromString(dict(taken)["/v1/metrics"])
    by_name = {each.name: each for each in values.resource_metrics[0].scope_metrics[0].metrics}
    assert by_name.keys() == {each.name for each in metrics.ALL}
    (point,) = [
        each
        for each in by_name["ais_task_seconds"].histogram.data_points
        if each.attributes[0].value.string_value == "of_this_test"
    ]
    assert (point.count, point.sum, sum(point.bucket_counts)) == (1, 0.2, 1)
    assert not list(what.folder.iterdir())


def test_a_collector_that_is_away_holds_nothing_up(reported: Callable[..., Reported]) -> None:
    with (
        reporting(reported(otlp_endpoint="http://127.0.0.1:9")),
        telemetry.carrying(telemetry.begun(REQUEST, "request")),
        telemetry.span("request"),
    ):
        pass


def _samples(port: int) -> dict[tuple[str, frozenset[Any]], float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def test_prometheus_reads_every_value_on_a_listener_of_its_own(
    reported: Callable[..., Reported],
) -> None:
    with reporting(reported(metrics_port=0)) as port:
        before = _samples(port)
        metrics.APPEND_COMMANDS.record(3, "ZZ")
        metrics.APPEND_COMMANDS.record(100, "ZZ")
        metrics.LETTERS.add("of_this_test", "sent")
        metrics.LETTERS.add("of_this_test", "sent")
        metrics.OVERSOLD_CABINS.set(2)
        samples = _samples(port)
    metrics.OVERSOLD_CABINS.replace({})
    sent = frozenset({("kind", "of_this_test"), ("outcome", "sent")})
    assert samples["ais_letters_total", sent] == 2
    assert samples["ais_oversold_cabins", frozenset()] == 2
    # Other tests of this process append, too.
    added = {
        most: samples[place] - before.get(place, 0)
        for most in ("2", "4", "64", "128")
        for place in [("ais_append_commands_bucket", frozenset({("carrier", "ZZ"), ("le", most)}))]
    }
    assert added == {"2": 0, "4": 1, "64": 1, "128": 2}
    assert samples["process_resident_memory_bytes", frozenset()] > 10**7
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10)


def test_traces_stay_in_the_folder_where_there_is_no_collector(
    reported: Callable[..., Reported],
) -> None:
    what = reported()
    with (
        reporting(what),
        telemetry.carrying(telemetry.begun(REQUEST, "request")),
        telemetry.span("request"),
    ):
        pass
    (span,) = trace_file.read(what.folder, REQUEST.replace("-", ""))
    assert (span.name, span.role) == ("request", "web")


def test_labels_never_grow_without_bound() -> None:
    counter = metrics.Counter("ais_of_this_test_total", "", ("kind", "outcome"))
    histogram = metrics.Histogram("ais_of_this_test_seconds", "", ("kind",), bounds=(1,))
    for number in range(3 * metrics.SERIES_LIMIT):
        counter.add(f"kind-{number}", "sent")
        histogram.record(number, f"kind-{number}")
    assert len(counter.values()) == metrics.SERIES_LIMIT + 1
    assert sum(counter.values().values()) == 3 * metrics.SERIES_LIMIT
    assert counter.values()["other", "other"] == 2 * metrics.SERIES_LIMIT
    assert sum(sum(each.counts) for each in histogram.values().values()) == (
        3 * metrics.SERIES_LIMIT
    )
    assert len(histogram.values()) == metrics.SERIES_LIMIT + 1


def test_one_carrier_takes_no_label_from_another() -> None:
    counter = metrics.Counter("ais_of_this_test_total", "", (metrics.CARRIER, "kind"))
    for carrier in ("XX", "YY"):
        for number in range(metrics.SERIES_LIMIT + 2):
            counter.add(carrier, f"kind-{number}")
    assert counter.values()["XX", "other"] == counter.values()["YY", "other"] == 2
    assert len(counter.values()) == 2 * (metrics.SERIES_LIMIT + 1)


def test_every_metric_is_named_and_explained_as_prometheus_wants() -> None:
    assert len({each.name for each in metrics.ALL}) == len(metrics.ALL) > 30
    for each in metrics.ALL:
        assert each.name.startswith("ais_")
        assert each.name.endswith("_total") == isinstance(each, metrics.Counter), each.name
        assert each.meaning
        assert not each.meaning.endswith(".")
