"""`ais health` asks the process that has the same settings, and its exit code is the answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from interfaces.cli import health
from tests.support import ports


@contextmanager
def _answering(statuses: dict[str, int]) -> Iterator[int]:
    """A server with these paths; every other is 404. Yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses.get(self.path, 404))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_each_question_has_its_own_page_and_only_200_is_healthy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # All addresses: it is asked on this machine's own.
    monkeypatch.setenv("AIS_HOST", "0.0.0.0")
    monkeypatch.delenv("AIS_OPERATIONS_HOST", raising=False)
    with _answering({"/health/live": 200, "/health/ready": 503, "/metrics": 200}) as port:
        monkeypatch.setenv("AIS_PORT", str(port))
        monkeypatch.setenv("AIS_OPERATIONS_PORT", str(port))
        assert [health.health(what) for what in ("web", "ready", "process")] == [0, 1, 0]


def test_a_process_that_does_not_answer_is_not_healthy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AIS_HOST", raising=False)
    monkeypatch.setenv("AIS_PORT", str(ports.free_port()))
    assert health.health("web") == 1
    monkeypatch.delenv("AIS_OPERATIONS_PORT", raising=False)
    assert health.health() == 2
    assert "AIS_OPERATIONS_PORT" in capsys.readouterr().err
