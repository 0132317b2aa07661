"""Front doors: ports of loopback from which connections are passed on, as a load balancer does.

They run in a thread of their own, so that they serve whatever event loop a test has.
"""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

CHUNK = 65_536
CONNECT_SECONDS = 5.0


class FrontDoor:
    """One port; each new connection goes to the next of its targets that takes it."""

    def __init__(self, targets: Sequence[int], port: int = 0) -> None:
        self._targets = list(targets)
        self._turn = 0
        self.port = port

    async def open(self) -> None:
        """Listen on the given port, or on one that the system chooses."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Take no more connections."""
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = await self._connected()
        if found is not None:
            inner_reader, inner_writer = found
            await asyncio.gather(_pass_on(reader, inner_writer), _pass_on(inner_reader, writer))
        writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self._targets:
            target = self._targets[self._turn % len(self._targets)]
            self._turn += 1
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection("127.0.0.1", target)
            except (OSError, TimeoutError):
                continue
        return None


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


@contextmanager
def front_doors(targets: Sequence[Sequence[int]], *, port: int = 0) -> Iterator[list[FrontDoor]]:
    """A door for each list of ports behind it; the first takes over `port` where one is given."""
    doors = [FrontDoor(each, 0 if number else port) for number, each in enumerate(targets)]
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def open_all() -> None:
        for door in doors:
            await door.open()

    async def end_all() -> None:
        for door in doors:
            door.close()
        others = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(open_all(), loop).result()
    try:
        yield doors
    finally:
        asyncio.run_coroutine_threadsafe(end_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
