"""Spans: which work leaves them, whose they are, how many, and where they are kept."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from application import telemetry
from application.telemetry import Origin, Work
from infrastructure.telemetry import trace_file
from infrastructure.telemetry.trace_file import TraceFile
from infrastructure.telemetry.trace_limits import TraceLimits
from infrastructure.telemetry.traces import OpenTelemetryTracer, trace_id_of
from interfaces.cli import trace

REQUEST = "5f0a2a52-7a3b-4a4e-9d5e-0d8a4a1c7b10"


def _tracer(folder: Path, *, per_second: int = 20, limit_bytes: int = 10**6) -> OpenTelemetryTracer:
    exporter = TraceFile(folder, role="web", limit_bytes=limit_bytes)
    return OpenTelemetryTracer(exporter, resource=Resource({}), traces_per_second=per_second)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator["Kept"]:
    """A tracer that writes to a folder of its own."""
    found = Kept(tmp_path)
    yield found
    telemetry.install(None)


class Kept:
    """An installed tracer and what it wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tracer = _tracer(folder)
        telemetry.install(self.tracer)

    def spans(self, correlation_id: str) -> list[trace_file.StoredSpan]:
        """The spans of a request, once the tracer is closed."""
        self.tracer.close()
        return trace_file.read(self.folder, f"{trace_id_of(correlation_id):032x}")


def test_steps_within_steps_form_one_trace_under_the_id_of_the_request(kept: Kept) -> None:
    work = telemetry.begun(REQUEST, "request")
    with telemetry.carrying(work), telemetry.span("request", method="POST") as step:
        assert step is not None
        with telemetry.span("command"):
            pass
        step.note(status=201)
    request, command = kept.spans(REQUEST)
    assert request.trace == REQUEST.replace("-", "")
    assert (request.name, request.parent) == ("request", "")
    assert request.facts == {"correlation_id": REQUEST, "method": "POST", "status": 201}
    assert (command.name, command.parent) == ("command", request.span)
    assert request.began_ns <= command.began_ns
    assert command.took_ns <= request.took_ns


def test_a_task_goes_on_below_the_step_that_enqueued_it(kept: Kept) -> None:
    with telemetry.carrying(telemetry.begun(REQUEST, "request")), telemetry.span("request"):
        origin = telemetry.origin_of(REQUEST, telemetry.current())
    stored = {"page": 1, telemetry.ORIGIN: {"correlation_id": REQUEST, **_json(origin)}}
    with telemetry.carrying(telemetry.resumed(stored)), telemetry.span("task"):
        pass
    request, task = kept.spans(REQUEST)
    assert (task.name, task.parent, task.trace) == ("task", request.span, request.trace)


def _json(origin: Origin) -> dict[str, str]:
    return {"traceparent": origin.traceparent}


def test_what_follows_from_work_that_was_not_traced_is_not_traced(kept: Kept) -> None:
    untraced = telemetry.resumed({telemetry.ORIGIN: {"correlation_id": REQUEST}})
    assert untraced == Work(REQUEST)
    with telemetry.carrying(untraced), telemetry.span("task") as step:
        assert step is None
    assert kept.spans(REQUEST) == []


@pytest.mark.parametrize("stored", [{}, {"_origin": None}, {"_origin": {"correlation_id": 1}}])
def test_a_task_of_an_earlier_release_says_nothing_of_its_origin(stored: dict[str, object]) -> None:
    assert telemetry.resumed(stored) is None


def test_a_stored_parent_that_is_no_traceparent_begins_the_trace_anew(kept: Kept) -> None:
    with telemetry.carrying(Work(REQUEST, True, "00-zz-01")), telemetry.span("task"):
        pass
    (task,) = kept.spans(REQUEST)
    assert (task.parent, task.trace) == ("", REQUEST.replace("-", ""))


