"""A log line is one JSON object with the ids of its work, and holds no message of an exception."""

import asyncio
import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from application import telemetry
from infrastructure.telemetry import log_lines
from infrastructure.telemetry.traces import trace_id_of

PERSONAL = ("Undiscoverable", "qamar@leak.example", "+966512345678", "قمرالزمان")
logger = logging.getLogger("ais.of_this_test")


class Written:
    """What was logged."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Each line as the object that it must be."""
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def written() -> Iterator[Written]:
    """The log lines of this process, which has its own configuration again afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    found = Written()
    log_lines.configure("info", role="web", stream=found.stream)
    yield found
    logging.captureWarnings(False)
    root.handlers[:] = before
    root.setLevel(level)


def test_a_line_says_when_how_severe_where_and_in_which_process(written: Written) -> None:
    logger.warning("%d tasks wait", 3)
    (line,) = written.lines
    assert line["event"] == "3 tasks wait"
    assert (line["level"], line["logger"], line["role"]) == ("warning", logger.name, "web")
    assert line["at"].endswith("Z")
    assert "correlation_id" not in line


def test_a_line_carries_the_ids_of_its_work_and_of_no_other(written: Written) -> None:
    async def logging_under(correlation_id: str) -> None:
        with telemetry.carrying(telemetry.Work(correlation_id, is_traced=True)):
            await asyncio.sleep(0)
            logger.info("under way")
        logger.info("over")

    async def both() -> None:
        await asyncio.gather(logging_under("first"), logging_under("second"))

    asyncio.run(both())
    under_way = [line for line in written.lines if line["event"] == "under way"]
    assert {line["correlation_id"]: int(line["trace_id"], 16) for line in under_way} == {
        each: trace_id_of(each) for each in ("first", "second")
    }
    assert not any("correlation_id" in line for line in written.lines if line["event"] == "over")


def test_what_a_traveller_wrote_into_an_exception_is_not_logged(written: Written) -> None:
    try:
        try:
            raise ValueError(*PERSONAL)
        except ValueError as cause:
            raise KeyError(PERSONAL[0]) from cause
    except KeyError:
        logger.exception("cannot go on")
    (line,) = written.lines
    text = written.stream.getvalue()
    assert [each for each in PERSONAL if each in text or json.dumps(each)[1:-1] in text] == []
    assert line["error"][0] == "KeyError"
    assert "ValueError" in line["error"]
    assert any("test_log_lines.py" in each for each in line["error"])


def test_a_text_over_several_lines_stays_one_line(written: Written) -> None:
    logger.error("first\nsecond")
    assert [line["event"] for line in written.lines] == ["first\nsecond"]


def test_each_error_of_a_group_is_shown_with_its_cause(written: Written) -> None:
    try:
        try:
            raise OSError(PERSONAL[0])
        except OSError as cause:
            raise LookupError from cause
    except LookupError as error:
        group = ExceptionGroup(PERSONAL[1], [error, ExceptionGroup("", [ZeroDivisionError()])])
    logger.critical("it ends", exc_info=group)
    (line,) = written.lines
    types = [each for each in line["error"] if "/" not in each]
    assert types == [
        "ExceptionGroup",
        "LookupError",
        "OSError",
        "ExceptionGroup",
        "ZeroDivisionError",
    ]
    assert PERSONAL[0] not in written.stream.getvalue()


def test_an_error_that_ends_a_thread_is_a_line_without_its_message(
    written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing() -> None:
        raise ValueError(*PERSONAL)

    before = threading.excepthook
    with log_lines.of_threads():
        thread = threading.Thread(target=failing)
        thread.start()
        thread.join()
    (line,) = written.lines
    assert (line["event"], line["error"][0]) == ("a thread ended by an error", "ValueError")
    assert PERSONAL[1] not in written.stream.getvalue() + capsys.readouterr().err
    assert threading.excepthook is before
