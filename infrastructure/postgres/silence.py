"""Connections that do not wait for ever for a server that stands still or a network that is cut.

Rule: the server's statement timeouts are shorter. They do not help where the server itself does
not run, and the kernel answers TCP's keep-alive for a process that stands still.
"""

import asyncio
import os
import socket
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen

REPLY_SECONDS = 10.0


class BoundedConnection(psycopg.AsyncConnection[tuple[Any, ...]]):
    """A connection that is cut when an answer takes longer than `reply_seconds`.

    What waits then raises OperationalError. Not for connections that listen for notifications.
    """

    reply_seconds = REPLY_SECONDS

    async def wait(
        self,
        gen: PQGen[RV],
        interval: float = 0.1,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg's own parameter
    ) -> RV:
        """Wait for one exchange with the server; see psycopg."""
        timer = asyncio.get_running_loop().call_later(self.reply_seconds, cut, self)
        try:
            return await super().wait(gen, interval, timeout)
        finally:
            timer.cancel()


def cut(connection: psycopg.AsyncConnection[Any]) -> None:
    """Shut the socket down, so that whoever waits for the connection fails."""
    if not connection.closed:
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)
