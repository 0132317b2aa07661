"""`ais projector`: keeps all read models current with the log until SIGTERM or SIGINT."""

import signal
import threading
from types import FrameType

from infrastructure.redis import search_cache
from interfaces import roles
from interfaces.cli import running


def projector(*, dsn: running.ProjectorDsn, redis_url: running.RedisUrl = None) -> int:
    """Run every read model until SIGTERM or SIGINT.

    `dsn` names a login that is a member of ais_projector. With `redis_url` it drops cached searches
    before flights change; without it nothing is cached. The exit code is 1 when a read model
    stopped by itself (an unknown event, a checkpoint ahead of the log, an entry it cannot apply);
    the others continue until the signal.
    """
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, ask_to_stop)
    with running.reporting_as("projector", running.configured_to_report()):
        answers = search_cache.for_projector(redis_url, stop)
        stopped = roles.project_until(dsn, stop, answers)
    for name, error in sorted(stopped.items()):
        print(f"{name} stopped: {type(error).__name__}: {error}")
    return 1 if stopped else 0
