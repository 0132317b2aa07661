"""The roles of one process end together: none lives on without the others."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from interfaces.roles import RoleEnded, run_together

LIMIT_SECONDS = 5
REPOSITORY = Path(__file__).resolve().parents[3]
# A role that loses every cancellation, and never ends by itself.
STUCK = """
import asyncio
from interfaces import roles

async def deaf():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def main():
    stop = asyncio.Event()
    ending = asyncio.create_task(roles.end_in_time(stop, limit_seconds=0.5))
    stop.set()
    await roles.run_together({"deaf": deaf()}, stop)

asyncio.run(main())
"""


async def following(stop: asyncio.Event, ended: list[str]) -> None:
    await stop.wait()
    await asyncio.sleep(0)
    ended.append("followed")


async def test_a_stop_lets_every_role_end_by_itself() -> None:
    stop, ended = asyncio.Event(), list[str]()
    asyncio.get_running_loop().call_soon(stop.set)
    async with asyncio.timeout(LIMIT_SECONDS):
        await run_together({"a": following(stop, ended), "b": following(stop, ended)}, stop)
    assert ended == ["followed"] * 2


@pytest.mark.parametrize("error", [ValueError("a bug"), SystemExit(1)])
async def test_a_role_that_fails_ends_all_and_its_error_is_raised(error: BaseException) -> None:
    stop, ended = asyncio.Event(), list[str]()

    async def failing() -> None:
        await asyncio.sleep(0)
        raise error

    with pytest.raises(ExceptionGroup) as raised:
        async with asyncio.timeout(LIMIT_SECONDS):
            await run_together({"bad": failing(), "good": following(stop, ended)}, stop)
    (found,) = raised.value.exceptions
    assert error in (found, found.__cause__)
    assert ended == ["followed"]


async def test_a_role_that_ends_unasked_ends_all_as_a_failure() -> None:
    stop, ended = asyncio.Event(), list[str]()

    async def ending() -> None:
        await asyncio.sleep(0)

    with pytest.raises(ExceptionGroup) as raised:
        async with asyncio.timeout(LIMIT_SECONDS):
            await run_together({"brief": ending(), "good": following(stop, ended)}, stop)
    assert raised.value.subgroup(RoleEnded) is not None
    assert ended == ["followed"]


def test_a_process_that_does_not_end_in_time_says_where_it_is_and_ends_with_one() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STUCK],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "most recent call first" in ended.stderr
