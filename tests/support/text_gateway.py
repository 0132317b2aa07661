"""A gateway for text messages of a test: HTTP or HTTPS on loopback; it keeps what it takes."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

import msgspec

# Longer than any test waits.
LONG_SECONDS = 60.0


class TextGateway:
    """`behaviour` is what it does with the next requests, then 202 again.

    A number is answered as a status; `slow` answers nothing; `late` takes the message and answers
    nothing; `reset` breaks off; `elsewhere` redirects. A message whose key it knows is not taken
    again.
    """

    def __init__(self) -> None:
        self.behaviour: list[int | str] = []
        self.requests: list[dict[str, str]] = []
        self.taken: dict[str, dict[str, Any]] = {}
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = {
                name.lower(): value for name, value in (each.split(": ", 1) for each in lines)
            }
            body = msgspec.json.decode(await reader.readexactly(int(headers["content-length"])))
            self.requests.append({"first": first, **headers})
            what = self.behaviour.pop(0) if self.behaviour else 202
            if what in (202, "late"):
                self.taken.setdefault(headers["idempotency-key"], body)
            match what:
                case "slow" | "late":
                    await asyncio.sleep(LONG_SECONDS)
                case "reset":
                    writer.transport.abort()
                    return
                case "elsewhere":
                    writer.write(b"HTTP/1.1 307 X\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n")
                case status:
                    writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode())
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def running_gateway(
    *, certificates: ssl.SSLContext | None = None
) -> AsyncIterator[TextGateway]:
    """Start a gateway on a free port."""
    gateway = TextGateway()
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(gateway.answer(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=certificates)
    scheme = "http" if certificates is None else "https"
    gateway.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/messages"
    try:
        yield gateway
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
