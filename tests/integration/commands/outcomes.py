"""What became of commands that were submitted together."""

import asyncio
from collections.abc import Sequence
from typing import Any

from application.commands.command import Outcome


async def outcomes(submitted: Sequence[Any]) -> list[Outcome | BaseException]:
    """What each came to, errors included."""
    found: list[Outcome | BaseException] = await asyncio.gather(*submitted, return_exceptions=True)
    return found


def errors_of(found: Sequence[Any]) -> list[BaseException]:
    """Those that failed."""
    return [each for each in found if isinstance(each, BaseException)]


def answered(found: Sequence[Any]) -> list[Outcome]:
    """Those that have an answer."""
    return [each for each in found if isinstance(each, Outcome)]


def accepted(found: Sequence[Any]) -> list[Outcome]:
    """Those that were carried out now."""
    return [each for each in answered(found) if not each.replayed]


def replays(found: Sequence[Any]) -> list[Outcome]:
    """Those that were carried out before."""
    return [each for each in answered(found) if each.replayed]
