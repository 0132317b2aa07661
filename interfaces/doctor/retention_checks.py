"""Whether what is older than its period goes, and which periods the airline has chosen."""

import datetime as dt
from collections.abc import Mapping, Sequence

from application.ports import Unavailable
from domain.privacy import retention
from domain.privacy.retention import Store
from infrastructure.postgres.pool import make_pool
from infrastructure.privacy import periods
from interfaces.doctor.finding import Finding, failed, ok, warning


async def retention_findings(dsn: str) -> list[Finding]:
    """Return the one finding."""
    today = dt.datetime.now(dt.UTC).date()
    try:
        async with make_pool(dsn, max_size=1) as pool:
            chosen = {each.store: each.days for each in await periods.chosen(pool)}
            behind = await periods.stores_behind(
                pool,
                outbox_days=_days("outbox", chosen, today),
                body_days=_days("stripe_event_bodies", chosen, today),
            )
    except Unavailable as error:
        advice = "see the other findings about the database first"
        return [failed("retention", f"cannot be read: {type(error).__name__}", advice)]
    return [retention_finding(chosen, behind)]


def retention_finding(chosen: Mapping[str, int], behind: Sequence[str]) -> Finding:
    """Return what is in force, and what should have gone."""
    listed = ", ".join(f"{store} {days} days" for store, days in sorted(chosen.items()))
    in_force = f"chosen: {listed}" if chosen else "every period is the usual one"
    if behind:
        detail = f"{', '.join(behind)} has what is older than its period; {in_force}"
        advice = (
            "ops/ais timers run enforce_retention; if that does not help, see the scheduler's log"
        )
        return warning("retention", detail, advice)
    return ok("retention", in_force)


def _days(store: Store, chosen: Mapping[str, int], today: dt.date) -> int:
    period = retention.period_of(store, on=today, chosen=chosen)
    assert period is not None
    return period.days
