"""The web role for several carriers: a core, pools, keys and an application of each in one loop."""

import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack

from interfaces import carrier_settings, composition, roles
from interfaces.http.app import EdgeApp
from interfaces.http.carriers import CarrierRouter, create_tier
from interfaces.settings import Settings
from interfaces.web import WebServer, report


class CarriersServer(WebServer):
    """Serves every carrier at the host of its public address; one whose database is down answers
    503, and the others go on.
    """

    def __init__(self, carriers: Mapping[str, Settings], *, port: int) -> None:
        self._carriers = dict(carriers)
        # Host, port and what a process reports are not a carrier's: the same in all.
        super().__init__(next(iter(self._carriers.values())), port=port)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on a core of each carrier until a signal asks to stop."""
        stop = roles.stop_on_signals()
        async with AsyncExitStack() as stack:
            apps: dict[str, EdgeApp] = {}
            for name, settings in self._carriers.items():
                opened = composition.open_core(settings, report=report)
                core = await stack.enter_async_context(opened)
                apps[name] = await stack.enter_async_context(self.application(core))
            hosts = {
                host: app
                for name, app in apps.items()
                for host in carrier_settings.authorities(self._carriers[name].public_url)
            }
            router = CarrierRouter(hosts, create_tier(apps))
            await self.serve_app(router, list(apps.values()), stop, sockets)
