"""Loops side by side: none outlives the others, and none ends them for a fault of its own."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest

from application import ports
from interfaces.worker import loops
from interfaces.worker.loops import Loop, run_loops

SHORT = 0.001
LIMIT_SECONDS = 5
Work = Callable[[], Awaitable[None]]


@pytest.fixture(autouse=True)
def short_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "BACKOFF_SECONDS", SHORT)


def deaf() -> Work:
    """Loses the first cancellation, as `wait_for` and the pool may."""
    lost = list[int]()

    async def work() -> None:
        try:
            await asyncio.sleep(100 * SHORT)
        except asyncio.CancelledError:
            if lost:
                raise
            lost.append(1)

    return work


def counted(done: list[int]) -> Work:
    async def work() -> None:
        done.append(1)
        await asyncio.sleep(0)

    return work


async def ends(*running: Loop, stop: asyncio.Event) -> None:
    ending = asyncio.create_task(run_loops(running, stop))
    await asyncio.wait({ending}, timeout=LIMIT_SECONDS)
    assert ending.done(), "a loop went on"
    ending.result()


@pytest.mark.parametrize("moved", [False, True])
async def test_a_lost_database_ends_also_a_loop_that_is_deaf_to_cancellation(moved: bool) -> None:
    async def losing() -> None:
        await asyncio.sleep(3 * SHORT)
        raise psycopg.OperationalError

    event = asyncio.Event() if moved else None
    with pytest.raises(ExceptionGroup) as raised:
        await ends(Loop(losing, SHORT), Loop(deaf(), SHORT, event), stop=asyncio.Event())
    assert raised.value.subgroup(psycopg.OperationalError) is not None


async def test_a_stop_ends_all_also_one_that_is_deaf_to_cancellation() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(5 * SHORT, stop.set)
    await ends(Loop(deaf(), 0), Loop(deaf(), SHORT, asyncio.Event()), stop=stop)


@pytest.mark.parametrize("fault", [ports.Unavailable("database"), RuntimeError("a bug")])
async def test_the_fault_of_one_loop_ends_no_other_and_it_is_tried_again(fault: Exception) -> None:
    stop, tries, done = asyncio.Event(), list[int](), list[int]()

    async def failing() -> None:
        tries.append(1)
        if len(tries) == 3:
            done.clear()
        if len(tries) == 4:
            stop.set()
        raise fault

    await ends(Loop(failing, SHORT), Loop(counted(done), SHORT), stop=stop)
    assert len(tries) >= 4
    assert done


async def test_what_has_moved_is_worked_off_before_the_pause_is_over() -> None:
    stop, moved, done = asyncio.Event(), asyncio.Event(), list[int]()

    async def moving() -> None:
        moved.set()
        if len(done) >= 3:
            stop.set()
        await asyncio.sleep(SHORT)

    await ends(Loop(counted(done), 1_000, moved), Loop(moving, SHORT), stop=stop)
    assert len(done) >= 3
