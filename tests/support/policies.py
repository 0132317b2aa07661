"""Versions of policies that tests publish."""

import datetime as dt

from application.policies.approve_policy import ApprovePolicy
from application.policies.propose_policy import ProposePolicy
from domain.policies.publication import LEAST_LEAD
from domain.policies.scope import EVERYWHERE, Scope
from domain.policies.values import (
    CancellationFees,
    ChangeFees,
    FeeBand,
    PolicyValue,
    name_of,
    stream_of,
)
from tests.support.memory_airline import MemoryAirline

AUTHOR, APPROVER = "user_author", "user_approver"


def cancellation(percent: int, *, after_departure: int = 100) -> CancellationFees:
    """The same share at any notice."""
    return CancellationFees((FeeBand(0, percent),), after_departure)


def change(percent: int) -> ChangeFees:
    """The same share at any notice."""
    return ChangeFees((FeeBand(0, percent),))


def proposal(
    value: PolicyValue, *, scope: Scope = EVERYWHERE, valid_from: dt.datetime | None = None
) -> ProposePolicy:
    """The author proposes a version."""
    stream = stream_of(name_of(value))
    return ProposePolicy(stream, value, AUTHOR, "commercial", scope, valid_from)


def publish(
    airline: MemoryAirline,
    value: PolicyValue,
    *,
    scope: Scope = EVERYWHERE,
    valid_from: dt.datetime | None = None,
) -> int:
    """Publish a version, by two persons where money depends on it. Its number.

    Without a date it is in force afterwards.
    """
    wanted = proposal(value, scope=scope, valid_from=valid_from)
    airline.submit(wanted)
    waiting = airline.log.state(wanted.policy_id).proposal
    if waiting is not None:
        airline.submit(ApprovePolicy(wanted.policy_id, waiting.number, APPROVER))
    if valid_from is None:
        airline.clock.advance(LEAST_LEAD)
    return int(airline.log.state(wanted.policy_id).versions[-1].number)
