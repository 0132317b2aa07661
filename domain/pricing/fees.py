"""The notice that fees of cancellation and modification are counted by, and their rounding.

Their percentages are policies: `domain.policies.values`. Notice is counted in whole hours between
UTC instants, rounded down. Each coupon has its own notice, that of its own flight, so that
cancelling flight by flight costs what cancelling at once does. Fees are quoted with tax inside.
"""

import datetime as dt

from domain.kernel import money

HOUR = dt.timedelta(hours=1)


def notice_hours(*, departs_at: dt.datetime, now: dt.datetime, least: int | None = None) -> int:
    """Whole hours of notice, negative after departure.

    `least` is the shortest notice at which the coupon was exchanged before: an exchange for a later
    flight gives no longer one.
    """
    hours = (departs_at - now) // HOUR
    return hours if least is None else min(hours, least)


def fee(percent: int, total: int, currency: str) -> int:
    """The fee in minor units, rounded once so that it, and what is left, can be charged."""
    return money.round_to_charge_step(total * percent, 100, currency).amount
