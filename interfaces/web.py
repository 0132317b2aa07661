"""The web process: the HTTP application on uvicorn, with a core in the same event loop."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from interfaces import composition
from interfaces.composition import Core
from interfaces.connection import BoundedConnection
from interfaces.http.app import EdgeApp, create_app
from interfaces.settings import Settings

logger = logging.getLogger(__name__)
GRACE_SECONDS = 10
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Thousands of cached bookings are long-lived: scanning them at each collection costs more than
# the garbage that it could free.
GC_THRESHOLDS = (20_000, 50, 100)


def report(what: str, error: Exception) -> None:
    """Log an error of background work, by its type only."""
    logger.warning("%s: %s", what, type(error).__name__)


class WebServer(uvicorn.Server):
    """uvicorn with an application that is made in the running event loop and closed after the last
    request."""

    def __init__(self, settings: Settings, *, port: int, fd: int | None = None) -> None:
        self._settings = settings
        config = uvicorn.Config(
            _not_yet,
            host=settings.host,
            port=port,
            fd=fd,
            loop="uvloop",
            http=BoundedConnection,
            ws="none",
            access_log=False,
            lifespan="off",
            # The edge reads X-Forwarded-For itself, from trusted proxies only.
            proxy_headers=False,
            server_header=False,
            date_header=False,
            log_config=None,
            timeout_graceful_shutdown=GRACE_SECONDS,
            backlog=2048,
        )
        super().__init__(config)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal asks it to stop."""
        async with (
            composition.open_core(self._settings, report=report) as core,
            self.application(core) as app,
        ):
            self.config.app = app
            self.config.load()
            gc.collect()
            gc.freeze()
            gc.set_threshold(*GC_THRESHOLDS)
            await super().serve(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop cleanly on SIGTERM and SIGINT.

        uvicorn itself raises the signal again when it has stopped, which would end the process
        before the dispatcher has finished the commands in its queue.
        """
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)

    @asynccontextmanager
    async def application(self, core: Core) -> AsyncIterator[EdgeApp]:
        """Yield the HTTP application over this core."""
        async with composition.open_web(core) as ports:
            yield create_app(ports)


async def _not_yet(*_: object) -> None:
    raise AssertionError("replaced before the first request")
