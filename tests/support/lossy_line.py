"""A line to Postgres, by Unix socket or TCP, that can lose the reply to a committed append."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

CHUNK = 65_536


class LossyLine:
    """Passes bytes both ways until asked to swallow the reply to the next message that matters."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._armed: bytes | None = None
        self._cutting = True
        self._tasks: set[asyncio.Task[None]] = set()
        self.lost = 0

    def lose_reply_to(self, marker: bytes, *, cut: bool = True) -> None:
        """Swallow what the server answers to the next message with the marker in it.

        Then cut the line, or with `cut` false stay silent for ever.
        """
        self._armed, self._cutting = marker, cut

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        server_reader, server_writer = await asyncio.open_unix_connection(self._server)
        swallowing = asyncio.Event()
        up = asyncio.create_task(self._up(reader, server_writer, swallowing))
        down = asyncio.create_task(self._down(server_reader, writer, swallowing))
        self._tasks |= {up, down}
        await asyncio.wait({up, down})
        self._tasks -= {up, down}
        for side in (writer, server_writer):
            side.close()

    async def _up(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        swallowing: asyncio.Event,
    ) -> None:
        while chunk := await _read(reader):
            if self._armed is not None and self._armed in chunk:
                self._armed = None
                swallowing.set()
            writer.write(chunk)
        if writer.can_write_eof():
            writer.close()

    async def _down(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        swallowing: asyncio.Event,
    ) -> None:
        while chunk := await _read(reader):
            if not swallowing.is_set():
                writer.write(chunk)
            elif _is_ready_for_query(chunk):
                self.lost += 1
                if self._cutting:
                    break
        writer.close()

    async def close(self) -> None:
        """End what still runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _is_ready_for_query(chunk: bytes) -> bool:
    """The server has finished: outside a transaction this comes after the commit."""
    return chunk[-6:-1] == b"Z\x00\x00\x00\x05"


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(CHUNK)
    except ConnectionError:
        return b""


@asynccontextmanager
async def lossy_line(dsn: str, folder: Path) -> AsyncIterator[tuple[LossyLine, str]]:
    """The line over a Unix socket in the folder, and the DSN that leads over it."""
    words, line = _to_server(dsn)
    path = folder / f".s.PGSQL.{words['port']}"
    server = await asyncio.start_unix_server(line.serve, path=str(path))
    try:
        yield line, _joined({**words, "host": str(folder)})
    finally:
        server.close()
        await line.close()


@asynccontextmanager
async def lossy_tcp_line(dsn: str) -> AsyncIterator[tuple[LossyLine, str]]:
    """The line over TCP on loopback, and the DSN that leads over it."""
    words, line = _to_server(dsn)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield line, _joined({**words, "host": "127.0.0.1", "port": str(port)})
    finally:
        server.close()
        await line.close()


def _to_server(dsn: str) -> tuple[dict[str, str], LossyLine]:
    """The words of the DSN, and a line to the socket that they name."""
    words = dict(word.split("=", 1) for word in dsn.split())
    return words, LossyLine(f"{words['host']}/.s.PGSQL.{words['port']}")


def _joined(words: dict[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in words.items())
