"""Resolves a partner's name, and refuses it if any of its addresses is inside our network.

aiohttp connects to the addresses that it is given here, and to no other: a name that leads
elsewhere a moment later (DNS rebinding) makes no difference.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from domain.partners import addresses

Lookup = Callable[[str, int], list[Any]]


class AddressRefused(OSError):
    """The name leads to an address to which nothing is delivered."""


def look_up(host: str, port: int) -> list[Any]:
    """Ask the system's resolver, as `socket.getaddrinfo` answers."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class GuardedResolver(AbstractResolver):
    """At most so many names are looked up at once: one for each subscription."""

    def __init__(self, *, loopback: bool, at_once: int, lookup: Lookup = look_up) -> None:
        self._loopback = loopback
        self._lookup = lookup
        # Its own threads: a slow name server must not hold up what else is done in threads.
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="partner-name")

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - aiohttp's
    ) -> list[ResolveResult]:
        """Return the addresses; raises AddressRefused, OSError for an unknown name."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._lookup, host, port)
        results = [
            ResolveResult(
                hostname=host,
                host=at[0],
                port=port,
                family=family,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for family, _, protocol, _, at in found
        ]
        for each in results:
            address = ipaddress.ip_address(each["host"].partition("%")[0])
            if not addresses.may_be_reached(address, loopback=self._loopback):
                raise AddressRefused(host)
        return results

    async def close(self) -> None:
        """End the threads; one that waits for a name server ends with it."""
        self._threads.shutdown(wait=False, cancel_futures=True)
