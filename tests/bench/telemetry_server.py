"""A web process for `bench telemetry`: it switches its telemetry off and on, again and again.

`python -m tests.bench.telemetry_server PORT`. On SIGTERM it prints its slices as JSON, and the
processor time of the other threads, which belong to telemetry.
"""

import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import uvloop

from application import metrics, read_positions, telemetry
from application.commands.batch import CommandBatch
from application.commands.dispatcher import Statistics
from interfaces import settings
from interfaces.cli import running
from interfaces.composition import Core
from interfaces.http import correlation, read_position
from interfaces.http.app import EdgeApp
from interfaces.web import WebServer

COMMANDS_OF_A_SLICE = 150


class Slice(msgspec.Struct):
    """Commands between two switches: seconds of the event loop's thread, and by the clock."""

    reports: bool
    commands: int
    seconds: float
    clock_seconds: float


class Found(msgspec.Struct):
    """What a run gives: its slices, and the seconds of all other threads since the first batch."""

    slices: list[Slice]
    others_seconds: float


class _Nothing:
    """What takes everything, and does nothing, also as a context."""

    def __init__(self, *_: object, **__: object) -> None:
        """Take all arguments."""

    def __enter__(self) -> None:
        """Begin nothing."""

    def __exit__(self, *_: object) -> None:
        """End nothing."""


async def _serve_silently(self: Any, scope: Any, receive: Any, send: Any) -> None:
    exchange = correlation.opened(scope)
    with read_positions.carrying(read_position.opened(scope, exchange)):
        await self._answer(scope, receive, send, exchange)


# What telemetry adds to requests and appends, and what stands for it without.
SILENT: tuple[tuple[Any, str, Any], ...] = (
    (EdgeApp, "_serve", _serve_silently),
    (metrics.Histogram, "record", _Nothing),
    (metrics.Counter, "add", _Nothing),
    (metrics.Gauge, "set", _Nothing),
    (telemetry, "span", _Nothing),
    (CommandBatch, "append_step", _Nothing),
)
_ORIGINALS = tuple(getattr(owner, name) for owner, name, _ in SILENT)


def switch(*, reports: bool) -> None:
    """Report from now on, or do not."""
    for (owner, name, silent), original in zip(SILENT, _ORIGINALS, strict=True):
        setattr(owner, name, original if reports else silent)


class SlicedStatistics(Statistics):
    """Counters that switch telemetry and take the time of each slice."""

    def __init__(self) -> None:
        super().__init__()
        self.slices: list[Slice] = []
        self._others_before = 0.0
        self._begin(reports=True)

    def count(self, batch_size: int) -> None:
        """One batch was taken from the queue."""
        if not self.batches:
            self._others_before = _others_seconds()
            self._begin(reports=True)
        elif self.commands - self._before >= COMMANDS_OF_A_SLICE:
            seconds, clock_seconds = (
                now - began for now, began in zip(_times(), self._began, strict=True)
            )
            commands = self.commands - self._before
            self.slices.append(Slice(self._reports, commands, seconds, clock_seconds))
            self._begin(reports=not self._reports)
        super().count(batch_size)

    def found(self) -> Found:
        """Return the slices that were finished."""
        return Found(self.slices, _others_seconds() - self._others_before)

    def _begin(self, *, reports: bool) -> None:
        self._reports = reports
        self._before = self.commands
        self._began = _times()
        switch(reports=reports)


def _times() -> tuple[float, float]:
    return time.thread_time(), time.perf_counter()


def _others_seconds() -> float:
    return time.process_time() - time.thread_time()


class SlicedServer(WebServer):
    """The web process with sliced counters."""

    @asynccontextmanager
    async def application(self, core: Core) -> AsyncIterator[EdgeApp]:
        """Yield the HTTP application as in production."""
        counters = core.bus.statistics = SlicedStatistics()
        async with super().application(core) as app:
            yield app
        print(json.dumps(msgspec.to_builtins(counters.found())), flush=True)


def main() -> None:
    """Serve until SIGTERM."""
    configured = settings.load(os.environ)
    sys.stderr = (configured.data_dir / "sliced.log").open("a")
    server = SlicedServer(configured, port=int(sys.argv[1]))
    with running.reporting_as("web", configured):
        uvloop.run(server.serve())


if __name__ == "__main__":
    main()
