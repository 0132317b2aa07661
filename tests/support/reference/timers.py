"""timers.md: what runs by itself: each timer with how often, each process with what starts it."""

import sys

from application.commands import stream_kinds
from application.processes.process import Process
from application.processes.registry import PROCESSES
from interfaces.worker.scheduler import POLL_SECONDS
from interfaces.worker.timers import description
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

`ais timers list` prints these with when each last looked and looks next; `ais timers run NAME` has
one look at once. What is not due yet stays so; what is due is carried out again, also where a task
is under way, which has no second effect. Both ask the scheduler that leads, over PostgreSQL; with
none they end with 1 ([no scheduler](../../ops/runbooks/scheduler-missing.md)).
"""
PROCESSES_INTRO = """\
## Processes

A process answers an event with commands, in the same append or within a second. The timer
`run_processes_again` repeats what did not come to its end.
"""
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


def _timer(timer: Timer) -> tuple[str, ...]:
    period = description.every(max(timer.period_seconds, POLL_SECONDS))
    what = description.summary(timer)
    return (code(timer.name), what, period, description.due_from(timer))


def _process(process: Process) -> tuple[str, ...]:
    module = sys.modules[process.run.__module__]
    if process.step is not None:
        module = sys.modules[process.step.command.__module__]
    tags = sorted({_TAGS[kind] for kind in _TAGS if issubclass(kind, process.starts_on)})
    return (code(process.name), summary(module), listed(tags))
