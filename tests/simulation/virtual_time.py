"""An event loop whose waits take no time: when nothing is ready, its clock jumps to what is next.

Only for work without connections and threads, which would have to be waited for in real time.
"""

import asyncio
import selectors
from collections.abc import Collection, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _JumpingSelector(selectors.SelectSelector):
    """Looks without waiting, and counts what it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.waited_seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits, and nothing will ever happen")
        self.waited_seconds += max(0.0, timeout)
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The loop; it raises RuntimeError when everything waits for ever."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """The seconds that were waited so far."""
        return self._jumping.waited_seconds

    @property
    def _clock_resolution(self) -> float:
        return 1e-6

    @_clock_resolution.setter
    def _clock_resolution(self, _seconds: float) -> None:
        """The loop sets the resolution of the real clock."""


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run the work to its end on a loop of its own; what it left running is cancelled."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)


def others(kept: Collection[asyncio.Task[Any]] = ()) -> set[asyncio.Task[Any]]:
    """All tasks but this one and those that are kept."""
    current = asyncio.current_task()
    return {each for each in asyncio.all_tasks() if each is not current and each not in kept}
