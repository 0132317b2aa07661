"""A partner's server on loopback: it verifies deliveries, keeps what it got, and misbehaves."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import standardwebhooks

# Longer than any test waits.
LONG_SECONDS = 60.0


class PartnerServer:
    """What it does with the next requests is in `behaviour`, and then 204 again.

    A number is answered as a status, a pair as one with its `retry-after`; `slow` answers nothing;
    `late` takes the events and answers after the sender has given up; `reset` breaks off; `endless`
    sends headers without end; `large` answers with a body without end; a text with a colon is a
    `location` to redirect to.
    """

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.behaviour: list[int | str | tuple[int, str]] = []
        self.requests: list[dict[str, str]] = []
        self.ids: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.position = 0
        self.taken: list[int] = []
        self.refused: list[str] = []
        self.faults: list[str] = []
        self.moved = asyncio.Event()
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = {
                name.lower(): value for name, value in (each.split(": ", 1) for each in lines)
            }
            body = await reader.readexactly(int(headers["content-length"]))
            self.requests.append({"first": first, **headers})
            await self._act(self.behaviour.pop(0) if self.behaviour else 204, headers, body, writer)
        writer.close()

    async def _act(
        self,
        what: int | str | tuple[int, str],
        headers: dict[str, str],
        body: bytes,
        writer: asyncio.StreamWriter,
    ) -> None:
        if what in (200, 204, "late", "large"):
            self._take(headers, body)
        match what:
            case int():
                writer.write(f"HTTP/1.1 {what} X\r\ncontent-length: 0\r\n\r\n".encode())
            case (status, pause):
                writer.write(
                    f"HTTP/1.1 {status} X\r\nretry-after: {pause}\r\n"
                    "content-length: 0\r\n\r\n".encode()
                )
            case "slow" | "late":
                await asyncio.sleep(LONG_SECONDS)
            case "reset":
                writer.transport.abort()
                return
            case "endless":
                writer.write(b"HTTP/1.1 204 X\r\n")
                while True:
                    writer.write(b"x-more: " + b"x" * 1000 + b"\r\n")
                    await writer.drain()
            case "large":
                writer.write(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n")
                while True:
                    writer.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
                    await writer.drain()
            case location:
                writer.write(
                    f"HTTP/1.1 307 X\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n".encode()
                )
        await writer.drain()

    async def reached(self, position: int) -> None:
        """Return once the partner has everything up to the position."""
        async with asyncio.timeout(LONG_SECONDS):
            while self.position < position:
                self.moved.clear()
                await self.moved.wait()

    def _take(self, headers: dict[str, str], body: bytes) -> None:
        """Verify it as a partner does, and take the events that are new."""
        for secret in self.secrets:
            try:
                found = standardwebhooks.Webhook(secret).verify(body, headers)
            except standardwebhooks.WebhookVerificationError as error:
                self.refused.append(str(error))
                continue
            assert found == msgspec.json.decode(body)
            break
        else:
            self.faults.append(f"no secret verifies: {self.refused}")
            return
        self.ids.append(headers["webhook-id"])
        self.bodies.append(found)
        if found["id"] != headers["webhook-id"]:
            self.faults.append("another id")
        if found["after"] > self.position:
            self.faults.append(f"a gap before {found['after']}")
        positions = [each["position"] for each in found["events"]]
        self.taken += [each for each in positions if each > self.position]
        self.position = max(self.position, found["position"])
        self.moved.set()


@contextlib.asynccontextmanager
async def running_partner(
    *, certificates: ssl.SSLContext | None = None
) -> AsyncIterator[PartnerServer]:
    """Start a partner's server on a free port."""
    partner = PartnerServer()
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(partner.answer(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=certificates)
    port = server.sockets[0].getsockname()[1]
    scheme, host = ("http", "127.0.0.1") if certificates is None else ("https", "partner.example")
    partner.url = f"{scheme}://{host}:{port}/events"
    try:
        yield partner
        assert partner.faults == []
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
