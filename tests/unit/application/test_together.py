"""Calls that arrive together are one; each caller gets its own result, or its own error."""

import asyncio
from collections.abc import Sequence

import pytest

from application import ports
from application.together import Together


class Source:
    """Answers with the number of the call; the first call waits for `release`."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.release = asyncio.Event()
        self.refused: set[str] = set()
        self.error: Exception = ValueError("refused")

    async def answer_all(self, questions: Sequence[str]) -> list[tuple[str, int]]:
        self.calls.append(list(questions))
        number = len(self.calls)
        if number == 1:
            await self.release.wait()
        if self.refused.intersection(questions):
            raise self.error
        return [(each, number) for each in questions]


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_those_who_ask_in_one_turn_share_a_call() -> None:
    source = Source()
    source.release.set()
    together = Together(source.answer_all, at_once=4)
    assert await asyncio.gather(*(together.ask(each) for each in "abc")) == [
        ("a", 1),
        ("b", 1),
        ("c", 1),
    ]


async def test_nobody_gets_the_result_of_a_call_that_began_before_they_asked() -> None:
    source = Source()
    together = Together(source.answer_all, at_once=1)
    first = asyncio.create_task(together.ask("a"))
    await turns()
    second = asyncio.create_task(together.ask("a"))
    third = asyncio.create_task(together.ask("b"))
    await turns()
    source.release.set()
    assert (await first, await second, await third) == (("a", 1), ("a", 2), ("b", 2))
    assert source.calls == [["a"], ["a", "b"]]


async def test_a_long_call_holds_up_no_other() -> None:
    source = Source()
    together = Together(source.answer_all, at_once=2)
    slow = asyncio.create_task(together.ask("slow"))
    await turns()
    assert await together.ask("quick") == ("quick", 2)
    assert not slow.done()
    source.release.set()
    assert await slow == ("slow", 1)


async def test_what_fails_for_one_fails_for_it_alone() -> None:
    source = Source()
    source.release.set()
    source.refused = {"b"}
    together = Together(source.answer_all, at_once=1)
    results = await asyncio.gather(*(together.ask(each) for each in "abc"), return_exceptions=True)
    assert [each if isinstance(each, tuple) else type(each) for each in results] == [
        ("a", 2),
        ValueError,
        ("c", 4),
    ]


async def test_without_a_database_nobody_is_asked_for_again() -> None:
    source = Source()
    source.release.set()
    source.refused, source.error = {"b"}, ports.Unavailable("database")
    together = Together(source.answer_all, at_once=1)
    results = await asyncio.gather(*(together.ask(each) for each in "abc"), return_exceptions=True)
    assert [type(each) for each in results] == [ports.Unavailable] * 3
    assert len(source.calls) == 1


async def test_a_caller_who_leaves_does_not_disturb_the_others() -> None:
    source = Source()
    together = Together(source.answer_all, at_once=1)
    leaving = asyncio.create_task(together.ask("a"))
    staying = asyncio.create_task(together.ask("b"))
    await turns()
    leaving.cancel()
    source.release.set()
    assert await staying == ("b", 1)
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await together.ask("c") == ("c", 2)
