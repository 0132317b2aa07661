"""`ais timers`: what runs by itself, and to have it run now."""

import datetime as dt
import difflib
import sys
from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, Parameter

from application.ports import Unavailable
from infrastructure.postgres import timer_requests
from infrastructure.postgres.timer_requests import NoSchedulerLeads, TimerState
from interfaces.cli import running
from interfaces.worker.scheduler import POLL_SECONDS
from interfaces.worker.timers import description
from interfaces.worker.timers.registry import TIMERS

RUNBOOK = "ops/runbooks/scheduler-missing.md"

timers = App(
    name="timers",
    help="List what runs by itself because time has passed, and have one run now. "
    "Exit codes: 0 done, 1 no scheduler leads, or it or the database does not answer, or a timer "
    "cannot begin now, "
    "2 an unknown timer, a wrong call or setting.",
)
Dsn = Annotated[str, Parameter(name="--dsn", env_var="AIS_DATABASE_URL")]


@timers.command(name="list")
def listed(*, dsn: Dsn) -> int:
    """Print each timer: when it last looked for what is due and looks next, in UTC, how often, and
    what it does. What it does is printed also where no scheduler leads.

    Parameters
    ----------
    dsn
        The database, as a login of any role.
    """
    states: dict[str, TimerState] = {}
    reason = None
    try:
        states = {each.name: each for each in timer_requests.ask(dsn)}
    except (NoSchedulerLeads, Unavailable) as error:
        reason = error
    width = max(len(each.name) for each in TIMERS)
    print(f"{'timer':{width}}  {'last':20}  {'next':20}  {'looks':16}  what it does")
    for timer in TIMERS:
        state = states.get(timer.name)
        last = "-" if state is None or state.begun_at is None else _in_utc(state.begun_at)
        following = "-" if state is None else _in_utc(state.next_at)
        looks = description.every(max(timer.period_seconds, POLL_SECONDS))
        what = description.summary(timer)
        print(f"{timer.name:{width}}  {last:20}  {following:20}  {looks:16}  {what}")
    return 0 if reason is None else _refused(reason)


@timers.command(name="run")
def run(name: str, /, *, dsn: Dsn) -> int:
    """Have a timer look for what is due now, and carry that out, also where it is under way.

    Parameters
    ----------
    name
        The timer, as `ais timers list` prints it.
    dsn
        The database, as a login of any role.
    """
    names = [each.name for each in TIMERS]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
        known = f"; meant is perhaps {', '.join(near)}" if near else "; see ais timers list"
        print(f"ais timers: there is no timer {name}{known}", file=sys.stderr)
        return running.USAGE_EXIT
    try:
        states: Sequence[TimerState] = timer_requests.ask(dsn, name)
    except (NoSchedulerLeads, Unavailable) as error:
        return _refused(error)
    if not states:
        return _refused(Unavailable(f"the scheduler of another release does not know {name}"))
    (state,) = states
    if state.waits:
        print(
            f"ais timers: {name} begins later: in maintenance and on a full disk none does; else "
            "the log of the scheduler says why",
            file=sys.stderr,
        )
        return running.FAILED_EXIT
    tasks = "1 task" if state.tasks == 1 else f"{state.tasks} tasks"
    print(f"{name} has begun: {tasks} due")
    return 0


def _refused(error: Exception) -> int:
    reason = "no scheduler leads" if isinstance(error, NoSchedulerLeads) else str(error)
    print(f"ais timers: {reason}; see {RUNBOOK}", file=sys.stderr)
    return running.FAILED_EXIT


def _in_utc(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
