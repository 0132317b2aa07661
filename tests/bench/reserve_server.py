"""A web process for `bench reserve`: the real edge, with our dispatcher or the CRUD reference.

`python -m tests.bench.reserve_server ours|reference PORT`, configured by AIS_* like any other.
Its log lines are in a file of AIS_DATA_DIR. On SIGTERM it prints the dispatcher's counters as JSON.
"""

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop

from interfaces import settings, web_composition
from interfaces.cli import running
from interfaces.composition import Core
from interfaces.http.app import EdgeApp, create_app
from interfaces.http.ports import HttpPorts
from interfaces.web import WebServer
from tests.bench.reserve_reference import CrudBus


class ReferenceServer(WebServer):
    """The same server with the reference behind the same HTTP application."""

    @asynccontextmanager
    async def application(self, core: Core) -> AsyncIterator[EdgeApp]:
        """Yield the HTTP application over CRUD."""
        bus = CrudBus(core)
        await bus.open()
        async with web_composition.open_web(core, bus=bus) as ports:
            yield self.app(core, bus, ports)
        await bus.close()

    def app(self, core: Core, bus: CrudBus, ports: HttpPorts) -> EdgeApp:
        """Return the product's routes over these ports."""
        return create_app(ports)


class OurServer(WebServer):
    """The web process unchanged; it prints its counters at the end."""

    @asynccontextmanager
    async def application(self, core: Core) -> AsyncIterator[EdgeApp]:
        """Yield the HTTP application as in production."""
        async with super().application(core) as app:
            yield app
        print(json.dumps(vars(core.bus.statistics)), flush=True)


def main() -> None:
    """Serve until SIGTERM."""
    side, port = sys.argv[1], int(sys.argv[2])
    server_type = OurServer if side == "ours" else ReferenceServer
    configured = settings.load(os.environ)
    sys.stderr = (configured.data_dir / f"{side}.log").open("a")
    server = server_type(configured, port=port)
    with running.reporting_as("web", configured):
        uvloop.run(server.serve())


if __name__ == "__main__":
    main()
