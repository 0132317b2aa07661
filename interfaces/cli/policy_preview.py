"""`ais policies preview`: what a version would change for the bookings of a period."""

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from application.policies.ports import PolicyPorts
from application.policies.preview_policy import Period, PolicyPreview, PreviewLine, preview_policy
from domain.kernel.money import Money, display
from interfaces.cli.policy_calls import (
    AsJson,
    Only,
    Wanted,
    in_utc,
    run,
    shown_instant,
    shown_scope,
)

# Progress is printed after so many bookings.
PROGRESS_STEP = 1_000
WORDS = {
    "cancellations": "cancellations",
    "changes": "changes",
    "cancelled_now": "if all were cancelled now",
    "changed_now": "if each flight were changed now",
}


def preview(
    name: str,
    file: Path | None = None,
    /,
    *,
    again: int | None = None,
    only: Only = None,
    since: Annotated[dt.datetime | None, Parameter(name="--from")] = None,
    until: Annotated[dt.datetime | None, Parameter(name="--to")] = None,
    as_json: AsJson = False,
) -> int:
    """Print what a version would change for bookings of a period, as if they were sold now.

    Without a file and --again it is the proposal that waits. Records nothing. Progress goes to
    standard error.

    Parameters
    ----------
    name
        Such as `cancellation_fees`.
    file
        A JSON file with the members of its value, as `show` prints them.
    again
        The number of an earlier version, whose value and scope are meant.
    only
        A field of the scope: market, route, cabin, fare_class or currency, such as route=RUH-JED.
    since
        Bookings made at or after this time of UTC; without it, seven days before the end.
    until
        Bookings made before this time of UTC; without it, until now.
    as_json
        Print it as one JSON document, and an error as one, too.
    """

    async def work(ports: PolicyPorts) -> None:
        wanted = await Wanted(name, file, again, only).read(ports)
        found = await preview_policy(
            ports,
            wanted,
            period=Period(in_utc(since), in_utc(until)),
            limit=None,
            examined=_progress,
        )
        print(msgspec.json.encode(found).decode() if as_json else _text(found))

    return run(work, as_json=as_json)


def _progress(count: int) -> None:
    if count % PROGRESS_STEP == 0:
        print(f"{count:,} bookings examined", file=sys.stderr)


def _text(found: PolicyPreview) -> str:
    period = f"made from {shown_instant(found.since)} to {shown_instant(found.until)}"
    lines = [
        f"{found.policy} for {shown_scope(found.scope)}",
        f"{found.bookings} bookings {period}, {found.in_scope} of them in scope",
        *map(_line, found.lines),
    ]
    if found.unexplained:
        lines.append(f"left out, not explained by stored versions: {found.unexplained}")
    return "\n".join(lines)


def _line(each: PreviewLine) -> str:
    difference = display(Money(each.proposed - each.today, each.currency))
    return (
        f"{WORDS[each.kind]}: {each.count}, {each.differing} of them differ, "
        f"{display(Money(each.today, each.currency))} today, "
        f"{display(Money(each.proposed, each.currency))} proposed, difference {difference}"
    )