def test_an_error_is_noted_by_its_type_only_and_goes_on(kept: Kept) -> None:
    with (
        pytest.raises(ValueError, match="Undiscoverable"),
        telemetry.carrying(telemetry.begun(REQUEST, "request")),
        telemetry.span("request"),
    ):
        raise ValueError("Undiscoverable")
    (request,) = kept.spans(REQUEST)
    assert request.error == "ValueError"
    assert "Undiscoverable" not in (kept.folder / trace_file.FILE_NAME).read_text()


def test_an_append_is_a_step_of_each_request_whose_command_it_holds(kept: Kept) -> None:
    works = [Work(each, is_traced=True) for each in ("first", "second")]
    with telemetry.shared_step("append", works, commands=2):
        pass
    (one,), (other,) = kept.spans("first"), kept.spans("second")
    assert (one.name, one.facts["commands"], other.name) == ("append", 2, "append")
    assert one.trace != other.trace


def test_threads_do_not_mix_their_traces(kept: Kept) -> None:
    def work(correlation_id: str) -> None:
        for _ in range(50):
            with telemetry.carrying(Work(correlation_id, True)), telemetry.span("step"):
                pass

    threads = [threading.Thread(target=work, args=(each,)) for each in "abcd"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for correlation_id in "abcd":
        facts = [each.facts["correlation_id"] for each in kept.spans(correlation_id)]
        assert facts == [correlation_id] * 50


def test_so_many_traces_begin_in_a_second_and_of_each_kind() -> None:
    now = 100.0
    limits = TraceLimits(20, monotonic=lambda: now)
    assert sum(limits.admits("request") for _ in range(1_000)) == 20
    assert limits.admits("task")
    now += 0.5
    assert sum(limits.admits("request") for _ in range(1_000)) == 10
    now += 3_600
    assert sum(limits.admits("request") for _ in range(1_000)) == 20
    assert not any(TraceLimits(0).admits("request") for _ in range(10))


def test_the_file_is_bounded_and_the_last_spans_are_in_it(tmp_path: Path) -> None:
    for tens in range(0, 400, 10):
        tracer = _tracer(tmp_path, limit_bytes=4_000)
        for number in range(tens, tens + 10):
            tracer.start("step", Work(f"request-{number}", True), {}).end()
        tracer.close()
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes.keys() <= {trace_file.FILE_NAME, trace_file.OLDER_NAME}
    assert max(sizes.values()) < 4_000 + 10 * 400
    assert trace_file.read(tmp_path, f"{trace_id_of('request-399'):032x}")
    assert not trace_file.read(tmp_path, f"{trace_id_of('request-0'):032x}")


def test_two_processes_share_the_file(tmp_path: Path) -> None:
    tracers = [_tracer(tmp_path), _tracer(tmp_path)]
    for tracer in tracers:
        tracer.start("step", Work("shared", True), {}).end()
        tracer.close()
    assert len(trace_file.read(tmp_path, f"{trace_id_of('shared'):032x}")) == 2


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    tracer = _tracer(tmp_path / "file")
    tracer.start("step", Work("lost", True), {}).end()
    tracer.close()


def test_the_command_shows_the_steps_below_each_other(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        telemetry.carrying(telemetry.begun(REQUEST, "request")),
        telemetry.span("request"),
        telemetry.span("command", command="CancelBooking"),
    ):
        pass
    kept.tracer.close()
    assert trace.trace(REQUEST, data=kept.folder) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("web        request")
    assert second.endswith("web          command command=CancelBooking")
    assert trace.trace("other", data=kept.folder) == 1
    assert "no trace of other" in capsys.readouterr().err


def test_no_span_has_an_id_of_digits_alone(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([0x4242424242424242, 0x3566425975256798, 0x424242424242424A])
    monkeypatch.setattr(RandomIdGenerator, "generate_span_id", lambda _self: next(drawn))
    with telemetry.carrying(telemetry.begun(REQUEST, "request")), telemetry.span("request"):
        pass
    (span,) = kept.spans(REQUEST)
    assert span.span == "424242424242424a"
