"""A demo of the real command, as a child of the test, until the test is done with it."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support import ports

ROOT = Path(__file__).resolve().parents[3]
START_LIMIT_SECONDS = 240
STOP_LIMIT_SECONDS = 120


@contextlib.contextmanager
def running_demo(data: Path) -> Iterator[dict[str, str]]:
    """The environment in which a reader sits: address and accounts of a demo that is up."""
    port = ports.free_port()
    command = [str(ROOT / "ops" / "ais"), "demo", "--port", str(port), "--data", str(data)]
    demo = subprocess.Popen(
        [*command, "--json"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        summary = _summary(demo)
        environment = {
            "DEMO_URL": f"http://127.0.0.1:{port}",
            "DEMO_DATABASE": summary["urls"]["postgres"],
            "DEMO_STRIPE": summary["urls"]["stripe"],
            "DEMO_FOLDER": str(data),
        }
        for role, account in summary["accounts"].items():
            environment[f"{role.upper()}_EMAIL"] = account["email"]
            environment[f"{role.upper()}_PASSWORD"] = account["password"]
        yield environment
    finally:
        _stop(demo)


def _summary(demo: "subprocess.Popen[str]") -> dict[str, Any]:
    """The line of JSON with which the demo says that it is up and what it has."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_pass_on, args=(demo, lines), daemon=True).start()
    said: list[str] = []
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while True:
        line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        assert line is not None, "the demo ended early:\n" + "".join(said[-40:])
        said.append(line)
        if line.startswith("{"):
            summary: dict[str, Any] = json.loads(line)
            return summary


def _pass_on(demo: "subprocess.Popen[str]", lines: "queue.SimpleQueue[str | None]") -> None:
    """Read to the end, so that the demo never waits for a reader."""
    assert demo.stdout is not None
    for line in demo.stdout:
        lines.put(line)
    lines.put(None)


def _stop(demo: "subprocess.Popen[str]") -> None:
    demo.send_signal(signal.SIGINT)
    try:
        demo.wait(STOP_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(demo.pid, signal.SIGKILL)
        demo.wait(STOP_LIMIT_SECONDS)
        raise
