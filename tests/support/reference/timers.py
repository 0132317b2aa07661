"""timers.md: what runs by itself: each timer with how often, each process with what starts it."""

import sys

from application.commands import stream_kinds
from application.processes.process import Process
from application.processes.registry import PROCESSES
from interfaces.worker.scheduler import POLL_SECONDS
from interfaces.worker.timers.registry import TIMERS
from interfaces.worker.timers.timer import Timer
from tests.support.reference.markdown import code, listed, page, summary, table

INTRO = """\
# Timers and processes

Generated from `interfaces/worker/timers` and `application/processes` by
`python -m tests.support.reference.pages`; a test fails when they differ.

Nobody requests what is listed here: it is due because time has passed, or because an event was
recorded. Only the scheduler that leads runs it. Each name is that of its file.
"""
TIMERS_INTRO = """\
## Timers

*Looks* is how often a timer looks for what is due; where nothing is, it does nothing. *Due from* is
an hour in Riyadh, as the accounting day is. A missed run is made up for at the next look.
"""
PROCESSES_INTRO = """\
## Processes

A process answers an event with commands, in the same append or within a second. The timer
`run_processes_again` repeats what did not come to its end.
"""
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_TAGS = {kind: tag for tag, kind in stream_kinds.EVENT_TYPES.items()}


def text() -> str:
    """The page."""
    return page(
        INTRO,
        TIMERS_INTRO,
        table(("timer", "what it does", "looks", "due from"), map(_timer, TIMERS)),
        PROCESSES_INTRO,
        table(("process", "what it does", "starts after"), map(_process, PROCESSES)),
    )


def every(seconds: float) -> str:
    """`every 5 minutes`: a period in the largest unit that divides it."""
    size, unit = next(each for each in _UNITS if seconds % each[0] == 0)
    count = int(seconds // size)
    return f"every {unit}" if count == 1 else f"every {count} {unit}s"


def _timer(timer: Timer) -> tuple[str, ...]:
    module = sys.modules[timer.due.__module__]
    hour = getattr(module, "DUE_FROM_HOUR", None)
    period = max(timer.period_seconds, POLL_SECONDS)
    starts = "" if hour is None else f"{hour:02}:00"
    return (code(timer.name), summary(module), every(period), starts)


def _process(process: Process) -> tuple[str, ...]:
    module = sys.modules[process.run.__module__]
    if process.step is not None:
        module = sys.modules[process.step.command.__module__]
    tags = sorted({_TAGS[kind] for kind in _TAGS if issubclass(kind, process.starts_on)})
    return (code(process.name), summary(module), listed(tags))
