"""How long personal data is kept: a dated table of rules, each with its source.

The periods are proposals that the airline confirms with its counsel; a rule is changed by a new
row with a later `since`, and the migration that enforces it names the same number of days.
"""

import datetime as dt
from typing import Literal

import msgspec

Store = Literal[
    "passengers",
    "gift_cards",
    "stripe_event_bodies",
    "parked_stripe_event_bodies",
    "outbox",
    "failed_outbox",
    "idempotency_answers",
    "sessions",
    "mail_files",
    "bounced_letters",
    "key_backups",
]


class RetentionRule(msgspec.Struct, frozen=True):
    """Personal data of this store goes `days` after `counted_from`; None where it has none and
    stays. `enforced_by` is the timer, or who does it.
    """

    store: Store
    since: dt.date
    days: int | None
    counted_from: str
    source: str
    enforced_by: str


_SINCE = dt.date(2026, 11, 1)
# Montreal Convention, article 35: claims end two years after arrival; national law adds to it. Six
# years is the longest period within which passengers may sue for a flight that we sell.
_PASSENGERS = 6 * 366

RULES: tuple[RetentionRule, ...] = (
    RetentionRule(
        "passengers",
        _SINCE,
        _PASSENGERS,
        "the last event of the booking",
        "Saudi PDPL art. 18, GDPR art. 5(1)(e); Montreal Convention art. 35",
        "retain_passengers",
    ),
    RetentionRule(
        "gift_cards",
        _SINCE,
        _PASSENGERS,
        "the end of the card's validity",
        "Saudi PDPL art. 18, GDPR art. 5(1)(e)",
        "retain_passengers",
    ),
    RetentionRule(
        "stripe_event_bodies",
        _SINCE,
        90,
        "arrival",
        "GDPR art. 5(1)(e); Stripe resends for 3 days and lists events for 30",
        "enforce_retention",
    ),
    RetentionRule(
        "parked_stripe_event_bodies",
        _SINCE,
        400,
        "arrival",
        "evidence for a dispute, which a bank may open within 120 days of travel",
        "enforce_retention",
    ),
    RetentionRule("outbox", _SINCE, 30, "sending", "GDPR art. 5(1)(e)", "enforce_retention"),
    RetentionRule("failed_outbox", _SINCE, 90, "failure", "GDPR art. 5(1)(e)", "enforce_retention"),
    RetentionRule(
        "idempotency_answers",
        _SINCE,
        None,
        "they have ids and versions only",
        "GDPR art. 17(3)(b): part of the books",
        "nobody",
    ),
    RetentionRule(
        "sessions", _SINCE, 90, "the end of the session", "GDPR art. 5(1)(e)", "expire_sessions"
    ),
    RetentionRule("mail_files", _SINCE, 30, "sending", "GDPR art. 5(1)(e)", "enforce_retention"),
    RetentionRule(
        "bounced_letters",
        dt.date(2026, 11, 27),
        90,
        "the bounce",
        "GDPR art. 5(1)(e); they have kind and reference, no address",
        "enforce_retention",
    ),
    RetentionRule(
        "key_backups",
        _SINCE,
        30,
        "the backup",
        "GDPR art. 17: an erased key must not come back from a backup",
        "`ais backup prune`",
    ),
)


def period_of(store: Store, *, on: dt.date) -> dt.timedelta | None:
    """Return the period of the rule that is in force on a day; None where nothing goes."""
    in_force = [each for each in RULES if each.store == store and each.since <= on]
    newest = max(in_force, key=lambda each: each.since, default=None)
    if newest is None or newest.days is None:
        return None
    return dt.timedelta(days=newest.days)
