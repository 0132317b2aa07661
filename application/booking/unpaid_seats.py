"""How many seats a customer may hold without paying: on a flight, in all, and from one address.

A hold costs nothing, so without limits one person could keep a flight from all others. On a flight
the decision counts exactly. In all and by address, seats are counted when they are held or waited
for, in windows of a quarter of an hour; those of a request that fails are given back. Staff are
not counted. Where the airline lets holds last longer (`hold_times`), seats of several windows may
be held at once.
"""

import math
from types import TracebackType
from typing import Literal, Protocol

import msgspec

from application.caller import Caller
from domain.inventory.rejections import TooManyUnpaidSeats

UnpaidWindow = Literal["unpaid_account", "unpaid_agency", "unpaid_address"]

# As long as a hold lasts at the launch.
WINDOW_SECONDS = 900
# A travel agent books for many customers.
AGENT_MULTIPLE = 5


class UnpaidSeatLimits(msgspec.Struct, frozen=True):
    """Seats of one flight and account, of all flights of an account, and those of an address."""

    flight: int
    account: int
    address: int


class SeatWindows(Protocol):
    """Counts seats in windows that all processes share."""

    async def take_many(self, name: UnpaidWindow, client: str, count: int) -> float:
        """Count these seats all or none; returns 0, or the seconds until the window closes."""
        ...

    async def is_first_refusal(self, name: UnpaidWindow, client: str) -> bool:
        """Whether the window refuses for the first time; asked once for each refusal."""
        ...

    def release(self, name: UnpaidWindow, client: str, count: int) -> None:
        """Count these seats no longer."""
        ...


class TakenSeats:
    """Seats that were counted for a request; released when its block fails."""

    def __init__(self, windows: SeatWindows, count: int) -> None:
        self._windows = windows
        self._count = count
        self._taken: list[tuple[UnpaidWindow, str]] = []

    def __enter__(self) -> "TakenSeats":
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self.release()

    def add(self, name: UnpaidWindow, client: str) -> None:
        """Remember that the seats were counted in this window."""
        self._taken.append((name, client))

    def release(self) -> None:
        """Count the seats no longer; a second time has no effect."""
        for name, client in self._taken:
            self._windows.release(name, client, self._count)
        self._taken.clear()


class UnpaidSeats:
    """The limits and their windows."""

    def __init__(self, limits: UnpaidSeatLimits, windows: SeatWindows) -> None:
        self._limits = limits
        self._windows = windows

    def of_flight(self, caller: Caller) -> int | None:
        """Return how many seats of one flight the caller may hold unpaid; None for staff."""
        match caller.principal.role:
            case "customer":
                return self._limits.flight
            case "agent":
                return self._limits.flight * AGENT_MULTIPLE
            case _:
                return None

    async def take(self, caller: Caller, count: int) -> TakenSeats:
        """Count seats for the caller; rejects TooManyUnpaidSeats."""
        taken = TakenSeats(self._windows, count)
        if count == 0:
            return taken
        with taken:
            for name, client, limit in self._windows_of(caller):
                seconds = await self._windows.take_many(name, client, count)
                if seconds:
                    refused = TooManyUnpaidSeats(
                        reason=f"unpaid_seats_{name.removeprefix('unpaid_')}",
                        limit=limit,
                        retry_after_seconds=math.ceil(seconds),
                    )
                    refused.is_first = await self._windows.is_first_refusal(name, client)
                    raise refused
                taken.add(name, client)
        return taken

    def _windows_of(self, caller: Caller) -> list[tuple[UnpaidWindow, str, int]]:
        """Agents are not counted by address: many of them work behind one."""
        user = caller.principal.user
        match caller.principal.role:
            case "customer":
                return [
                    ("unpaid_account", user, self._limits.account),
                    ("unpaid_address", caller.address, self._limits.address),
                ]
            case "agent":
                return [("unpaid_agency", user, self._limits.account * AGENT_MULTIPLE)]
            case _:
                return []
