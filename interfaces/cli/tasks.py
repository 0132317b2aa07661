"""`ais tasks`: background tasks that failed in all their tries."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from cyclopts import App

from application.failed_tasks import FailedTasks, list_failed, try_failed_again
from application.ports import Unavailable
from infrastructure.postgres.failed_tasks import OutboxFailedTasks
from infrastructure.postgres.pool import make_pool
from infrastructure.redis.dead_letters import DeadLetters
from infrastructure.redis.queue import make_broker
from interfaces.cli import running

LIMIT = 1_000

tasks = App(
    name="tasks",
    help="List background tasks that failed in all their tries, in the outbox and, with "
    "AIS_REDIS_URL, in the queue of separate workers; try them again. "
    "Exit codes: 0 done, 1 the database or Redis does not answer, 2 a wrong call or setting.",
)


@tasks.command(name="failed")
def failed() -> int:
    """Print the oldest thousand: time in UTC, id, topic, and the body as JSON."""

    async def work(places: Sequence[FailedTasks]) -> None:
        for each in await list_failed(places, limit=LIMIT):
            body = msgspec.json.encode(each.body).decode()
            print(f"{each.failed_at:%Y-%m-%dT%H:%M:%SZ} {each.id} {each.topic} {body}")

    return _run(work)


@tasks.command(name="retry")
def retry(*chosen: str) -> int:
    """Try failed tasks again, a thousand at most; one that was carried out has no effect.

    Parameters
    ----------
    chosen
        Ids or topics; without any, all.
    """

    async def work(places: Sequence[FailedTasks]) -> None:
        print(f"{await try_failed_again(places, chosen=chosen, limit=LIMIT)} tried again")

    return _run(work)


def _run(work: Callable[[Sequence[FailedTasks]], Awaitable[None]]) -> int:
    try:
        asyncio.run(_opened(work))
    except Unavailable as error:
        print(f"ais tasks: {error}", file=sys.stderr)
        return 1
    return 0


async def _opened(work: Callable[[Sequence[FailedTasks]], Awaitable[None]]) -> None:
    settings = running.configured()
    async with make_pool(settings.database_url, max_size=1) as pool:
        places: list[FailedTasks] = [OutboxFailedTasks(pool)]
        if settings.redis_url is not None:
            places.append(DeadLetters(make_broker(settings.redis_url)))
        await work(places)
