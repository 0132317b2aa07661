"""The web role: the HTTP application on uvicorn, with a core in the same event loop."""

import asyncio
import gc
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from application import telemetry
from domain.kernel.rejections import Rejection
from interfaces import composition, roles, web_composition
from interfaces.composition import Core
from interfaces.connection import BoundedConnection
from interfaces.http.app import EdgeApp, create_app
from interfaces.http.carriers import CarrierRouter
from interfaces.settings import Settings

logger = logging.getLogger(__name__)
GRACE_SECONDS = 10
# Thousands of cached bookings are long-lived: scanning them at each collection costs more than
# the garbage that it could free.
GC_THRESHOLDS = (20_000, 50, 100)


def report(what: str, error: Exception) -> None:
    """Log an error of background work, by its type only; a bug is reported, too."""
    if not isinstance(error, Rejection):
        telemetry.report(error)
    logger.warning("%s: %s", what, type(error).__name__)


class WebServer(uvicorn.Server):
    """uvicorn with an application that is made in the running event loop and closed after the last
    request."""

    def __init__(
        self,
        settings: Settings,
        *,
        port: int,
        fd: int | None = None,
        roles: Sequence[str] = ("web",),
    ) -> None:
        self._settings = settings
        self._roles = roles
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
        """Serve on a core of its own until a signal asks it to stop."""
        stop = roles.stop_on_signals()
        async with composition.open_core(self._settings, report=report) as core:
            await self.serve_on(core, stop, sockets)

    async def serve_on(
        self, core: Core, stop: asyncio.Event, sockets: list[socket.socket] | None = None
    ) -> None:
        """Serve until `stop`, then finish requests for GRACE_SECONDS at most."""
        async with self.application(core) as app:
            await self.serve_app(app, [app], stop, sockets)

    async def serve_app(
        self,
        asked: EdgeApp | CarrierRouter,
        apps: Sequence[EdgeApp],
        stop: asyncio.Event,
        sockets: list[socket.socket] | None = None,
    ) -> None:
        """Serve `asked`, which answers with these applications, until `stop`."""
        self.config.app = asked
        self.config.load()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        exiting = asyncio.create_task(self._exit_on(stop, apps))
        try:
            await super().serve(sockets)
        finally:
            exiting.cancel()

    async def _exit_on(self, stop: asyncio.Event, apps: Sequence[EdgeApp]) -> None:
        await stop.wait()
        for app in apps:
            # Streams would otherwise last for all of GRACE_SECONDS.
            app.ports.audit.appends.end()
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process.

        uvicorn itself raises the signal again when it has stopped, which would end the process
        before the dispatcher has finished the commands in its queue.
        """
        yield

    @asynccontextmanager
    async def application(self, core: Core) -> AsyncIterator[EdgeApp]:
        """Yield the HTTP application over this core."""
        async with web_composition.open_web(core, roles=self._roles) as ports:
            yield create_app(ports)


async def _not_yet(*_: object) -> None:
    raise AssertionError("replaced before the first request")
