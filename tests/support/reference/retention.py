"""retention.md: how long personal data is kept, with the source of each period."""

from domain.privacy.retention import RULES
from tests.support.reference.markdown import code, page, table

INTRO = """\
# Retention

Generated from `domain/privacy/retention.py` by `python -m tests.support.reference.pages`; a test
fails when they differ, and another one when a migration enforces other periods.

The periods are proposals: the airline confirms them with its counsel before it sells a ticket.
[Privacy](../explanation/privacy.md#retention) explains what goes and what stays, and how another
period is chosen; `ops/ais retention list` prints those that are in force.
"""


def text() -> str:
    """The page."""
    rows = [
        (
            code(rule.store),
            "stay" if rule.days is None else f"{rule.days} days",
            "-" if rule.least_days is None else f"{rule.least_days} to {rule.most_days} days",
            rule.counted_from,
            rule.since.isoformat(),
            rule.source,
            rule.enforced_by if " " in rule.enforced_by else code(rule.enforced_by),
        )
        for rule in RULES
    ]
    head = (
        *("what", "kept for", "may be chosen", "counted from", "in force since", "source"),
        "enforced by",
    )
    return page(INTRO, table(head, rows))
