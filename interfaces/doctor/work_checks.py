"""Whether work goes on: read models, processes, tasks and webhooks that wait."""

import datetime as dt
from collections.abc import Iterator, Sequence

from application.ports import Unavailable
from domain.modes.modes import ModeOn
from infrastructure.postgres import condition
from infrastructure.postgres.modes import PostgresModes
from infrastructure.postgres.pool import make_pool, raising_unavailable
from infrastructure.postgres.waiting_work import WaitingWork, waiting_work
from interfaces.doctor.finding import Finding, failed, ok, warning
from projections import progress
from projections.progress import Progress
from projections.registry import ALL

OLD_SECONDS = 60.0
LOCK_WAITS = 10
BEHIND_EVENTS = 1_000
CHECKS = "read models, scheduler, tasks, webhooks, modes"


async def work_findings(dsn: str) -> list[Finding]:
    """Return what the tables show; one finding where they cannot be read."""
    pool = make_pool(dsn, max_size=1)
    await pool.open()
    try:
        async with raising_unavailable():
            found = await progress.progress_of_all(pool)
        waiting = await waiting_work(pool)
        modes = await PostgresModes(pool).all()
        leads, behind = condition.read_following(dsn)
    except Unavailable as error:
        advice = "see the other findings about the database first"
        return [failed(CHECKS, f"cannot be read: {type(error).__name__}", advice)]
    finally:
        await pool.close()
    return [
        read_model_finding(found),
        scheduler_finding(leads=leads, behind=behind),
        *waiting_findings(waiting),
        mode_finding(modes),
    ]


def mode_finding(on: Sequence[ModeOn]) -> Finding:
    """Return the modes that are on, with who switched them on and why."""
    if not on:
        return ok("modes", "none is on")
    detail = "; ".join(
        f"{each.mode} since {each.since.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC, "
        f"by {each.actor}: {each.reason}"
        for each in on
    )
    paused = any(each.mode == "payments_paused" for each in on)
    book = "ops/runbooks/stripe-down.md" if paused else "ops/runbooks/maintenance.md"
    return warning("modes", detail, f"ops/ais modes; {book}")


def read_model_finding(found: Sequence[Progress]) -> Finding:
    """Return the read models that are not `up`."""
    states = {each.projection: each.state for each in found}
    wrong = {name: states.get(name, "missing") for name in ALL if states.get(name) != "up"}
    if wrong:
        detail = ", ".join(f"{name} is {state}" for name, state in sorted(wrong.items()))
        advice = "start ops/ais projector or ops/ais serve; ops/runbooks/read-model-stuck.md"
        return failed("read models", detail, advice)
    furthest = max(each.behind for each in found)
    return ok("read models", f"all {len(found)} follow the log, at most {furthest} events behind")


def scheduler_finding(*, leads: bool, behind: int) -> Finding:
    """Return whether a scheduler leads and its processes follow the log."""
    if not leads:
        advice = "start ops/ais scheduler or ops/ais serve; ops/runbooks/scheduler-missing.md"
        return failed("scheduler", "no scheduler leads", advice)
    if behind > BEHIND_EVENTS:
        advice = "ops/runbooks/queue-growing.md"
        return warning("scheduler", f"processes are {behind} events behind the log", advice)
    return ok("scheduler", f"one leads; processes are {behind} events behind the log")


def waiting_findings(found: WaitingWork) -> Iterator[Finding]:
    """Yield tasks and webhooks that wait for too long or were set aside, and lock waits."""
    waiting = f"{found.outbox_waiting} wait, the oldest for {found.outbox_age:.0f} s"
    if found.outbox_failed:
        advice = "ops/runbooks/tasks-given-up.md"
        yield warning("tasks", f"{found.outbox_failed} failed for good; {waiting}", advice)
    elif found.outbox_age > OLD_SECONDS:
        yield warning("tasks", waiting, "ops/runbooks/queue-growing.md")
    else:
        yield ok("tasks", waiting)
    stored = f"{found.inbox_waiting} wait, the oldest for {found.inbox_age:.0f} s"
    if found.inbox_parked or found.inbox_age > OLD_SECONDS:
        detail = f"{found.inbox_parked} are set aside; {stored}"
        yield warning("webhooks", detail, "ops/runbooks/stripe-events.md")
    else:
        yield ok("webhooks", stored)
    if found.lock_waits > LOCK_WAITS:
        detail = f"{found.lock_waits} connections wait for locks"
        yield warning("locks", detail, "ops/runbooks/database-slow.md")
