"""Calls that arrive while another is under way are made as one, and each caller gets its result.

A call made for several sees all that happened before the last of them asked: it begins after that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from application import ports

Question = TypeVar("Question")
Result = TypeVar("Result")

LIMIT = 256


class _Caller(Generic[Question, Result]):
    __slots__ = ("future", "question")

    def __init__(self, question: Question) -> None:
        self.question = question
        self.future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()


class Together(Generic[Question, Result]):
    """Answers questions by one call for those that wait; used from one event loop.

    `answer_all` returns the results in the order of the questions, and may be asked the same again.
    At most `at_once` calls are under way: one that takes long does not hold up the others.
    """

    def __init__(
        self,
        answer_all: Callable[[Sequence[Question]], Awaitable[Sequence[Result]]],
        *,
        at_once: int,
    ) -> None:
        self._answer_all = answer_all
        self._at_once = at_once
        self._waiting: list[_Caller[Question, Result]] = []
        self._running: set[asyncio.Task[None]] = set()
        self._beginning = False

    async def ask(self, question: Question) -> Result:
        """Return the result; raises what `answer_all` does for this question alone."""
        caller = _Caller[Question, Result](question)
        self._waiting.append(caller)
        if not self._beginning and len(self._running) < self._at_once:
            self._beginning = True
            task = asyncio.get_running_loop().create_task(self._run())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await caller.future

    async def _run(self) -> None:
        """Answer until nobody waits. It begins a turn of the loop later, so that others join."""
        self._beginning = False
        while self._waiting:
            callers, self._waiting = self._waiting[:LIMIT], self._waiting[LIMIT:]
            await self._answer(callers)

    async def _answer(self, callers: Sequence[_Caller[Question, Result]]) -> None:
        """Answer all; what fails for one of them is asked for each alone, and fails nobody else."""
        try:
            results = await self._answer_all([each.question for each in callers])
        except Exception as error:  # noqa: BLE001 - raised at the callers
            if len(callers) == 1 or isinstance(error, ports.Unavailable):
                for each in callers:
                    if not each.future.done():
                        each.future.set_exception(error)
                return
            for each in callers:
                await self._answer([each])
            return
        for each, result in zip(callers, results, strict=True):
            if not each.future.done():
                each.future.set_result(result)
