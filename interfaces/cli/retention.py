"""`ais retention`: how long data is kept, and choosing another period within its bounds."""

import asyncio
import datetime as dt
import difflib
import os
import sys

import psycopg
from cyclopts import App

from application.ports import Unavailable
from domain.privacy import retention as rules
from domain.privacy.retention import RetentionRule
from infrastructure.postgres.pool import make_pool
from infrastructure.privacy import periods
from infrastructure.privacy.periods import ChosenPeriod, PeriodRefused
from interfaces.cli import running

retention = App(
    name="retention",
    help="List how long each store is kept; choose another period within the bounds that law and "
    "evidence set. Exit codes: 0 done, 1 refused or the database does not answer, 2 a wrong call "
    "or setting.",
)


@retention.command(name="list")
def listed() -> int:
    """Print each store with the days that are in force, the bounds, and the reason of a choice."""
    settings = running.configured()
    try:
        found = asyncio.run(_chosen(settings.database_url))
    except Unavailable as error:
        return _refused(str(error))
    today = dt.datetime.now(dt.UTC).date()
    choices = {each.store: each for each in found}
    print(f"{'store':26}  {'kept for':11}  {'bounds':14}  reason")
    for store in dict.fromkeys(each.store for each in rules.RULES):
        rule = rules.rule_of(store, on=today)
        if rule is not None:
            print(_line(rule, choices.get(store)))
    return 0


@retention.command(name="set")
def set_period(store: str, days: int, /, *, reason: str) -> int:
    """Keep a store for another number of days from now on; auditors see who chose it and why.

    Runs as the owner of the schema: AIS_ADMIN_DATABASE_URL, else AIS_DATABASE_URL. What a longer
    period would have kept is gone already; what is older than a shorter one goes within the hour,
    and cannot be had back.

    Parameters
    ----------
    store
        As `ais retention list` prints it.
    days
        Within the bounds of the store.
    reason
        Why, in 10 to 500 characters, without personal data.
    """
    settings = running.configured()
    names = sorted({each.store for each in rules.RULES if each.least_days is not None})
    if store not in names:
        near = difflib.get_close_matches(store, names, n=2, cutoff=0.4) or names
        print(f"ais retention: {store} has no period to set: {', '.join(near)}", file=sys.stderr)
        return running.USAGE_EXIT
    dsn = os.environ.get("AIS_ADMIN_DATABASE_URL") or settings.database_url
    try:
        periods.choose(dsn, store=store, days=days, reason=reason)
    except PeriodRefused as refused:
        return _refused(str(refused))
    except psycopg.Error as error:
        return _refused(f"{type(error).__name__}: {error}")
    print(f"{store} is kept for {days} days")
    return 0


async def _chosen(dsn: str) -> list[ChosenPeriod]:
    async with make_pool(dsn, max_size=1) as pool:
        return await periods.chosen(pool)


def _line(rule: RetentionRule, choice: ChosenPeriod | None) -> str:
    days = rule.days if choice is None else choice.days
    kept = "-" if days is None else f"{days} days"
    bounds = "-" if rule.least_days is None else f"{rule.least_days} to {rule.most_days}"
    why = f"from {rule.counted_from}" if choice is None else f"chosen: {choice.reason}"
    return f"{rule.store:26}  {kept:11}  {bounds:14}  {why}"


def _refused(why: str) -> int:
    print(f"ais retention: {why}", file=sys.stderr)
    return running.FAILED_EXIT
