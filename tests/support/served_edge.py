"""The edge over memory behind the server of production, on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from interfaces.connection import BoundedConnection
from tests.support.http_client import Edge


@asynccontextmanager
async def serving(edge: Edge) -> AsyncIterator[tuple[uvicorn.Server, int]]:
    """A running server and its port."""
    config = uvicorn.Config(
        edge.app,
        port=0,
        access_log=False,
        log_config=None,
        lifespan="off",
        http=BoundedConnection,
        ws="none",
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    for _ in range(6_000):
        if server.started or running.done():
            break
        await asyncio.sleep(0.005)
    try:
        yield server, server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running
