"""How long personal data is kept: a dated table of rules, each with its source.

The periods are proposals that the airline confirms with its counsel; within the bounds of a rule it
chooses others (`ais retention set`). Law and evidence set the bounds: they change by a new row with
a later `since`, and a migration with the same numbers.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

import msgspec

Store = Literal[
    "passengers",
    "gift_cards",
    "stripe_event_bodies",
    "parked_stripe_event_bodies",
    "outbox",
    "failed_outbox",
    "flight_tasks",
    "idempotency_answers",
    "read_model_generations",
    "sessions",
    "mail_files",
    "bounced_letters",
    "sent_texts",
    "key_backups",
]


class RetentionRule(msgspec.Struct, frozen=True):
    """Data of this store goes `days` after `counted_from`; None where no period ends it.

    `enforced_by` is the timer, or who does it. Another period may be chosen from `least_days` to
    `most_days`; none where they are None.
    """

    store: Store
    since: dt.date
    days: int | None
    counted_from: str
    source: str
    enforced_by: str
    least_days: int | None = None
    most_days: int | None = None


_SINCE = dt.date(2026, 11, 1)
# Years for which tax law keeps invoices are shorter; a longer period needs a reason of its own.
_PASSENGERS_AT_MOST = 3660
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
        least_days=_PASSENGERS,
        most_days=_PASSENGERS_AT_MOST,
    ),
    RetentionRule(
        "gift_cards",
        _SINCE,
        _PASSENGERS,
        "the end of the card's validity",
        "Saudi PDPL art. 18, GDPR art. 5(1)(e)",
        "retain_passengers",
        least_days=_PASSENGERS,
        most_days=_PASSENGERS_AT_MOST,
    ),
    RetentionRule(
        "stripe_event_bodies",
        _SINCE,
        90,
        "arrival",
        "GDPR art. 5(1)(e); Stripe resends for 3 days and lists events for 30",
        "enforce_retention",
        least_days=30,
        most_days=400,
    ),
    RetentionRule(
        "parked_stripe_event_bodies",
        _SINCE,
        400,
        "arrival",
        "evidence for a dispute, which a bank may open within 120 days of travel",
        "enforce_retention",
        least_days=400,
        most_days=800,
    ),
    RetentionRule(
        "outbox",
        _SINCE,
        30,
        "sending",
        "GDPR art. 5(1)(e)",
        "enforce_retention",
        least_days=7,
        most_days=366,
    ),
    RetentionRule(
        "failed_outbox",
        _SINCE,
        90,
        "failure",
        "GDPR art. 5(1)(e)",
        "enforce_retention",
        least_days=30,
        most_days=366,
    ),
    RetentionRule(
        "flight_tasks",
        dt.date(2026, 11, 28),
        400,
        "the end of the follow-up",
        "no personal data; what disruption desks look back on",
        "enforce_retention",
        least_days=90,
        most_days=1098,
    ),
    RetentionRule(
        "idempotency_answers",
        _SINCE,
        None,
        "they have ids and versions only",
        "GDPR art. 17(3)(b): part of the books",
        "nobody",
    ),
    RetentionRule(
        "read_model_generations",
        dt.date(2026, 11, 28),
        None,
        "the one before goes when a rebuilt one is live; the log makes each anew",
        "GDPR art. 5(1)(e): no history of its own",
        "`ais rebuild`",
    ),
    RetentionRule(
        "sessions",
        _SINCE,
        90,
        "the end of the session",
        "GDPR art. 5(1)(e)",
        "expire_sessions",
        least_days=30,
        most_days=366,
    ),
    RetentionRule(
        "mail_files",
        _SINCE,
        30,
        "sending",
        "GDPR art. 5(1)(e)",
        "enforce_retention",
        least_days=7,
        most_days=90,
    ),
    RetentionRule(
        "bounced_letters",
        dt.date(2026, 11, 27),
        90,
        "the bounce",
        "GDPR art. 5(1)(e); they have kind and reference, no address",
        "enforce_retention",
        least_days=30,
        most_days=366,
    ),
    RetentionRule(
        "sent_texts",
        dt.date(2026, 11, 28),
        90,
        "the first try",
        "GDPR art. 5(1)(e); they have kind and reference, no number; copies go as `mail_files`",
        "enforce_retention",
        least_days=30,
        most_days=366,
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


def rule_of(store: Store, *, on: dt.date) -> RetentionRule | None:
    """Return the rule that is in force on a day."""
    in_force = [each for each in RULES if each.store == store and each.since <= on]
    return max(in_force, key=lambda each: each.since, default=None)


def period_of(
    store: Store, *, on: dt.date, chosen: Mapping[str, int] | None = None
) -> dt.timedelta | None:
    """Return the period in force on a day, `chosen` or the rule's; None where nothing goes.

    `chosen` are days by store, as the database has admitted them.
    """
    rule = rule_of(store, on=on)
    if rule is None or rule.days is None:
        return None
    return dt.timedelta(days=(chosen or {}).get(store, rule.days))
